/** `pm-supervisor events`: what changed, newest last. */
import type { EventItem } from '../client/events.ts';
import { type EventType, eventTypes, isEventType, type StampedEvent } from '../shared/events.ts';
import type { Context, Input } from './command.ts';
import { type ExitName, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { plain } from './text-width.ts';
import { clock } from './words.ts';

interface Wanted {
  readonly types: readonly EventType[];
  readonly workspaceId: string | null;
  readonly planId: string | null;
}

export async function events(context: Context, input: Input): Promise<ExitName> {
  const { out } = context;
  const wanted: Wanted = {
    types: typesOf(input.text('types')),
    workspaceId: input.text('workspace'),
    planId: input.text('plan'),
  };
  const since = input.number('since', { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (input.flag('follow')) {
    // Whoever asks for a stream of nobody is told; only a running one that goes away is waited for.
    await context.client().connect();
    await follow(context, wanted, since);
  } else if (since !== null) {
    await replay(context, wanted, since);
  } else {
    const { recentEvents } = await context.client().request('Snapshot');
    for (const event of recentEvents) if (isWanted(event, wanted)) print(out, event);
  }
  return 'ok';
}

function typesOf(list: string | null): readonly EventType[] {
  const words = list?.split(',').map((word) => word.trim()) ?? [];
  const names = words.filter((word) => word !== '');
  for (const name of names) {
    if (!isEventType(name)) {
      throw new UsageError(`There is no event type "${name}". Known: ${eventTypes.join(', ')}.`);
    }
  }
  return names.filter((name) => isEventType(name));
}

async function follow(context: Context, wanted: Wanted, since: number | null): Promise<void> {
  const { out, signal } = context;
  let away = false;
  const items = context.client().events({
    types: wanted.types,
    ...(wanted.workspaceId !== null && { workspaceId: wanted.workspaceId }),
    ...(wanted.planId !== null && { planId: wanted.planId }),
    ...(since !== null && { since }),
    label: 'pm-supervisor',
    signal,
    onState: (state) => {
      if (!state.connected && !away) out.say('The event stream was lost. Waiting for it …');
      away = !state.connected;
    },
  });
  for await (const item of items) {
    tell(out, item);
    await out.drained();
  }
}

/** Everything from a number up to now. It is filtered here: the end is known by its number only. */
async function replay(context: Context, wanted: Wanted, since: number): Promise<void> {
  const { last_id: last } = await context.client().getEventStats();
  if (since >= last) return;
  const { signal, out } = context;
  for await (const item of context.client().events({ since, label: 'pm-supervisor', signal })) {
    if (item.kind === 'gap' || isWanted(item.event, wanted)) tell(out, item);
    await out.drained();
    if ((item.kind === 'gap' ? item.gap.to : item.event.id) >= last) return;
  }
}

function isWanted({ data }: StampedEvent, { types, workspaceId, planId }: Wanted): boolean {
  if (types.length > 0 && !types.includes(data.event_type)) return false;
  if (workspaceId !== null && !('workspace_id' in data && data.workspace_id === workspaceId)) {
    return false;
  }
  return planId === null || ('plan_id' in data && data.plan_id === planId);
}

function tell(out: Output, item: EventItem): void {
  if (item.kind === 'event') {
    print(out, item.event);
    return;
  }
  const { from, to, reason } = item.gap;
  if (out.json) out.printJson({ gap: item.gap });
  else out.say(`Events ${from} to ${to} cannot be had any more (${reason}).`);
}

function print(out: Output, event: StampedEvent): void {
  out.result(event, () => eventLine(event, out));
}

function eventLine({ id, data }: StampedEvent, { paint }: Output): string {
  const { event_type, timestamp, source, source_id: _id, source_type: _type, ...facts } = data;
  const details = Object.entries(facts).map(([name, value]) => {
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return [
    paint('dim', clock(new Date(timestamp))),
    paint('dim', String(id).padStart(6)),
    paint('cyan', event_type),
    plain(details.join(' ')),
    paint('dim', plain(`(${source})`)),
  ].join(' ');
}
