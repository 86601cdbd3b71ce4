/** What a kill -9 of the supervisor means: nothing stays, and the next start goes on where it was. */
import { expect, test } from 'vitest';
import type { Gap } from '../shared/events.ts';
import { Place, startSupervisor } from './harness.ts';
import { connectClient, makePlan } from './mcp-clients.ts';
import { SseClient, type SseEvent } from './sse-client.ts';
import { until } from './until.ts';

/** PM_TEST_ROUNDS=10 for a longer look. */
const rounds = Number(process.env['PM_TEST_ROUNDS'] ?? 3);

/** What one round may take on a busy machine. */
const roundMs = 20_000;

/** The id that follows what was told, by events or by a gap; throws where something is missing. */
function follow(next: number, { type, data, lastEventId }: SseEvent): number {
  const id = Number(lastEventId);
  const gap = type === 'gap' ? (JSON.parse(data) as Gap) : { from: id, to: id };
  expect(gap.from).toBe(next);
  return gap.to + 1;
}

test.skipIf(process.platform === 'win32')(
  'F1 W25 W6 killed -9 in the middle of work it leaves no process, and the next start loses no event silently',
  async () => {
    await using place = await Place.create();
    let next = 1;
    for (let round = 1; round <= rounds; round += 1) {
      const supervisor = await startSupervisor({ place });
      const headers = { 'last-event-id': String(next - 1) };
      using stream = await SseClient.open(supervisor.eventsUrl, { headers });
      const client = await connectClient(supervisor.mcpUrl, `agent-${round}`);
      const { planId } = await makePlan(client, `/work/round-${round}`);
      await until(() => stream.events.some(({ data }) => data.includes(planId)), {
        what: 'the plan in the events',
      });
      expect(place.survivors().length).toBeGreaterThan(2);
      supervisor.process.kill('SIGKILL');
      await until(() => place.survivors().length === 0, {
        what: 'the end of every process',
        timeoutMs: 3_000,
        instead: () => place.survivors(),
      });
      for (const event of stream.events) next = follow(next, event);
    }
    expect(next).toBeGreaterThan(rounds);
  },
  roundMs * rounds,
);
