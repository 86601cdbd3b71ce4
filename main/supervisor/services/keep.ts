/**
 * Processes that survive the supervisor (`on_supervisor_exit = "keep"`). A crash or a kill -9 of ours
 * does not end them: the guardian is not told of them, and they write to files instead of our pipes.
 * At the next start they are taken over, when a record names the very process (id, start time, boot,
 * cookie) and what is configured is unchanged. In every other case they are what all processes of a
 * dead run are: strays, which are ended. Nobody else's process is ever touched.
 *
 * A supervisor that ends in order stops them like all the others: to keep is for accidents.
 */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { FileTail } from './file-tail.ts';
import type { Guardian } from './guardian.ts';
import {
  isAsRecorded,
  type KeepRecord,
  readRecords,
  removeRecord,
  writeRecord,
} from './keep-record.ts';
import { captureLines, type OutputLine } from './output.ts';
import { identityOf, isStill } from './process-identity.ts';
import { endCarriers, endTree, type OnHang } from './process-tree.ts';
import {
  type Command,
  type Exit,
  type RunningProcess,
  SupervisedProcess,
} from './supervised-process.ts';

/** How often it is asked whether an adopted process still lives, in ms: it is not our child. */
const adoptedPollMs = 500;

type OnLine = (line: OutputLine) => void;

/** A process of an earlier run, with the port that it has. */
export interface AdoptedProcess extends RunningProcess {
  readonly port: number | null;
}

/** How one service keeps its process. */
export interface Keep {
  /** The process of an earlier run; null when there is none, and once it was taken. */
  adopt(onLine: OnLine): Promise<AdoptedProcess | null>;
  /** Throws what the system throws. */
  launch(
    command: Command & { readonly port: number | null },
    onLine: OnLine,
  ): Promise<RunningProcess>;
}

/** A service that is configured to keep its process. */
export interface Kept {
  readonly name: string;
  /** Changes when another process would be started. */
  readonly fingerprint: string;
}

export interface KeeperOptions {
  readonly folder: string;
  readonly family: string;
  /** Makes cookies for processes that the guardian shall leave alone. */
  readonly nextCookie: () => string;
  readonly guardian: Pick<Guardian, 'began' | 'ended'>;
  readonly logger: Logger;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #found = new Map<string, KeepRecord>();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /**
   * Looks for processes of an earlier run that are wanted again, for `adopt`; forgets all other
   * records. Resolves with the cookies of what was found.
   */
  async find(wanted: readonly Kept[]): Promise<readonly string[]> {
    const { folder, family, logger } = this.#options;
    const fingerprints = new Map(wanted.map(({ name, fingerprint }) => [name, fingerprint]));
    for (const [name, record] of await readRecords(folder)) {
      if (
        record !== null &&
        record.fingerprint === fingerprints.get(name) &&
        (await isAsRecorded(record, family))
      ) {
        this.#found.set(name, record);
      } else {
        logger.info({ service: name }, 'the process of an earlier run cannot be taken over');
        await removeRecord(folder, name);
      }
    }
    return [...this.#found.values()].map(({ cookie }) => cookie);
  }

  keep({ name, fingerprint }: Kept): Keep {
    return {
      adopt: (onLine) => this.#adopt(name, onLine),
      launch: (command, onLine) => this.#launch({ name, fingerprint }, command, onLine),
    };
  }

  async #adopt(name: string, onLine: OnLine): Promise<AdoptedProcess | null> {
    const record = this.#found.get(name);
    this.#found.delete(name);
    if (record === undefined || !(await isStill(record))) return null;
    const tails = await this.#tails(name, 'end', onLine).catch(() => []);
    const over = async () => {
      await closeAll(tails);
      await removeRecord(this.#options.folder, name);
    };
    const exited = untilGone(record).then(async (): Promise<Exit> => {
      await over();
      return { code: null, signal: null };
    });
    const { pid, cookie, port } = record;
    return {
      pid,
      port,
      spawned: Promise.resolve(),
      exited,
      stop: async (graceMs, onHang) => {
        // Its number may be somebody else's by now; its cookie cannot.
        if (await isStill(record)) return await endTree(pid, cookie, graceMs, onHang ?? (() => {}));
        return await endCarriers(cookie);
      },
      sweep: async () => await endCarriers(cookie),
    };
  }

  async #launch(
    { name, fingerprint }: Kept,
    command: Command & { readonly port: number | null },
    onLine: OnLine,
  ): Promise<RunningProcess> {
    const { folder, guardian, logger, nextCookie } = this.#options;
    const cookie = nextCookie();
    const tails = await this.#tails(name, 'start', onLine);
    const [stdout, stderr] = await Promise.all(
      streams.map((stream) => open(this.#outputFile(name, stream), 'a', 0o600)),
    );
    let child: SupervisedProcess;
    try {
      const outputs = { stdout: stdout?.fd ?? 'ignore', stderr: stderr?.fd ?? 'ignore' } as const;
      const nobody = { began: () => {}, ended: () => {} };
      child = new SupervisedProcess(command, { cookie, guardian: nobody, onLine, outputs });
    } catch (error) {
      await closeAll(tails);
      throw error;
    } finally {
      await Promise.all([stdout?.close(), stderr?.close()]);
    }
    const { pid } = child;
    const identity = pid === undefined ? null : await identityOf(pid);
    let isGuarded = false;
    if (identity !== null) {
      const { port } = command;
      try {
        await writeRecord(folder, { version: 1, name, ...identity, fingerprint, cookie, port });
      } catch (error) {
        // Without a record nobody would ever find it: it ends with us, like any other.
        logger.warn({ service: name, err: error }, 'cannot be kept: its record was not written');
        guardian.began(identity.pid);
        isGuarded = true;
      }
    }
    return new KeptProcess(child, async () => {
      if (isGuarded && pid !== undefined) guardian.ended(pid);
      await closeAll(tails);
      await removeRecord(folder, name).catch((error: unknown) => {
        logger.warn({ service: name, err: messageOf(error) }, 'its record was not removed');
      });
    });
  }

  async #tails(name: string, from: 'start' | 'end', onLine: OnLine): Promise<readonly FileTail[]> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    return await Promise.all(
      streams.map(async (stream) => {
        const path = this.#outputFile(name, stream);
        if (from === 'start') await (await open(path, 'w', 0o600)).close();
        const tail = new FileTail(path);
        await tail.open(from);
        captureLines(tail.stream, stream, onLine);
        return tail;
      }),
    );
  }

  #outputFile(name: string, stream: (typeof streams)[number]): string {
    return join(this.#options.folder, `${name}.${stream}`);
  }
}

const streams = ['stdout', 'stderr'] as const;

/** A child of ours whose files are closed, and whose record is removed, when it has ended. */
class KeptProcess implements RunningProcess {
  readonly spawned: Promise<void>;
  readonly exited: Promise<Exit>;
  readonly #child: SupervisedProcess;

  constructor(child: SupervisedProcess, over: () => Promise<void>) {
    this.#child = child;
    this.spawned = child.spawned;
    this.exited = child.exited.then(async (exit) => {
      await over();
      return exit;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  stop(graceMs: number, onHang?: OnHang): Promise<string | null> {
    return this.#child.stop(graceMs, onHang);
  }

  sweep(onHang?: OnHang): Promise<string | null> {
    return this.#child.sweep(onHang);
  }
}

async function untilGone(record: KeepRecord): Promise<void> {
  while (await isStill(record)) await delay(adoptedPollMs, undefined, { ref: false });
}

async function closeAll(tails: readonly FileTail[]): Promise<void> {
  await Promise.all(tails.map((tail) => tail.close()));
}
