/** What `pm-supervisor` does with MCP instances and the event channel. */
import { setTimeout as delay } from 'node:timers/promises';
import type { UpgradeStatus } from '../shared/status.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { lookPeriodMs, timeoutOf } from './services.ts';
import { count } from './words.ts';

function serverOf(input: Input): { readonly service?: string } {
  const service = input.argument(0);
  return service === null ? {} : { service };
}

export async function upgrade(context: Context, input: Input): Promise<ExitName> {
  const { out, signal } = context;
  const client = context.client();
  const name = input.argument(0) ?? 'mcp';
  const before = await look(context, name);
  const reply = await client.request('UpgradeMcp', serverOf(input));
  if (input.flag('no-wait')) {
    out.result(reply, () => `${reply.service}: the upgrade has begun.`);
    return 'ok';
  }
  const deadline = performance.now() + timeoutOf(input);
  for (let shown = 0; ; ) {
    const { progress, pids } = await look(context, name);
    // One that ended early is told of until the next one; it may be an older one.
    const isOurs = progress !== null && progress.startedAt !== before.progress?.startedAt;
    if (isOurs && progress.failed !== null) {
      throw new CommandError(
        `The upgrade ended after ${progress.done} of ${progress.total}: ${progress.failed} The others go on as they were.`,
      );
    }
    if (isOurs && progress.done > shown) {
      shown = progress.done;
      if (!out.json) out.say(`${reply.service}: ${shown} of ${progress.total} replaced`);
    }
    const isOver = !isOurs && before.pids.every((pid) => !pids.includes(pid));
    if (isOver) break;
    if (performance.now() >= deadline) {
      throw new CommandError('The upgrade takes longer than that; it goes on. See "status".');
    }
    await delay(lookPeriodMs, undefined, { signal });
  }
  const replaced = before.pids.length;
  out.result({ service: reply.service, replaced }, () => {
    return `${reply.service}: ${count(replaced, 'instance')} replaced.`;
  });
  return 'ok';
}

interface Look {
  readonly progress: UpgradeStatus | null;
  readonly pids: readonly number[];
}

async function look(context: Context, name: string): Promise<Look> {
  const { services, instances } = await context.client().request('Snapshot');
  const wanted = name.toLowerCase();
  return {
    progress: services.find((each) => each.name.toLowerCase() === wanted)?.upgrade ?? null,
    pids: instances.flatMap(({ server, pid }) =>
      server.toLowerCase() === wanted && pid !== null ? [pid] : [],
    ),
  };
}

export async function scaleUp(context: Context, input: Input): Promise<ExitName> {
  const reply = await context.client().request('ScaleUpMcp', serverOf(input), {
    timeoutMs: longRequestMs,
  });
  const name = input.argument(0) ?? 'mcp';
  context.out.result(reply, () => `${name}: one more instance was started.`);
  return 'ok';
}

/** The reply comes when the instance is ready; its start-up has a deadline of its own. In ms. */
const longRequestMs = 120_000;

const usualText = 'A test from the command line';

export async function emitTest(context: Context, input: Input): Promise<ExitName> {
  const message = input.argument(0) ?? usualText;
  const reply = await context.client().request('EmitTestEvent', { message });
  context.out.result(reply, () => `Event ${reply.id} was sent.`);
  return 'ok';
}
