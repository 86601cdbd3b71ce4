import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlRequest, Reply, ReplyData } from '../shared/control-protocol.ts';
import { CodedError } from '../shared/errors.ts';
import { claimInstanceLock, type InstanceLock, lockHolder } from './instance-lock.ts';
import { prepareRuntimeFolder } from './supervisor/config/runtime-folder.ts';

/** A local supervisor answers within milliseconds; a busy one within this, in ms. */
const answerTimeoutMs = 3_000;

/** One that is just starting answers within this, and one that is just ending has ended, in ms. */
const usualPatienceMs = 15_000;

/** How often one that does not answer yet is asked again, in ms. */
const askPeriodMs = 100;

export type Place =
  | { readonly kind: 'ours'; readonly lock: InstanceLock }
  /** A supervisor runs already; it was asked to show its window. */
  | { readonly kind: 'taken'; readonly by: ReplyData['WhoAmI'] };

/** Who answers on the socket. */
export interface Greeted extends Readonly<ReplyData['WhoAmI']> {
  /** It is on its way out: it answers until the last of its services has ended. */
  readonly isEnding: boolean;
}

export interface PlaceOptions {
  readonly lockPath: string;
  readonly socketPath: string;
  /** How long to wait for one that does not answer, in ms. */
  readonly patienceMs?: number;
}

/**
 * Makes this process the only supervisor of its user and configuration, or finds the one that is. Waits
 * for one that is starting or ending. Throws `already_running` when one has the place and does not
 * answer, `port_taken` when the folder is not ours.
 */
export async function becomeTheOnly(options: PlaceOptions): Promise<Place> {
  const { lockPath, socketPath, patienceMs = usualPatienceMs } = options;
  await prepareRuntimeFolder(dirname(lockPath));
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const lock = await claimInstanceLock(lockPath);
    // Asked even so: one of an earlier version has no lock.
    const by = await greetRunningSupervisor(socketPath);
    if (by) lock?.release();
    if (by && !by.isEnding) return { kind: 'taken', by };
    if (lock && !by) return { kind: 'ours', lock };
    if (performance.now() >= deadline) {
      throw by ? endless(by) : await unresponsive(lockPath, socketPath);
    }
    await delay(askPeriodMs);
  }
}

function endless({ pid }: Greeted): CodedError {
  return new CodedError(
    'already_running',
    `A supervisor (process ${pid}) is ending and still waits for a service to end. Start again when it has.`,
  );
}

async function unresponsive(lockPath: string, socketPath: string): Promise<CodedError> {
  const pid = await lockHolder(lockPath);
  const who = pid === null ? 'A supervisor' : `A supervisor (process ${pid})`;
  return new CodedError(
    'already_running',
    `${who} runs with this configuration and does not answer on ${socketPath}. If it hangs, end that process and start again.`,
  );
}

/**
 * Asks a supervisor that may run already, over its control socket, who it is, and to show its window.
 * Null when nobody answers, or somebody who is no supervisor of this kind; never throws.
 */
export async function greetRunningSupervisor(socketPath: string): Promise<Greeted | null> {
  const requests: readonly ControlRequest[] = [
    { type: 'WhoAmI', client: 'second start' },
    { type: 'Snapshot' },
    { type: 'SetHealthWindowVisibility', visible: true },
  ];
  return await new Promise((resolve) => {
    const replies: (Reply | null)[] = [];
    const socket = connect(socketPath);
    const deadline = setTimeout(() => socket.destroy(), answerTimeoutMs);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(greetedIn(replies));
    });
    socket.on('connect', () => {
      for (const request of requests) socket.write(`${JSON.stringify(request)}\n`);
    });
    createInterface({ input: socket })
      .on('line', (line) => {
        replies.push(replyIn(line));
        const who = greetedIn(replies);
        if (who && replies.length < requests.length) return;
        resolve(who);
        socket.destroy();
      })
      // The socket's own error handler has dealt with it.
      .on('error', () => {});
  });
}

function replyIn(line: string): Reply | null {
  try {
    return JSON.parse(line) as Reply | null;
  } catch {
    return null;
  }
}

/** One that hung up before it told its state is taken for one that runs. */
function greetedIn([who, state]: readonly (Reply | null)[]): Greeted | null {
  const introduction = introductionIn(who);
  const snapshot = (state?.ok ? state.data : null) as Partial<ReplyData['Snapshot']> | null;
  return introduction && { ...introduction, isEnding: snapshot?.stopping === true };
}

function introductionIn(reply: Reply | null | undefined): ReplyData['WhoAmI'] | null {
  const who = (reply?.ok ? reply.data : null) as Partial<ReplyData['WhoAmI']> | null;
  return who?.server_name === 'project-memory-supervisor' ? (who as ReplyData['WhoAmI']) : null;
}
