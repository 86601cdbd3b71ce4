/** Arguments that several tools take, described once. */
import { z } from 'zod';

const id = z.string().trim().min(1).max(200);

export const workspaceId = id.describe('Id of a workspace (pmws-…), from memory_workspace.');
export const planId = id.describe('Id of a plan (plan_…), from memory_plan.');
export const sessionId = id.describe('Id of an agent session (sess_…), from memory_agent.');

/** A text of one line: a title, a name. */
export function line(description: string): z.ZodString {
  return z.string().trim().min(1).max(500).describe(description);
}

/**
 * A text of any number of lines. Its length keeps an event that carries it below the webhook's
 * limit of 128 KiB.
 */
export function prose(description: string): z.ZodString {
  return z.string().max(20_000).describe(description);
}

/** How many rows an answer lists at most. */
export const limit = z
  .number()
  .int()
  .min(1)
  .max(500)
  .default(100)
  .describe('How many to list at most; 100 unless told.');
