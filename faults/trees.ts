/** F7: trees of processes that escape a naive stop. */
import assert from 'node:assert/strict';
import { treeShapes } from '../main/supervisor/services/tree-shapes.test-helper.ts';
import type { RunningSupervisor } from '../test/harness.ts';
import { until } from '../test/until.ts';
import { bare, serviceIn } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

/** Short, so that those that do not listen are soon ended by force. */
const stopGraceMs = 300;

const names = Object.keys(treeShapes);

const servers = Object.values(treeShapes).map((source, index) => ({
  name: `tree-${index}`,
  command: 'sh',
  args: ['-c', source],
  readiness_log: 'up',
  stop_grace_ms: stopGraceMs,
  // One of them exits at once: it stays away, and what it left is ended.
  restart_policy: 'never_restart',
}));

async function plant(stage: Stage): Promise<RunningSupervisor> {
  const supervisor = await stage.start({ settings: bare, servers, isReady: () => true });
  await supervisor.until('every tree to stand', ({ services }) =>
    services.every(({ state }) => state === 'ready' || state === 'stopped'),
  );
  return supervisor;
}

async function stopTrees(stage: Stage): Promise<string> {
  const supervisor = await plant(stage);
  const { place } = supervisor;
  const all = place.survivors().length;
  for (const { name } of servers) {
    await supervisor.control<'Stop'>({ type: 'Stop', service: name });
  }
  await supervisor.until('every tree to be stopped', (it) =>
    servers.every(({ name }) => serviceIn(it, name).state === 'stopped'),
  );
  // Stopped was said: nothing may be left now, not a moment later.
  const left = place.survivors().filter(({ command }) => /sleep|trap|while/.test(command));
  const own = left.filter(({ command }) => !command.includes('ours()'));
  assert.deepEqual(own, [], 'said to be stopped');
  return `${names.length} shapes (${names.join(', ')}), ${all} processes: none was left when "stopped" was said`;
}

async function killTrees(stage: Stage): Promise<string> {
  const supervisor = await plant(stage);
  const all = supervisor.place.survivors().length;
  const since = performance.now();
  supervisor.process.kill('SIGKILL');
  await until(() => supervisor.place.survivors().length === 0, {
    what: 'the end of every tree',
    timeoutMs: 3_000,
    instead: () => supervisor.place.survivors(),
  });
  return `${all} processes, all gone ${Math.round(performance.now() - since)} ms after the supervisor`;
}

export const trees: readonly Fault[] = [
  {
    id: 'F7',
    done: 'a stop of services that ignore SIGTERM, make sessions of their own, fork twice or die before their children',
    promised: '"stopped" is said when nothing of the tree is left',
    isQuick: false,
    lacks: onlyOnLinux,
    run: stopTrees,
  },
  {
    id: 'F7b',
    done: 'kill -9 of the supervisor above such trees',
    promised: 'all of them end with it',
    isQuick: false,
    lacks: onlyOnLinux,
    run: killTrees,
  },
];
