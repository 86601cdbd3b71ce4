import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { humanLine } from './logger.ts';

const hasModes = process.platform !== 'win32';
const noon = Date.parse('2026-01-01T12:00:00.123Z');

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-log-'));
  file = join(folder, 'logs', 'supervisor.log');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a program that logs; `logger` is there, and `turn()` lets the event loop go round. */
async function run(script: string, logFile = file, level = 'info') {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('logger.ts', import.meta.url))};
    const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
    const logger = createLogger(${JSON.stringify(level)}, ${JSON.stringify(logFile)});
    ${script}`;
  const flags = ['--expose-gc', '--input-type=module'];
  const child = spawn(process.execPath, [...flags, '-e', program], { timeout: 10_000 });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code: code as number | null };
}

async function logged(path = file): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function lineOf(fields: object): string {
  return humanLine(JSON.stringify({ level: 30, time: noon, pid: 1, msg: 'opened', ...fields }));
}

test('people read the time, the level, the message, and fields that are quoted where they must be', () => {
  expect(lineOf({})).toBe('12:00:00.123 INFO  opened\n');
  expect(lineOf({ level: 50, msg: 'lost' })).toBe('12:00:00.123 ERROR lost\n');
  expect(lineOf({ instance: 'mcp:1', client: 'Claude Code', calls: 3, who: { a: 1 } })).toBe(
    '12:00:00.123 INFO  opened  instance=mcp:1 client="Claude Code" calls=3 who={"a":1}\n',
  );
  expect(lineOf({ err: { message: 'no room', stack: 'at …' } })).toBe(
    '12:00:00.123 INFO  opened  error="no room"\n',
  );
});

test('no client can steer the terminal or fake a line by what it is called', () => {
  const fields = { msg: 'a\nb', client: '\u001b[2J', empty: '', fake: 'x" level="FATAL' };
  const line = lineOf({ ...fields, err: { message: 'c\u009bd' } });
  expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(line).toContain('client="\\u001b[2J" empty="" fake="x\\" level=\\"FATAL"');
});

test('standard error gets lines for people, the file the same as JSON, for the user only', async () => {
  const { stderr, code } = await run(`logger.info({ instance: 'mcp:1' }, 'opened');
    logger.debug('not wanted');
    logger.error({ err: new Error('boom') }, 'failed');`);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}opened {2}instance=mcp:1\n[^\n]* ERROR failed {2}error="boom"\n$/,
  );
  const [opened, failed, ...more] = await logged();
  expect(opened).toMatchObject({
    level: 30,
    instance: 'mcp:1',
    msg: 'opened',
    pid: expect.any(Number),
  });
  expect(failed).toMatchObject({
    err: { message: 'boom', stack: expect.stringContaining('Error: boom') },
  });
  expect(more).toEqual([]);
  if (!hasModes) return;
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'logs'))).mode & 0o777).toBe(0o700);
});

test('secrets reach neither, wherever they sit', async () => {
  const { stderr } = await run(`
    logger.info({ token: 's3cret', a: { b: { c: { api_key: 's3cret' } } } }, 'one');
    logger.info({ headers: { authorization: 'Bearer s3cret' }, url: '/?token=s3cret' }, 'two');
    logger.error({ err: Object.assign(new Error('at /?token=s3cret'), { config: { secret: 's3cret' } }) });
    logger.child({ secret: 's3cret' }).warn('three');`);
  expect(stderr).toContain('three');
  expect(stderr + (await readFile(file, 'utf8'))).not.toContain('s3cret');
});

test('the level decides what is said; later runs write on', async () => {
  await run("logger.debug('said'); logger.trace('not said');", file, 'debug');
  await run("logger.info('not said'); logger.warn('said too');", file, 'warn');
  expect((await logged()).map(({ msg }) => msg)).toEqual(['said', 'said too']);
});

test('a log over five megabytes is set aside at the next start, a smaller one is not', async () => {
  await mkdir(join(folder, 'logs'));
  const limit = 5 * 1024 * 1024;
  const [full, fuller] = [`${'x'.repeat(limit - 1)}\n`, `${'y'.repeat(limit)}\n`];
  await writeFile(file, full);
  await run("logger.info('after');");
  expect((await stat(file)).size).toBeGreaterThan(limit);
  await run("logger.info('in a new file');");
  expect((await logged()).map(({ msg }) => msg)).toEqual(['in a new file']);
  expect(await readFile(`${file}.1`, 'utf8')).toMatch(/^x+\n\{.*"after"/);
  await writeFile(file, fuller);
  await run("logger.info('newer');");
  expect(await readFile(`${file}.1`, 'utf8')).toBe(fuller);
});

test.runIf(hasModes)('a log of before that others could read, they cannot read on', async () => {
  await mkdir(join(folder, 'logs'));
  await writeFile(file, '');
  await chmod(file, 0o644);
  await run("logger.info('private');");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

const twoLines =
  "logger.info('one'); await turn(); logger.info('two'); await turn(); console.log('alive');";

test('a folder that cannot be made, or a file that cannot be opened, costs the file and nothing else', async () => {
  await writeFile(join(folder, 'file'), '');
  for (const unusable of [join(folder, 'file', 'logs', 'supervisor.log'), folder]) {
    const { stdout, stderr, code } = await run(twoLines, unusable);
    expect([stdout, code], unusable).toEqual(['alive\n', 0]);
    expect(stderr).toMatch(/^The log file cannot be written: .*\n[^\n]*one\n[^\n]*two\n$/);
  }
});

test.runIf(process.platform === 'linux')(
  'a full disk is told once, costs no line on standard error, and does not hold up the end',
  async () => {
    const script = `${twoLines} process.exit(0);`;
    const { stdout, stderr, code } = await run(script, '/dev/full');
    expect([stdout, code]).toEqual(['alive\n', 0]);
    expect(stderr.match(/cannot be written: ENOSPC/g)).toHaveLength(1);
    const lines = stderr.split('\n').filter((line) => /INFO {2}(one|two)/.test(line));
    expect(lines).toHaveLength(2);
    expect((await stat('/dev/full')).mode & 0o666).toBe(0o666);
  },
);

test.runIf(process.platform === 'linux')(
  'what waits for room on a full disk is bounded',
  async () => {
    const { stdout } = await run(
      `const before = process.memoryUsage().heapUsed;
      for (let line = 0; line < 2_000; line += 1) {
        logger.info('x'.repeat(20_000));
        if (line % 100 === 0) await turn();
      }
      await turn();
      gc();
      console.log(process.memoryUsage().heapUsed - before);
      logger.info('the logger is still in use');`,
      '/dev/full',
    );
    expect(Number(stdout)).toBeLessThan(15_000_000);
  },
);

test('the last line before a sudden end is in the file', async () => {
  await run("logger.fatal('the end'); process.kill(process.pid, 'SIGKILL');");
  expect((await logged()).map(({ msg }) => msg)).toEqual(['the end']);
});
