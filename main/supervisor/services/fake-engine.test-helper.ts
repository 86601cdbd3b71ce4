/**
 * For tests: a container engine that is a script on PATH. It writes down what it is asked, and runs a
 * small HTTP server of its own in place of the image; a "container" is that process, known by a file with
 * its pid and labels. Like a real one it is no child of `run`: killing `run` leaves it there.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** `image` decides how the server behaves: `deaf` ignores SIGTERM, `stuck` cannot be stopped,
 * `broken` ends at once. */
const script = `#!${process.execPath}
const { spawn } = require('node:child_process');
const { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const folder = process.env.FAKE_ENGINE_FOLDER;
const args = process.argv.slice(2);
appendFileSync(join(folder, 'asked.jsonl'), JSON.stringify({ args, env: process.env.MCP_MODE ?? null }) + '\\n');
const file = (name) => join(folder, 'containers', name);
const read = (name) => JSON.parse(readFileSync(file(name), 'utf8'));
const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
const end = (name, signal) => { try { process.kill(read(name).pid, signal); } catch {} };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const values = (flag) => args.filter((_arg, index) => args[index - 1] === flag);
const last = args.at(-1);

const server = \`
process.title = 'fake-container';
const [port, image] = process.argv.slice(1);
if (image === 'deaf') process.on('SIGTERM', () => {});
const server = require('node:http').createServer((request, response) => response.end(request.url));
process.stdin.on('data', () => server.listen(Number(port), '127.0.0.1')).on('error', () => {});
\`;

async function main() {
  if (args[0] === 'run') {
    const [name] = values('--name');
    const image = ['plain', 'deaf', 'stuck', 'broken'].find((each) => args.includes(each));
    if (existsSync(file(name))) { console.error('the name ' + name + ' is in use'); process.exit(125); }
    if (image === 'broken') { console.error('Error: no such image'); process.exit(125); }
    const port = values('--publish')[0].split(':')[1];
    const child = spawn(process.execPath, ['-e', server, port, image], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
    writeFileSync(file(name), JSON.stringify({ pid: child.pid, image, labels: values('--label') }));
    // Nobody may reach a container that is not yet known.
    child.stdin.end('go');
    process.on('SIGTERM', () => {});
    child.on('exit', (code) => { rmSync(file(name), { force: true }); process.exit(code ?? 137); });
    return;
  }
  if (args[0] === 'ps') {
    const wanted = values('--filter')[0].replace('label=', '');
    for (const name of readdirSync(join(folder, 'containers'))) {
      if (read(name).labels.includes(wanted)) console.log(name);
    }
    return;
  }
  if (args[0] === 'stop') {
    if (!existsSync(file(last))) process.exit(1);
    const { pid, image } = read(last);
    if (image === 'stuck') { console.error('the daemon is busy'); process.exit(1); }
    end(last, 'SIGTERM');
    const deadline = Date.now() + Number(values('--time')[0]) * 1000;
    while (alive(pid) && Date.now() < deadline) await sleep(20);
    end(last, 'SIGKILL');
    return;
  }
  if (args[0] === 'rm') {
    for (const name of args.slice(2).filter((each) => existsSync(file(each)))) {
      end(name, 'SIGKILL');
      rmSync(file(name), { force: true });
    }
    return;
  }
  if (args[0] === 'container') process.exit(existsSync(file(last)) ? 0 : 1);
  process.exit(2);
}
void main();
`;

export interface Asked {
  readonly args: readonly string[];
  /** What the engine found in its environment as MCP_MODE. */
  readonly env: string | null;
}

export class FakeEngine implements AsyncDisposable {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    const path = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
    this.env = { ...process.env, PATH: path, FAKE_ENGINE_FOLDER: folder };
  }

  static async create(): Promise<FakeEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'pm-engine-'));
    await mkdir(join(folder, 'containers'));
    await mkdir(join(folder, 'bin'));
    for (const name of ['podman', 'docker']) {
      await writeFile(join(folder, 'bin', name), script);
      await chmod(join(folder, 'bin', name), 0o755);
    }
    return new FakeEngine(folder);
  }

  async asked(): Promise<readonly Asked[]> {
    const text = await readFile(join(this.folder, 'asked.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Asked);
  }

  /** The names of the containers that there are. */
  async containers(): Promise<readonly string[]> {
    return await readdir(join(this.folder, 'containers'));
  }

  async pidOf(container: string): Promise<number> {
    const text = await readFile(join(this.folder, 'containers', container), 'utf8');
    return (JSON.parse(text) as { readonly pid: number }).pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of await this.containers()) {
      const pid = await this.pidOf(name).catch(() => 0);
      try {
        if (pid > 0) process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
