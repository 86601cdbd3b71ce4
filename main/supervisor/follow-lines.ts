/** The lines of a service as they come, in batches: a flood of them must not become a flood of messages. */
import type { ServiceLine } from '../../shared/status.ts';
import type { OutputRing } from './services/output.ts';

/** Lines that come within this time are told together, in ms. */
const batchMs = 50;

/** Lines in one batch; of more, the newest. Those that are missing show in their numbers. */
const maxBatch = 1_000;

export function followLines(
  ring: Pick<OutputRing, 'follow'>,
  tell: (lines: readonly ServiceLine[]) => void,
): () => void {
  let lines: ServiceLine[] = [];
  let timer: NodeJS.Timeout | null = null;
  const leave = ring.follow((line) => {
    lines.push(line);
    if (lines.length > maxBatch) lines.shift();
    timer ??= setTimeout(() => {
      timer = null;
      const batch = lines;
      lines = [];
      tell(batch);
    }, batchMs);
  });
  return () => {
    leave();
    if (timer) clearTimeout(timer);
  };
}
