/** Form apps as real processes: one line in, one out, and none that stays behind. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FormApps } from './forms/form-apps.ts';
import type { StartForm } from './forms/form-process.ts';
import { processesWithCookie } from './services/cookie.ts';
import { ProcessHost } from './services/process-host.ts';

const silent = pino({ level: 'silent' });

let folder: string;
let family: string;
let host: ProcessHost;
let apps: FormApps;

/** An app that does what each line tells it. */
const program = `
  const { createInterface } = require('node:readline');
  process.stdout.write('Qt: a hint that is no answer\\n');
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { say, part, exit, child } = JSON.parse(line);
    if (child) require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
    if (part) process.stdout.write(part);
    if (say) process.stdout.write(JSON.stringify({ ...say, pid: process.pid }) + '\\n');
    if (exit !== undefined) { process.stderr.write('cannot open display\\n'); process.exit(exit); }
  });
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-forms-'));
  const file = join(folder, 'app.cjs');
  await writeFile(file, program);
  family = `form${randomUUID().slice(0, 8)}`;
  host = new ProcessHost(family, 'run', silent);
  const start: StartForm = (app, onLine) =>
    host.launch(
      {
        command: app === 'missing' ? join(folder, 'nothing') : process.execPath,
        args: [file],
        workingDir: folder,
        env: process.env,
      },
      onLine,
      'pipe',
    );
  apps = new FormApps({
    apps: () => ['ask', 'other', 'missing'].map((name) => ({ name, timeoutMs: 15_000 })),
    start,
    logger: silent,
  });
});

afterEach(async () => {
  await apps.close();
  host.close();
  await rm(folder, { recursive: true, force: true });
});

const nothingIsLeft = () =>
  expect.poll(() => processesWithCookie(family), { timeout: 10_000 }).toEqual([]);

test('an app gets the question as one line and its answer comes back; then it ends', async () => {
  const answer = await apps.launch('Ask', { say: { status: 'submitted', text: 'ja\n' } }, null);
  expect(answer).toEqual({
    app_name: 'ask',
    success: true,
    response_payload: { status: 'submitted', text: 'ja\n', pid: expect.any(Number) },
    elapsed_ms: expect.any(Number),
    timed_out: false,
    pending_refinement: false,
  });
  await nothingIsLeft();
});

test('an app that asks for a refinement stays, and gets the next line in the same process', async () => {
  const first = await apps.launch('ask', { say: { status: 'refinement_requested' } }, null);
  expect(first).toMatchObject({ success: true, pending_refinement: true });
  const { session_id = '' } = first;
  const second = await apps.continue(session_id, { say: { status: 'submitted' } }, null);
  expect(second).toMatchObject({ success: true, pending_refinement: false });
  const pidOf = (payload: unknown) => (payload as { pid: number }).pid;
  expect(pidOf(second.response_payload)).toBe(pidOf(first.response_payload));
  await expect(apps.continue(session_id, {}, null)).rejects.toMatchObject({
    code: 'session_not_found',
  });
});

test('an app that takes too long is ended with all it started', async () => {
  const answer = await apps.launch('ask', { child: true }, 1_500);
  expect(answer).toMatchObject({ success: false, timed_out: true, pending_refinement: false });
  expect(answer.error).toMatch(/1\.5 seconds/);
  await nothingIsLeft();
});

test('an app that ends without an answer is told of, with its last words', async () => {
  const answer = await apps.launch('ask', { exit: 3 }, null);
  expect(answer).toMatchObject({ success: false, timed_out: false });
  expect(answer.error).toMatch(/exit code 3.*cannot open display/);
});

test('an app whose program is missing is told of, with the cure', async () => {
  const answer = await apps.launch('missing', {}, null);
  expect(answer.error).toMatch(/cannot be started.*supervisor\.toml/);
});

test('of an app there is one at a time; another app is open beside it', async () => {
  const first = await apps.launch('ask', { say: { status: 'refinement_requested' } }, null);
  await expect(apps.launch('ask', {}, null)).rejects.toMatchObject({ code: 'at_capacity' });
  expect(await apps.launch('other', { say: {} }, null)).toMatchObject({ success: true });
  await apps.continue(first.session_id ?? '', { say: {} }, null);
  await expect
    .poll(() => apps.launch('ask', { say: {} }, null).catch(() => null), { timeout: 10_000 })
    .toMatchObject({ success: true });
});

test('a long answer comes back whole, and one that is too long is refused', async () => {
  const text = 'é'.repeat(100_000);
  const answer = await apps.launch('ask', { say: { text } }, null);
  expect(answer.response_payload).toMatchObject({ text });
  const endless = await apps.launch('other', { part: 'x'.repeat(1_100_000), say: {} }, null);
  expect(endless).toMatchObject({ success: false, timed_out: false });
  expect(endless.error).toMatch(/longer than/);
});

test('an app that nobody configured is refused with the known ones', async () => {
  await expect(apps.launch('nobody', {}, null)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('ask, other'),
  });
});

test('closing ends what is open', async () => {
  await apps.launch('ask', { say: { status: 'continue_requested' }, child: true }, null);
  await apps.close();
  await nothingIsLeft();
});
