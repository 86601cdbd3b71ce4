import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeConfig, type FakeConfig, problemsOf } from './config-session.test-helper.ts';
import { ConfigSession, isChanged, presentCheck } from './config-session.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** All that is under way, and the pause after typing. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1_000);
}

async function open(text: string): Promise<{ fake: FakeConfig; session: ConfigSession }> {
  const fake = createFakeConfig(text);
  const session = new ConfigSession(fake.bridge);
  await session.refresh();
  await settle();
  return { fake, session };
}

test('the file is shown as it is, and what is wrong with it at once', async () => {
  const { session } = await open('a = wrong\r\n');
  const { file, draft } = session.getState();
  expect(draft).toBe('a = wrong\r\n');
  expect(file?.path).toBe('/home/me/supervisor.toml');
  const check = presentCheck(session.getState());
  expect(check.kind === 'done' && check.problems).toEqual(problemsOf(draft));
});

test('typing is checked after a pause, once', async () => {
  const { fake, session } = await open('a = 1');
  fake.bridge.requests.length = 0;
  for (const text of ['a = 1\n', 'a = 1\nb', 'a = 1\nb = 2']) session.edit(text);
  expect(presentCheck(session.getState()).kind).toBe('none');
  await settle();
  expect(fake.bridge.requests).toEqual([{ type: 'ValidateConfig', text: 'a = 1\nb = 2' }]);
  expect(presentCheck(session.getState()).kind).toBe('done');
});

test('an answer about a text that has gone on since is dropped', async () => {
  const { fake, session } = await open('a = 1');
  fake.holdsChecks = true;
  session.edit('a = wrong');
  await settle();
  session.edit('a = 2');
  await settle();
  const [first, second] = fake.heldChecks;
  second?.();
  await settle();
  first?.();
  await settle();
  const { check } = session.getState();
  expect(check).toMatchObject({ kind: 'done', text: 'a = 2', valid: true });
});

test('what is valid is saved, and there is nothing left to save', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  expect(await session.save()).toBe(true);
  expect(fake.saves).toEqual(['a = 2']);
  expect(isChanged(session.getState())).toBe(false);
  expect(session.getState().applied).not.toBeNull();
  session.edit('a = 3');
  expect(session.getState().applied).toBeNull();
  expect(await session.save()).toBe(true);
  expect(fake.saves).toEqual(['a = 2', 'a = 3']);
});

test('what is not valid is not even sent', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = wrong');
  // Before the pause is over: the save itself asks.
  expect(await session.save()).toBe(false);
  await settle();
  expect(await session.save()).toBe(false);
  expect(fake.bridge.requests.filter(({ type }) => type === 'SaveConfig')).toEqual([]);
  expect(fake.text).toBe('a = 1');
});

test('what is typed while a save is under way is neither written nor lost', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  fake.holdsChecks = true;
  const saving = session.save();
  session.edit('a = 2 # more');
  fake.holdsChecks = false;
  fake.heldChecks[0]?.();
  expect(await saving).toBe(true);
  expect(fake.text).toBe('a = 2');
  expect(session.getState().draft).toBe('a = 2 # more');
  expect(isChanged(session.getState())).toBe(true);
});

test('Cancel brings back what the file says', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  session.discard();
  expect(session.getState().draft).toBe('a = 1');
  expect(fake.saves).toEqual([]);
});

test('a file that changes under an untouched editor is loaded anew, and that is said', async () => {
  const { fake, session } = await open('a = 1');
  fake.text = 'a = 5';
  await session.refresh();
  expect(session.getState()).toMatchObject({ draft: 'a = 5', reloaded: true, disk: null });
});

test('a file that changes under a changed editor waits for a decision, and cannot be overwritten', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  fake.text = 'a = 5';
  await session.refresh();
  expect(session.getState()).toMatchObject({ draft: 'a = 2', disk: { text: 'a = 5' } });
  expect(await session.save()).toBe(false);
  expect(fake.text).toBe('a = 5');

  session.loadFromDisk();
  expect(session.getState()).toMatchObject({ draft: 'a = 5', disk: null });
});

test('a conflict that only the save finds is shown the same way; "Keep mine" then writes', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  fake.text = 'a = 5';
  expect(await session.save()).toBe(false);
  expect(fake.text).toBe('a = 5');
  expect(session.getState()).toMatchObject({ disk: { text: 'a = 5' }, saveError: null });

  session.keepDraft();
  expect(session.getState()).toMatchObject({ draft: 'a = 2', disk: null, file: { text: 'a = 5' } });
  expect(await session.save()).toBe(true);
  expect(fake.text).toBe('a = 2');
});

test('our own save is no change by somebody else', async () => {
  const { session } = await open('a = 1');
  session.edit('a = 2');
  await session.save();
  await session.refresh();
  expect(session.getState()).toMatchObject({ disk: null, reloaded: false });
});

test.each(['before the save', 'during the save'])(
  'what was read %s does not bring the old text back after it',
  async (when) => {
    const { fake, session } = await open('a = 1');
    session.edit('a = 2');
    await settle();
    fake.holdsReads = true;
    fake.holdsChecks = true;
    const early = when === 'before the save' ? session.refresh() : null;
    const saving = session.save();
    const late = early ?? session.refresh();
    fake.holdsChecks = false;
    fake.heldChecks[0]?.();
    expect(await saving).toBe(true);
    fake.holdsReads = false;
    for (const read of fake.heldReads) read();
    await late;
    await settle();
    expect(session.getState()).toMatchObject({ draft: 'a = 2', disk: null, reloaded: false });
    expect(session.getState().applied).not.toBeNull();
  },
);

test('without a file the editor opens empty, and the first save makes one', async () => {
  const { fake, session } = await open('');
  expect(session.getState().file?.hash).toBe('');
  session.edit('a = 1');
  expect(await session.save()).toBe(true);
  expect(fake.text).toBe('a = 1');
});

test('a save that is refused says why and keeps the draft', async () => {
  const { fake, session } = await open('a = 1');
  session.edit('a = 2');
  await settle();
  fake.holdsChecks = true;
  const saving = session.save();
  await settle();
  fake.holdsChecks = false;
  fake.heldChecks[0]?.();
  fake.bridge.call = async () =>
    ({ ok: false, data: null, code: 'internal', error: 'The disk is full.' }) as never;
  expect(await saving).toBe(false);
  expect(session.getState()).toMatchObject({
    draft: 'a = 2',
    saveError: 'The disk is full.',
    saving: false,
  });
});

test('a supervisor that does not answer is told, and asked again later', async () => {
  const fake = createFakeConfig('a = 1');
  fake.refusal = { code: 'internal', error: 'Not now.' };
  const session = new ConfigSession(fake.bridge);
  await session.refresh();
  expect(session.getState()).toMatchObject({ file: null, loadError: 'Not now.' });
  fake.refusal = null;
  await session.refresh();
  expect(session.getState()).toMatchObject({ draft: 'a = 1', loadError: null });
});
