/** The tarball of `npm pack`, installed as a user does it, but offline and in a home of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Place } from '../test/harness.ts';
import { until } from '../test/until.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

/** npm, a supervisor and its servers, on a machine that has other things to do. */
const timeout = 60_000;

/** As people have it on PATH; npm's own global folder looks otherwise on Windows. */
describe.skipIf(process.platform === 'win32')('the npm package', { timeout }, () => {
  let folder: string;
  let installed: string;
  let program: string;
  let packed: readonly string[];
  /** Its `node` is the one that runs the tests. */
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pm-npm-'));
    const prefix = join(folder, 'prefix');
    const home = join(folder, 'home');
    await mkdir(home);
    const npm = async (...args: readonly string[]) => {
      const env = { PATH: path, HOME: home, npm_config_update_notifier: 'false' };
      return (await run('npm', [...args, '--ignore-scripts'], { cwd: root, env, timeout })).stdout;
    };
    // The build has been made by whoever runs the tests.
    const report: unknown = JSON.parse(await npm('pack', '--json', '--pack-destination', folder));
    const { filename, files } = tarballOf(report);
    packed = files.map((file) => file.path);
    const tarball = join(folder, filename);
    // Without the optional packages, as where the registry has none for the system.
    await npm('install', '--global', '--prefix', prefix, '--offline', '--omit=optional', tarball);
    installed = join(prefix, 'lib/node_modules/project-memory-supervisor');
    program = join(prefix, 'bin/pm-supervisor');
  }, timeout);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('it holds what runs, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'cli/pm-supervisor.mjs',
        'out/cli/pm-supervisor.js',
        'out/cli/licences.md',
        'out/client/supervisor-client.js',
        'out/main/headless.js',
        'out/main/journal-thread.js',
        'out/main/licences.md',
        'out/renderer/index.html',
        'out/renderer/licences.md',
        'out/servers/dashboard-page/index.html',
        'out/servers/dashboard.js',
        'out/servers/licences.md',
        'out/servers/memory.js',
        'out/servers/stdio-bridge.js',
        'package.json',
      ]),
    );
    const allowed =
      /^(LICENSE|README\.md|package\.json|cli\/pm-supervisor\.mjs|out\/\w.*\.(js|html|css|svg)|out\/\w[\w/-]*\/licences\.md)$/;
    expect(packed.filter((file) => !allowed.test(file))).toEqual([]);
    expect(packed.filter((file) => /\.test\.|\.map$/.test(file))).toEqual([]);
  });

  test('no folder of the machine that built it is named in it', async () => {
    for (const file of packed) {
      const text = await readFile(join(installed, file), 'latin1');
      // Short ones ("/root") are words of other things, too.
      for (const own of [root, homedir()].filter((each) => each.length > 5)) {
        expect(text.includes(own), `${own} in ${file}`).toBe(false);
      }
    }
  });

  test('nothing else is installed along with it', async () => {
    expect(await readdir(join(installed, '..'))).toEqual(['project-memory-supervisor']);
    expect(await readdir(installed)).not.toContain('node_modules');
  });

  test('a Node that is too old is told in one sentence, with the one that is needed', async () => {
    await using place = await Place.create();
    const under = async (version: string, ...args: readonly string[]) => {
      const pretended = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
      const argv = ['--import', `data:text/javascript,${pretended}`, program, ...args];
      const ended = run(process.execPath, argv, { env: place.env, timeout });
      return await ended.then(
        () => '',
        ({ stderr }: { readonly stderr: string }) => stderr.trim(),
      );
    };
    expect(await under('18.20.0', '--version')).toBe(
      'pm-supervisor needs Node 20 or newer, and Node 24 to run the supervisor itself; this is 18.20.0.',
    );
    expect(await under('22.1.0', '--version')).toBe('');
    expect(await under('22.1.0', 'run', '--config', place.configPath)).toMatch(
      /^pm-supervisor: The supervisor needs Node 24 or newer; this is 22\.1\.0\. Install it from https:\S+ and try again with it\.$/,
    );
  });

  test('`pm-supervisor run` serves MCP, page and dashboard, answers the other commands, and ends with SIGTERM', async () => {
    await using place = await Place.create();
    const env = { ...place.env, PATH: path };
    const config = ['--config', place.configPath];
    const child = spawn(program, ['run', ...config], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const printed = outputOf(child);
    const { ports, token } = await until(
      async () => {
        const found = await place.ports();
        const token = /token=(\S+)/.exec(printed.text)?.[1];
        return found && token ? { ports: found, token } : null;
      },
      { what: 'the supervisor', timeoutMs: timeout / 2, instead: () => printed.text },
    );

    const services = await until(
      async () => {
        const { stdout } = await run(program, ['status', '--json', ...config], { env });
        const snapshot = JSON.parse(stdout) as { services: { name: string; state: string }[] };
        const ready = snapshot.services.filter(({ state }) => state === 'ready');
        return ready.some(({ name }) => name === 'dashboard') ? ready : null;
      },
      { what: 'the dashboard', timeoutMs: timeout / 2, instead: () => printed.text },
    );
    expect(services.map(({ name }) => name)).toEqual(expect.arrayContaining(['mcp', 'dashboard']));

    const page = await fetch(ports.page_url ?? '', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await page.text()).toContain('<title>Project Memory Supervisor');
    const answer = await fetch(`http://127.0.0.1:${ports.services['mcp_proxy']}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(initialize),
    });
    expect(await answer.text()).toContain('"serverInfo"');

    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    expect(await ended, printed.text).toBe(0);
    expect(place.survivors()).toEqual([]);
  });
});

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'npm-pack', version: '1' },
  },
};

interface Tarball {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** npm 12 names each package in an object, earlier ones list them. */
function tarballOf(report: unknown): Tarball {
  const [only] = Object.values(report as Readonly<Record<string, Tarball>>);
  if (only === undefined) throw new Error('npm packed nothing');
  return only;
}

function outputOf(child: ChildProcess): { text: string } {
  const printed = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed.text += text;
    });
  }
  return printed;
}
