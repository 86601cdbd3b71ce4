/**
 * What the page knows, kept true by events. Every change of the connection's state and every event
 * names what has to be read again; reads run one after another, and the same thing asked for twice
 * while it waits is read once. So an old answer can never overwrite a newer one, and a burst of a
 * thousand events about one plan costs a read or two. Nothing is read without a reason.
 */
import type {
  McpEvent,
  PlanDetail,
  PlanSummary,
  SocketMessage,
  Workspace,
} from '../dashboard-api.d.ts';
import type { ApiClient } from './api-client.ts';

/** How many changes the page lists. */
const listedChanges = 50;

/** With more different things to read than this, one read of everything is cheaper. */
const maxQueuedReads = 16;

export interface Knowledge {
  /** `connecting` until the first connection stands or fails. */
  readonly connection: 'connecting' | 'live' | 'lost';
  /** False until everything was read once. */
  readonly loaded: boolean;
  /** Why the last read failed. */
  readonly problem: string | null;
  readonly workspaces: readonly Workspace[];
  /** By plan id. */
  readonly plans: ReadonlyMap<string, PlanSummary>;
  /** The plan in view: not read yet, gone, or there. */
  readonly open: PlanDetail | 'loading' | 'missing' | null;
  /** Newest first. */
  readonly changes: readonly McpEvent[];
  /** How many changes came in while the page watched. */
  readonly received: number;
}

type Target = 'everything' | `plan:${string}` | `workspace:${string}`;

export class LiveModel {
  readonly #client: ApiClient;
  readonly #listeners = new Set<() => void>();
  readonly #queue = new Set<Target>();
  #reading = false;
  #openId: string | null = null;
  #knowledge: Knowledge = {
    connection: 'connecting',
    loaded: false,
    problem: null,
    workspaces: [],
    plans: new Map(),
    open: null,
    changes: [],
    received: 0,
  };

  constructor(client: ApiClient) {
    this.#client = client;
  }

  // Arrow functions: React's useSyncExternalStore takes them without their object.
  readonly snapshot = (): Knowledge => this.#knowledge;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Events flow from now on, so what is read now can only be older by what they will tell. */
  connected(): void {
    this.#update({ connection: 'live' });
    this.reload();
  }

  lost(): void {
    // The page is worth reading without events, too.
    if (!this.#knowledge.loaded) this.reload();
    this.#update({ connection: 'lost' });
  }

  /** Reads everything again. */
  reload(): void {
    this.#read('everything');
  }

  receive(message: SocketMessage): void {
    if (message.type === 'resync') this.reload();
    // A newer server may say more; unknown words are no reason to stop.
    if (message.type === 'mcp_event') this.#changed(message.data);
  }

  /** Which plan is in view. */
  openPlan(id: string | null): void {
    if (id === this.#openId) return;
    this.#openId = id;
    this.#update({ open: id === null ? null : 'loading' });
    if (id !== null) this.#read(`plan:${id}`);
  }

  #changed(event: McpEvent): void {
    const { changes, received } = this.#knowledge;
    if (changes.some(({ id }) => id === event.id)) return;
    this.#update({ changes: [event, ...changes].slice(0, listedChanges), received: received + 1 });
    if (event.plan_id) this.#read(`plan:${event.plan_id}`);
    else if (event.workspace_id) this.#read(`workspace:${event.workspace_id}`);
  }

  #read(target: Target): void {
    if (this.#queue.has('everything')) return;
    if (target === 'everything' || this.#queue.size >= maxQueuedReads) {
      this.#queue.clear();
      this.#queue.add('everything');
    } else {
      this.#queue.add(target);
    }
    if (!this.#reading) void this.#readQueue();
  }

  async #readQueue(): Promise<void> {
    this.#reading = true;
    for (const target of this.#queue) {
      this.#queue.delete(target);
      try {
        await this.#readOne(target);
        this.#update({ problem: null });
      } catch (error) {
        this.#update({ problem: error instanceof Error ? error.message : String(error) });
      }
    }
    this.#reading = false;
  }

  async #readOne(target: Target): Promise<void> {
    if (target === 'everything') return this.#readEverything();
    const id = target.slice(target.indexOf(':') + 1);
    return target.startsWith('plan:') ? this.#readPlan(id) : this.#readWorkspace(id);
  }

  async #readEverything(): Promise<void> {
    const openId = this.#openId;
    const [workspaces, plans, recent, open] = await Promise.all([
      this.#client.workspaces(),
      this.#client.plans(),
      this.#client.events(listedChanges),
      openId === null ? null : this.#client.plan(openId),
    ]);
    // Not every change is in the database: a supervisor also tells of other sources.
    const logged = new Set(recent.events.map(({ id }) => id));
    const others = this.#knowledge.changes.filter(({ id }) => !logged.has(id));
    const changes = [...others, ...recent.events].toSorted((one, other) =>
      other.timestamp.localeCompare(one.timestamp),
    );
    this.#update({
      loaded: true,
      workspaces,
      plans: new Map(plans.map((plan) => [plan.id, plan])),
      changes: changes.slice(0, listedChanges),
    });
    if (openId !== null) this.#show(openId, open);
  }

  async #readPlan(id: string): Promise<void> {
    const plan = await this.#client.plan(id);
    const plans = new Map(this.#knowledge.plans);
    if (plan === null) plans.delete(id);
    else plans.set(id, plan);
    this.#update({ plans });
    this.#show(id, plan);
    const workspaceId = plan?.workspace_id;
    if (workspaceId !== undefined && !this.#knows(workspaceId))
      this.#read(`workspace:${workspaceId}`);
  }

  async #readWorkspace(id: string): Promise<void> {
    const found = await this.#client.workspace(id);
    const others = this.#knowledge.workspaces.filter((workspace) => workspace.id !== id);
    const plans = new Map(
      [...this.#knowledge.plans].filter(([, plan]) => plan.workspace_id !== id),
    );
    for (const plan of found?.plans ?? []) plans.set(plan.id, plan);
    this.#update({ workspaces: found === null ? others : [...others, found], plans });
  }

  #show(id: string, plan: PlanDetail | null): void {
    // The reader may have gone on to another plan while this one was read.
    if (id === this.#openId) this.#update({ open: plan ?? 'missing' });
  }

  #knows(workspaceId: string): boolean {
    return this.#knowledge.workspaces.some(({ id }) => id === workspaceId);
  }

  #update(change: Partial<Knowledge>): void {
    this.#knowledge = { ...this.#knowledge, ...change };
    for (const listener of this.#listeners) listener();
  }
}
