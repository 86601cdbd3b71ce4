/**
 * The event that everybody publishes: the frame's JSON as the supervisor has it, so that all contestants
 * serialise and send the same. The stamp of the load client is in its message, behind the first `@`.
 */

/** What the JSON has besides the message's padding, in bytes; ids of five digits assumed. */
const fixedBytes = 182;

/** A message of such a length that the event's JSON has about `bytes` bytes. */
export function messageOf(stamp: string, bytes: number): string {
  return `@${stamp} ${'x'.repeat(Math.max(0, bytes - fixedBytes))}`;
}

/** A stamped event, as `EventRoom` makes it from the message. */
export function stampedEvent(id: number, message: string) {
  return {
    id,
    data: {
      event_type: 'test',
      message,
      timestamp: new Date().toISOString(),
      source: 'bench',
      source_id: `pms_benchbenchbe_${id}`,
    },
  };
}
