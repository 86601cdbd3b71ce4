/**
 * The environments of processes on Linux (proc(5)). A sweep reads that of every process on the machine
 * while a crashed service waits to be started again, so each is read with as few calls as there can be:
 * a file handle of `node:fs/promises` costs three times as much.
 */
import { close, open, read } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isShortage, patiently } from './shortage.ts';

/** Nearly every environment fits; of one that does not the rest is read after it. */
const partBytes = 16 * 1_024;

/** One line of numbers and a short name. */
const statBytes = 1_024;

/** A process that becomes another program is looked at so often, with so many ms between. */
const execLooks = 20;
const execPollMs = 5;

const nothing = Buffer.alloc(0);

/**
 * The environment of a process; empty when it is gone, a kernel thread, or somebody else's: not ours. It
 * is empty, too, for the moment in which a process becomes another program (execve), which under load is
 * long enough for a stray to be overlooked: then it is read again.
 */
export async function environmentOf(pid: number): Promise<Buffer> {
  let image: string | null = null;
  for (let look = 1; ; look += 1) {
    const environment = await readWhole(`/proc/${pid}/environ`);
    if (environment === null) return nothing;
    if (environment.length > 0 || look === execLooks) return environment;
    const program = await programOf(pid);
    if (program.kind === 'none') return environment;
    // The same program before and after this look: it was started without an environment.
    if (program.image !== null && program.image === image) return environment;
    if (program.image === null) await delay(execPollMs);
    image = program.image;
  }
}

type Program =
  | { readonly kind: 'none' }
  /** Where its code, stack and arguments lie: chance, so no two programs agree. Null while it becomes another. */
  | { readonly kind: 'some'; readonly image: string | null };

/** None: a zombie, or a thread of the kernel (proc(5): child of kthreadd, which is 2). */
async function programOf(pid: number): Promise<Program> {
  const stat = (await readStart(`/proc/${pid}/stat`, statBytes))?.toString('latin1') ?? '';
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  const isNone = stat === '' || state === 'Z' || state === 'X' || parent === '2' || pid === 2;
  if (isNone) return { kind: 'none' };
  const field = (number: number) => fields[number - 3] ?? '0';
  // The kernel sets the start of the code when the environment is in its place (load_elf_binary); 1 hides it.
  const isKnown = Number(field(26)) > 1;
  return { kind: 'some', image: isKnown ? [26, 28, 48, 50].map(field).join(' ') : null };
}

/** Null when it cannot be read. */
async function readWhole(path: string): Promise<Buffer | null> {
  const file = await opened(path);
  if (file === null) return null;
  const parts: Buffer[] = [];
  for (;;) {
    const part = await readPart(file, partBytes);
    if (part !== null) parts.push(part);
    // These files are short of a full part only at their end.
    if (part?.length === partBytes) continue;
    closeSoon(file);
    if (part === null) return null;
    return parts.length === 1 ? part : Buffer.concat(parts);
  }
}

async function readStart(path: string, bytes: number): Promise<Buffer | null> {
  const file = await opened(path);
  if (file === null) return null;
  const start = await readPart(file, bytes);
  closeSoon(file);
  return start;
}

/** Null when there is no such file for us; for want of descriptors nobody is overlooked, it is tried again. */
async function opened(path: string): Promise<number | null> {
  const file = await openNow(path);
  if (!isShortage(file)) return typeof file === 'number' ? file : null;
  const retried = await patiently(async () => {
    const again = await openNow(path);
    if (isShortage(again)) throw again;
    return again;
  }).catch(() => null);
  return typeof retried === 'number' ? retried : null;
}

function openNow(path: string): Promise<number | Error> {
  return new Promise((resolve) => {
    open(path, 'r', (error, file) => resolve(error ?? file));
  });
}

/** The next bytes of the file. */
function readPart(file: number, bytes: number): Promise<Buffer | null> {
  const buffer = Buffer.allocUnsafe(bytes);
  return new Promise((resolve) => {
    read(file, buffer, 0, bytes, null, (error, count) => {
      resolve(error ? null : buffer.subarray(0, count));
    });
  });
}

/** Nothing was written, so nothing can be lost, and nobody has to wait. */
function closeSoon(file: number): void {
  close(file, () => {});
}
