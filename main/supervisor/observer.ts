/**
 * What is seen of the services from outside: what they print and what they use. Composes the output
 * store and the measuring for the supervisor; views get all of it in the snapshot or by a question.
 */
import { join } from 'node:path';
import type { Config } from '../../shared/config-schema.ts';
import type { ReplyData } from '../../shared/control-protocol.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ProcessEntry, ProcessUsage, SelfUsage, ServiceStatus } from '../../shared/status.ts';
import type { LogsQuery } from './control/target.ts';
import type { OutputRing } from './services/output.ts';
import { type OutputSettings, OutputStore } from './services/output-store.ts';
import { Resources } from './services/resources.ts';
import type { Logger } from './telemetry/logger.ts';

const bytesPerMb = 1024 * 1024;

export interface ObserverOptions {
  /** Asked whenever it is needed: it may change. */
  readonly settings: () => Config['runtime_output'];
  /** The supervisor's data folder. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** All services and instances that there are. */
  readonly services: () => readonly ServiceStatus[];
  /** What snapshots show has changed. */
  readonly onChange: () => void;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #output: OutputStore;
  readonly #resources: Resources;

  constructor(options: ObserverOptions) {
    this.#options = options;
    const { settings, dataDir, logger, onChange } = options;
    this.#output = new OutputStore({
      settings: outputSettings(settings),
      folder: join(dataDir, 'logs'),
      logger,
      onChange,
    });
    this.#resources = new Resources({ roots: () => this.#roots(), onSample: onChange });
  }

  /** Where the output of a service goes. */
  output(service: string): OutputRing {
    return this.#output.ring(service);
  }

  /** What it prints, also of a service that was stopped or removed; throws `unknown_service`. */
  logs(service: string, { lines, since }: LogsQuery): ReplyData['Logs'] {
    const ring = this.ring(service);
    const file = this.#output.file(service);
    const page =
      since === undefined ? ring.since(ring.next - lines, lines) : ring.since(since, lines);
    return {
      service,
      lines: page.lines,
      next: page.next,
      dropped: since === undefined ? 0 : page.dropped,
      file: file?.path ?? null,
      problem: file?.problem ?? null,
    };
  }

  /** What a service prints, to be followed; throws `unknown_service`. */
  ring(service: string): OutputRing {
    const ring = this.#output.find(service);
    if (ring === null) throw this.#withoutOutput(service);
    return ring;
  }

  /** The processes of a running service; throws `unknown_service`. */
  async processTree(service: string): Promise<readonly ProcessEntry[]> {
    const status = this.#find(service);
    if (!status) throw this.#withoutOutput(service);
    return status.pid === null ? [] : await this.#resources.tree(status.pid);
  }

  /** The statuses with what was measured and where the output is; pools sum up their instances. */
  complete<Status extends ServiceStatus>(
    statuses: readonly Status[],
    instances: readonly ServiceStatus[] = [],
  ): readonly Status[] {
    return statuses.map((status) => {
      const file = this.#output.file(status.name);
      return {
        ...status,
        ...this.#usageOf(status, instances),
        outputFile: file?.path ?? null,
        outputProblem: file?.problem ?? null,
      };
    });
  }

  /** What the supervisor itself uses; null while nobody looks. */
  get self(): SelfUsage | null {
    return this.#resources.self;
  }

  /** Somebody looks until he leaves, so resources are measured; the returned function is his new way out. */
  looking(leave: () => void): () => void {
    const stop = this.#resources.look();
    return () => {
      stop();
      leave();
    };
  }

  /** Somebody asked once and may ask again. */
  glance(): void {
    this.#resources.glance();
  }

  /** Writes the last lines; to be called when every service has stopped. */
  async close(): Promise<void> {
    this.#resources.close();
    await this.#output.close();
  }

  /** A pool has no process of its own: it uses what its instances use. */
  #usageOf(status: ServiceStatus, instances: readonly ServiceStatus[]): ProcessUsage {
    const own = instances.filter((each) => isInstanceOf(each, status.name));
    if (status.pid !== null || own.length === 0) return this.#resources.usageOf(status.pid);
    const usages = own.map((each) => this.#resources.usageOf(each.pid));
    const sum = (key: 'cpuPercent' | 'rssBytes' | 'processes') =>
      usages.reduce<number | null>(
        (total, { [key]: value }) => (value === null ? total : (total ?? 0) + value),
        null,
      );
    return {
      cpuPercent: sum('cpuPercent'),
      rssBytes: sum('rssBytes'),
      processes: sum('processes'),
      startedAt: null,
    };
  }

  #roots(): ReadonlySet<number> {
    const pids = this.#options.services().map(({ pid }) => pid);
    return new Set(pids.filter((pid) => pid !== null));
  }

  #find(service: string): ServiceStatus | undefined {
    const wanted = service.toLowerCase();
    return this.#options.services().find(({ name }) => name.toLowerCase() === wanted);
  }

  /** A pool prints nothing itself: its instances do. */
  #withoutOutput(service: string): CodedError {
    const services = this.#options.services();
    const instances = services.filter((each) => isInstanceOf(each, service));
    const hint =
      instances.length > 0
        ? `It is a pool; ask for one of its instances: ${namesOf(instances)}.`
        : `Known: ${namesOf(services) || 'none'}.`;
    return new CodedError(
      'unknown_service',
      `There is no process "${service.slice(0, 80)}". ${hint}`,
    );
  }
}

function outputSettings(settings: ObserverOptions['settings']): OutputSettings {
  return {
    get enabled() {
      return settings().enabled;
    },
    get ringLines() {
      return settings().ring_lines;
    },
    get file() {
      return settings().file;
    },
    get maxFileBytes() {
      return settings().max_file_mb * bytesPerMb;
    },
    get maxFiles() {
      return settings().max_files;
    },
    get maxTotalBytes() {
      return settings().max_total_mb * bytesPerMb;
    },
  };
}

/** The instances of the pool `mcp` are `mcp:1`, `mcp:2` … */
function isInstanceOf({ name }: ServiceStatus, pool: string): boolean {
  return name.toLowerCase().startsWith(`${pool.toLowerCase()}:`);
}

function namesOf(services: readonly ServiceStatus[]): string {
  return services.map(({ name }) => name).join(', ');
}
