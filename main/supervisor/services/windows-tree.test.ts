import { expect, test, vi } from 'vitest';
import type { Job } from './windows-job.ts';
import { isFile, WindowsTree } from './windows-tree.ts';

function jobOf(left: boolean) {
  const job = { end: vi.fn(async () => {}), isAlive: () => left, close: vi.fn() } satisfies Job;
  return { job, jobs: { adopt: vi.fn(() => job) } };
}

test('the job is ended and given back; taskkill is not asked', async () => {
  const { job, jobs } = jobOf(false);
  const killTree = vi.fn(async () => {});
  const tree = new WindowsTree(47, jobs, killTree);
  expect(jobs.adopt).toHaveBeenCalledWith(47);
  expect(await tree.end()).toBeNull();
  expect(job.end).toHaveBeenCalledOnce();
  expect(job.close).toHaveBeenCalledOnce();
  expect(killTree).not.toHaveBeenCalled();
});

test('what cannot be ended is told', async () => {
  const { jobs } = jobOf(true);
  expect(await new WindowsTree(47, jobs, async () => {}).end()).toMatch(/47 .*cannot be ended/);
});

test.each([null, { adopt: () => null }])('without a job taskkill ends the tree', async (jobs) => {
  const killTree = vi.fn(async () => {});
  const tree = new WindowsTree(47, jobs, killTree);
  await tree.endRest();
  expect(killTree).not.toHaveBeenCalled();
  expect(await tree.end()).toBeNull();
  expect(killTree).toHaveBeenCalledWith(47);
});

test('a leader that has exited leaves nothing in its job', async () => {
  const { job, jobs } = jobOf(false);
  await new WindowsTree(47, jobs).endRest();
  expect(job.end).toHaveBeenCalledOnce();
});

test('a command is a file that is there, a folder is none', () => {
  expect(isFile(process.execPath)).toBe(true);
  expect(isFile(import.meta.dirname)).toBe(false);
  expect(isFile('/no/such/file')).toBe(false);
});
