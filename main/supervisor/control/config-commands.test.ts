import { expect, test } from 'vitest';
import { hashOf } from '../config/content-hash.ts';
import { freshCommands } from './commands.test-helper.ts';

const rig = freshCommands();
const { dispatch: ask } = rig;

test('the file is told with its hash, and saved by it', async () => {
  const { text } = rig.target.config;
  const reply = await ask({ type: 'GetConfig' });
  expect(reply).toMatchObject({ ok: true, data: { text, hash: hashOf(text), running: 'file' } });
  const next = '# new\n';
  const save = { type: 'SaveConfig', text: next, base_hash: hashOf(text) };
  expect(await ask(save)).toMatchObject({ ok: true, data: { hash: hashOf(next) } });
  expect(await ask(save)).toMatchObject({ ok: false, code: 'config_conflict', data: null });
  expect(await ask({ type: 'ReloadConfig' })).toMatchObject({ ok: true });
});

test('a refusal carries every problem, so that an editor can show them', async () => {
  const text = '[mcp]\nport = "x"\n[events]\nbuffer_size = 1\n';
  const save = { type: 'SaveConfig', text, base_hash: hashOf(rig.target.config.text) };
  const problems = [
    expect.objectContaining({ line: 2, column: 8, severity: 'error' }),
    expect.objectContaining({ line: 4, column: 15, severity: 'error' }),
  ];
  expect(await ask(save)).toEqual({
    ok: false,
    code: 'config_invalid',
    error: expect.stringMatching(/^Line 2: mcp\.port: .* \(and 1 more\)\. Nothing was changed\.$/),
    data: { problems },
  });
  expect(await ask({ type: 'ValidateConfig', text })).toMatchObject({
    ok: true,
    data: { valid: false, problems },
  });
  rig.target.config.text = text;
  expect(await ask({ type: 'ReloadConfig' })).toMatchObject({
    code: 'config_invalid',
    data: { problems },
  });
});

test('versions, one version, and the schema for editors', async () => {
  expect(await ask({ type: 'ConfigHistory' })).toMatchObject({
    data: { versions: [{ id: 'one' }] },
  });
  expect(await ask({ type: 'ConfigVersion', id: 'one' })).toMatchObject({
    data: { id: 'one', text: rig.target.config.text },
  });
  expect(await ask({ type: 'ConfigVersion', id: 'x' })).toMatchObject({ code: 'not_found' });
  expect(await ask({ type: 'ConfigSchema' })).toMatchObject({
    data: { schema: { type: 'object', properties: { mcp: { type: 'object' } } } },
  });
  expect(await ask({ type: 'SaveConfig', text: 5 })).toMatchObject({ code: 'bad_request' });
});
