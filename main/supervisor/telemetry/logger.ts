/**
 * The supervisor's own log: human-readable lines on standard error, JSON lines in a file, so that a
 * failure leaves a trace even when nobody watches (old weakness W38). Logging never stops the program:
 * a folder that cannot be written or a full disk costs the lines of the file, nothing else.
 */
import { fchmodSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { messageOf } from '../../../shared/errors.ts';
import { LogFile } from './log-file.ts';
import { redactLine } from './redact.ts';

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

/** `19:46:04.120 INFO  MCP session opened  instance=mcp:1 client="Claude Code"`. */
export function humanLine(json: string): string {
  const line = JSON.parse(json) as Line;
  const time = new Date(Number(line['time'])).toISOString().slice(11, 23);
  const fields = Object.entries(line)
    .filter(([key]) => !hidden.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? quoted(value) : visible(value)}`);
  const cause = line.err?.message;
  if (cause !== undefined) fields.push(`error=${visible(cause)}`);
  const message = escapeControls(line.msg ?? '');
  const head = `${time} ${levelNames[Number(line['level'])] ?? '?'} ${message}`;
  return fields.length === 0 ? `${head}\n` : `${head}  ${fields.join(' ')}\n`;
}

function quoted(text: string): string {
  return /^[^\s"\p{C}]+$/u.test(text) ? text : visible(text);
}

function visible(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}

/** Clients choose their names: none may steer the terminal, or fake a line. */
function escapeControls(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

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
  const fileStream = file === null ? null : openLogFile(file);
  if (fileStream) streams.push({ level: level as pino.Level, stream: fileStream });
  return pino(
    {
      level,
      base: { pid: process.pid },
      // On the finished line: pino's own redaction knows only fields that are named by their path.
      hooks: { streamWrite: redactLine },
    },
    pino.multistream(streams),
  );
}

/** Null, and a word on standard error, when the file cannot be opened. */
function openLogFile(file: string): pino.DestinationStream | null {
  const complain = (error: unknown) =>
    process.stderr.write(`The log file cannot be written: ${messageOf(error)}\n`);
  let descriptor: number;
  try {
    descriptor = openForAppending(file);
  } catch (error) {
    complain(error);
    return null;
  }
  return new LogFile(descriptor, complain);
}

/** Runs once, before the event loop has anything else to do. */
function openForAppending(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, 'a', 0o600);
  // A file from before may be readable by others.
  if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, 0o600);
  return descriptor;
}
