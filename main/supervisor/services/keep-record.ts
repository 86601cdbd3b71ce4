/**
 * The records of processes that survive the supervisor: one small file each, only for its user, there
 * completely or not at all. What a record says is believed only when the process itself agrees.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../config/write-file.ts';
import { canIdentify, cookieOf, isStill } from './process-identity.ts';

const recordSchema = z
  .object({
    version: z.literal(1),
    name: z.string(),
    pid: z.int().min(2),
    startTime: z.string(),
    bootId: z.string(),
    /** Of what was configured when it was started: another configuration means another process. */
    fingerprint: z.string(),
    cookie: z.string(),
    port: z.int().nullable(),
  })
  .readonly();

export type KeepRecord = z.infer<typeof recordSchema>;

const ending = '.json';

export async function writeRecord(folder: string, record: KeepRecord): Promise<void> {
  await replaceFile(join(folder, record.name + ending), `${JSON.stringify(record, null, 2)}\n`);
}

export async function removeRecord(folder: string, name: string): Promise<void> {
  await rm(join(folder, name + ending), { force: true });
}

/** Every record of the folder, null for one that cannot be read; by name. */
export async function readRecords(folder: string): Promise<ReadonlyMap<string, KeepRecord | null>> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(ending));
  const records = files.map(async (file) => {
    const name = file.slice(0, -ending.length);
    return [name, await readRecord(join(folder, file), name)] as const;
  });
  return new Map(await Promise.all(records));
}

async function readRecord(path: string, name: string): Promise<KeepRecord | null> {
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return record.name === name ? record : null;
  } catch {
    // Half a file, a file of another version: nothing in it can be trusted.
    return null;
  }
}

/** True only when the process lives, is the one that was recorded, and says itself that it is ours. */
export async function isAsRecorded(record: KeepRecord, family: string): Promise<boolean> {
  if (!canIdentify || !record.cookie.startsWith(`${family}.`)) return false;
  return (await isStill(record)) && (await cookieOf(record.pid)) === record.cookie;
}
