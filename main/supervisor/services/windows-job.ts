/**
 * Windows: one job object per child. Everything that the child starts is born into the job and cannot
 * leave it (no breakaway is allowed), ending the job ends all of it, and the system ends it for us when
 * our handle closes because we died. libuv's own job lets grandchildren break away silently, and
 * `taskkill /T` follows parent ids, which are gone once a shell in between has exited.
 *
 * What a child starts in the moment between its birth and `adopt` is outside: Node cannot start a
 * process suspended. A program needs longer than that to load.
 */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';

/** The part of koffi that is used. */
export interface ForeignFunctions {
  load(library: string): { func(definition: string): (...args: readonly unknown[]) => unknown };
}

/** The process tree of one child. */
export interface Job {
  /** Ends everything in it; resolves when it is empty, or cannot be emptied in time. */
  end(): Promise<void>;
  /** True while something in it runs. */
  isAlive(): boolean;
  /** Gives the handle back; whatever still ran ends with it. */
  close(): void;
}

export interface Jobs {
  /** Puts a process, and all it will start, into a job of its own; null when Windows refuses. */
  adopt(pid: number): Job | null;
}

// winnt.h and the pages of SetInformationJobObject and QueryInformationJobObject.
const extendedLimitInformation = 9;
const basicAccountingInformation = 1;
const killOnJobClose = 0x2000;
/** Without it a crash shows a dialog, and the child hangs until somebody clicks. */
const dieOnUnhandledException = 0x400;
const processTerminate = 0x1;
const processSetQuota = 0x100;
const accountingSize = 48;
const activeProcessesAt = 40;

/** Termination is asynchronous; a process in the kernel's hands may take a moment, in ms. */
const afterEndMs = 2_000;
const pollMs = 10;

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION as 64-bit Windows lays it out; all is zero but the flags. */
export function limitInformation(): Buffer {
  const limitFlagsAt = 16;
  const info = Buffer.alloc(144);
  info.writeUInt32LE(killOnJobClose | dieOnUnhandledException, limitFlagsAt);
  return info;
}

/**
 * The jobs of this system; null, said once in the log, where koffi is missing: then `taskkill` has to
 * do. To be called on Windows only.
 */
export function openJobs(
  logger: Pick<Logger, 'warn'>,
  load: () => ForeignFunctions = () => createRequire(import.meta.url)('koffi') as ForeignFunctions,
): Jobs | null {
  try {
    return bindJobs(load());
  } catch (error) {
    logger.warn(
      `Job objects are not available (${messageOf(error)}); process trees are ended with taskkill, which misses what lost its parent. "npm install" brings the missing package koffi.`,
    );
    return null;
  }
}

function bindJobs(koffi: ForeignFunctions): Jobs {
  const kernel = koffi.load('kernel32.dll');
  const bind = (definition: string) => kernel.func(definition);
  const createJob = bind('uintptr_t CreateJobObjectW(void *security, void *name)');
  const setInformation = bind(
    'int SetInformationJobObject(uintptr_t job, int kind, void *info, uint32_t size)',
  );
  const query = bind(
    'int QueryInformationJobObject(uintptr_t job, int kind, _Out_ uint8_t *info, uint32_t size, void *needed)',
  );
  const openProcess = bind('uintptr_t OpenProcess(uint32_t access, int inherit, uint32_t pid)');
  const assign = bind('int AssignProcessToJobObject(uintptr_t job, uintptr_t process)');
  const terminate = bind('int TerminateJobObject(uintptr_t job, uint32_t code)');
  const closeHandle = bind('int CloseHandle(uintptr_t handle)');

  const jobOf = (handle: unknown): Job => {
    let isOpen = true;
    const isAlive = () => {
      const info = Buffer.alloc(accountingSize);
      const isKnown = isOpen && query(handle, basicAccountingInformation, info, info.length, null);
      return Boolean(isKnown) && info.readUInt32LE(activeProcessesAt) > 0;
    };
    return {
      isAlive,
      end: async () => {
        if (isOpen) terminate(handle, 1);
        const deadline = performance.now() + afterEndMs;
        while (isAlive() && performance.now() < deadline) await delay(pollMs);
      },
      close: () => {
        if (isOpen) closeHandle(handle);
        isOpen = false;
      },
    };
  };

  return {
    adopt: (pid) => {
      const info = limitInformation();
      const job = createJob(null, null);
      if (!job) return null;
      const child = openProcess(processTerminate | processSetQuota, 0, pid);
      const isAdopted =
        setInformation(job, extendedLimitInformation, info, info.length) &&
        child &&
        assign(job, child);
      if (child) closeHandle(child);
      if (isAdopted) return jobOf(job);
      closeHandle(job);
      return null;
    },
  };
}
