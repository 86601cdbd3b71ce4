/**
 * A project in a temporary folder for the launcher's tests: the real scripts, with stand-ins for npm, vite
 * and Electron that note each call. What stands in for the supervisor is plain JavaScript in main/headless.ts.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';

const lockFile = JSON.stringify({
  packages: {
    '': { name: 'fake' },
    'node_modules/vite': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/for-windows': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
});

const installedLock = JSON.stringify({
  packages: { 'node_modules/vite': { version: '1.0.0', integrity: 'sha512-a' } },
});

const npm = `
const { appendFileSync, cpSync, existsSync, readFileSync, rmSync } = require('node:fs');
appendFileSync('calls', 'npm ' + process.argv.slice(2).join(' ') + '\\n');
if (existsSync('npm-fails')) { console.error(readFileSync('npm-fails', 'utf8')); process.exit(1); }
rmSync('node_modules', { recursive: true, force: true });
cpSync('registry', 'node_modules', { recursive: true, verbatimSymlinks: true });
`;

const vite = `
const { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
appendFileSync('calls', 'vite ' + process.argv.slice(2).join(' ') + '\\n');
if (existsSync('vite-fails')) { console.error(readFileSync('vite-fails', 'utf8')); process.exit(1); }
for (const folder of ['main', 'preload', 'renderer', 'cli', 'client', 'servers/dashboard-page']) mkdirSync('out/' + folder, { recursive: true });
cpSync('main/headless.ts', 'out/main/headless.js');
for (const file of ['main/index.js', 'preload/index.cjs', 'renderer/index.html', 'servers/memory.js', 'cli/pm-supervisor.js', 'client/supervisor-client.js', 'servers/dashboard-page/index.html']) writeFileSync('out/' + file, '');
`;

const says = "console.log('supervisor ' + JSON.stringify(process.argv.slice(2)));";

/** A running launcher. */
export interface Started {
  readonly process: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
}

export class FakeProject implements AsyncDisposable {
  readonly root: string;
  readonly #started: ChildProcessWithoutNullStreams[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  /** Nothing is installed or built in it yet. */
  static async make(): Promise<FakeProject> {
    const project = new FakeProject(await mkdtemp(join(tmpdir(), 'pm-launcher-test-')));
    await cp(import.meta.dirname, join(project.root, 'scripts'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    // The one file beside them that they need before anything is built.
    const shared = join('shared', 'node-arguments.mjs');
    await cp(join(import.meta.dirname, '..', shared), join(project.root, shared));
    await project.write('package-lock.json', lockFile);
    await project.write('package.json', '{"type":"module"}');
    await project.write('main/headless.ts', says);
    await project.write('bin/package.json', '{"type":"commonjs"}');
    await project.program('bin/npm', npm);
    await project.write('registry/.package-lock.json', installedLock);
    await project.write('registry/vite/package.json', '{"bin":{"vite":"bin/vite.cjs"}}');
    await project.write('registry/vite/bin/vite.cjs', vite);
    await project.write('registry/electron/package.json', '{"type":"commonjs"}');
    await mkdir(join(project.root, 'registry/node/bin'), { recursive: true });
    await symlink(process.execPath, join(project.root, 'registry/node/bin/node'));
    return project;
  }

  /** As after a first start of `template`, whose calls are not told: only what stands in is started. */
  static async like(template: FakeProject): Promise<FakeProject> {
    const project = new FakeProject(await mkdtemp(join(tmpdir(), 'pm-launcher-test-')));
    await cp(template.root, project.root, { recursive: true, verbatimSymlinks: true });
    await rm(join(project.root, 'calls'), { force: true });
    return project;
  }

  /** What stands in for the supervisor, where it has been built. */
  async built(code: string): Promise<void> {
    await this.write('out/main/headless.js', code);
  }

  async write(name: string, content: string): Promise<void> {
    const file = join(this.root, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** A program that runs `code` (CommonJS) in Node. */
  async program(name: string, code: string): Promise<void> {
    await this.write(name, `#!${process.execPath}\n${code}`);
    await chmod(join(this.root, name), 0o755);
  }

  /** What runs in place of Electron, where everything is installed. */
  async electron(code: string): Promise<void> {
    await this.program('node_modules/electron/dist/electron', code);
    await this.write('node_modules/electron/path.txt', 'electron');
  }

  /** The calls of npm and vite so far. */
  async calls(): Promise<readonly string[]> {
    const file = join(this.root, 'calls');
    return existsSync(file) ? (await readFile(file, 'utf8')).trim().split('\n') : [];
  }

  /** An environment in which `npm` is the stand-in and nothing of the test's own npm is seen. */
  env(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const path = `${join(this.root, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
    return { PATH: path, HOME: this.root, TMPDIR: this.root, ...extra };
  }

  /** Runs `npm start -- args` as npm would, in a process group of its own. */
  start(args: readonly string[] = [], extra: NodeJS.ProcessEnv = {}): Started {
    return this.script('start.mjs', args, extra);
  }

  /** Runs one of the scripts, in a process group of its own. */
  script(name: string, args: readonly string[] = [], extra: NodeJS.ProcessEnv = {}): Started {
    const child = spawn(process.execPath, [join(this.root, 'scripts', name), ...args], {
      cwd: this.root,
      env: this.env(extra),
      detached: true,
    });
    this.#started.push(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const exit = once(child, 'close').then(([code, signal]) => code ?? signal);
    return { process: child, stdout: () => stdout, stderr: () => stderr, exit };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'close');
        child.kill('SIGKILL'); // Its supervisor follows by the lifeline.
        await gone;
      }
    }
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until the text has been printed. */
export async function said(read: () => string, text: string): Promise<void> {
  await vi.waitFor(
    () => {
      if (!read().includes(text)) throw new Error(`"${text}" was not said, but: ${read()}`);
    },
    { timeout: 10_000, interval: 20 },
  );
}
