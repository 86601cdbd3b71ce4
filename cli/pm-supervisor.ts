/** The command line of the supervisor. */
import { setMaxListeners } from 'node:events';
import packageJson from '../package.json' with { type: 'json' };
import { run } from './run.ts';

const ended = new AbortController();
setMaxListeners(0, ended.signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time somebody means it.
    if (ended.signal.aborted) process.exit(1);
    ended.abort();
  });
}

// `pm-supervisor logs mcp | head`: the reader has seen enough, which is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: ended.signal,
  version: packageJson.version,
});
