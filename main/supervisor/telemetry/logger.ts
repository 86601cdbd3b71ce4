/**
 * The supervisor's own log: human-readable lines on standard error, JSON lines in a file, so that a
 * failure leaves a trace even when nobody watches (old weakness W38).
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';

export type Logger = pino.Logger;

/** At start a larger log file is set aside as `.1`, so that it cannot grow for ever. */
const maxLogBytes = 5 * 1024 * 1024;

const levelNames: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};

/** Fields that every line has and nobody wants to read. */
const hidden = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err']);

interface Line extends Readonly<Record<string, unknown>> {
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}

/** `19:46:04.120 INFO  MCP session opened  instance=mcp:1 client="claude"`. */
export function humanLine(json: string): string {
  const line = JSON.parse(json) as Line;
  const time = new Date(Number(line['time'])).toISOString().slice(11, 23);
  const fields = Object.entries(line)
    .filter(([key]) => !hidden.has(key))
    .map(
      ([key, value]) =>
        `${key}=${typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  const cause = line.err?.message;
  if (cause !== undefined) fields.push(`error=${JSON.stringify(cause)}`);
  const head = `${time} ${levelNames[Number(line['level'])] ?? '?'} ${line.msg ?? ''}`;
  return fields.length === 0 ? `${head}\n` : `${head}  ${fields.join(' ')}\n`;
}

/** Secrets never reach a log, wherever in a logged object they sit. */
const redact = [
  'token',
  'secret',
  'api_key',
  '*.token',
  '*.secret',
  '*.api_key',
  '*.authorization',
];

/** Creates the logger; `file` gets JSON lines (its folder is made), `level` is a pino level. */
export function createLogger(level: string, file: string | null): Logger {
  const human = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      process.stderr.write(humanLine(line));
      done();
    },
  });
  const streams: pino.StreamEntry[] = [{ level: level as pino.Level, stream: human }];
  if (file !== null) {
    prepareFile(file);
    const destination = pino.destination({ dest: file, sync: false, mode: 0o600 });
    // A full disk stops the log file, not the program.
    destination.on('error', () => {});
    streams.push({ level: level as pino.Level, stream: destination });
  }
  return pino({ level, redact, base: { pid: process.pid } }, pino.multistream(streams));
}

/** Runs once, before the event loop has anything else to do. */
function prepareFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(file, `${file}.1`);
}
