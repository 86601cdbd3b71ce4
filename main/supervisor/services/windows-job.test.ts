/** What can be proven without Windows: which calls are made, and that every handle is given back. */
import { expect, test, vi } from 'vitest';
import { type ForeignFunctions, limitInformation, openJobs } from './windows-job.ts';

/** A kernel32 that counts the processes in its jobs. */
function fakeKernel(refuse: readonly string[] = []) {
  const calls: string[] = [];
  const open = new Set<number>();
  let nextHandle = 1;
  let processes = 0;
  const handle = (name: string) => {
    if (refuse.includes(name)) return 0;
    open.add(nextHandle);
    return nextHandle++;
  };
  const functions: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> = {
    CreateJobObjectW: () => handle('CreateJobObjectW'),
    OpenProcess: () => handle('OpenProcess'),
    SetInformationJobObject: () => 1,
    AssignProcessToJobObject: () => {
      if (refuse.includes('AssignProcessToJobObject')) return 0;
      processes = 3;
      return 1;
    },
    TerminateJobObject: () => {
      // As in Windows, the end comes a little later.
      setTimeout(() => {
        processes = 0;
      }, 30);
      return 1;
    },
    QueryInformationJobObject: (_job, _kind, info) => {
      (info as Buffer).writeUInt32LE(processes, 40);
      return 1;
    },
    CloseHandle: (which) => {
      expect(open.delete(which as number), 'a handle is closed once').toBe(true);
      return 1;
    },
  };
  const koffi: ForeignFunctions = {
    load: () => ({
      func: (definition) => {
        const name = /(\w+)\(/.exec(definition)?.[1] ?? '';
        return (...args) => {
          calls.push(name);
          return functions[name]?.(...args);
        };
      },
    }),
  };
  return { koffi, calls, open };
}

const silent = { warn: vi.fn() };

test('a child is put into a job of its own, and its end is told only when the job is empty', async () => {
  const { koffi, calls, open } = fakeKernel();
  const job = openJobs(silent, () => koffi)?.adopt(4711);
  expect(job?.isAlive()).toBe(true);
  await job?.end();
  expect(job?.isAlive()).toBe(false);
  expect(calls).toContain('TerminateJobObject');
  job?.close();
  job?.close();
  expect(open.size).toBe(0);
});

test.each(['CreateJobObjectW', 'OpenProcess', 'AssignProcessToJobObject'])(
  'when %s is refused there is no job, and no handle is left',
  (name) => {
    const { koffi, open } = fakeKernel([name]);
    expect(openJobs(silent, () => koffi)?.adopt(4711)).toBeNull();
    expect(open.size).toBe(0);
  },
);

test('without koffi there are no jobs, which is said once, with the cure', () => {
  const warn = vi.fn();
  const jobs = openJobs({ warn }, () => {
    throw new Error("Cannot find module 'koffi'");
  });
  expect(jobs).toBeNull();
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]?.[0]).toMatch(/koffi.*npm install/s);
});

test('the job ends its processes with its handle, shows no crash dialog and lets nobody break away', () => {
  const flags = limitInformation().readUInt32LE(16);
  expect(flags).toBe(0x2000 | 0x400);
  expect(limitInformation()).toHaveLength(144);
});

test('the declarations are ones that the real koffi accepts', async () => {
  const koffi = await import('koffi');
  const seen: string[] = [];
  openJobs(silent, () => ({
    load: () => ({
      func: (definition) => {
        seen.push(definition);
        koffi.proto(definition.replace(/(\w+)\(/, '$1_test('));
        return () => 0;
      },
    }),
  }));
  expect(seen).toHaveLength(7);
});
