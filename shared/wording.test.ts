import { expect, test } from 'vitest';
import { serviceFixture } from './status.test-helper.ts';
import { type ServiceState, type ServiceStatus, serviceStates } from './status.ts';
import {
  displayName,
  eventsIndicator,
  eventsTooltipLine,
  maxTooltipLength,
  overallHealth,
  overallSentence,
  stateWord,
  trayTooltip,
} from './wording.ts';

function service(name: string, state: ServiceState, onDemand = false): ServiceStatus {
  return serviceFixture(name, state, { onDemand });
}

type Running = 'file' | 'last_good' | 'none';

function facts(services: readonly ServiceStatus[], running: Running = 'file', stopping = false) {
  return { services, config: { path: 'supervisor.toml', running, problems: [] }, stopping };
}

function events(enabled: boolean, count: number) {
  return { enabled, subscribers: { length: count } };
}

const mcp = service('mcp', 'ready');
const terminal = service('interactive_terminal', 'stopped', true);

test('every state has a word of its own', () => {
  expect(new Set(serviceStates.map(stateWord)).size).toBe(serviceStates.length);
});

test('the indicator and the tooltip line say whether events flow, to how many', () => {
  expect(eventsIndicator(events(true, 3))).toBe('Events: ● Active (3 subscribers)');
  expect(eventsIndicator(events(true, 1))).toBe('Events: ● Active (1 subscriber)');
  expect(eventsIndicator(events(true, 0))).toBe('Events: ○ No subscribers');
  expect(eventsIndicator(events(false, 3))).toBe('Events: ○ Disabled');
  expect(eventsTooltipLine(events(true, 3))).toBe('Events: ● 3 subscribers');
  expect(eventsTooltipLine(events(true, 1))).toBe('Events: ● 1 subscriber');
  expect(eventsTooltipLine(events(true, 0))).toBe('Events: ● 0 subscribers');
  expect(eventsTooltipLine(events(false, 0))).toBe('Events: ○ disabled');
});

test('health is that of the worst service', () => {
  const worst: Record<ServiceState, string> = {
    ready: 'healthy',
    starting: 'busy',
    stopping: 'busy',
    stopped: 'healthy',
    unhealthy: 'degraded',
    backing_off: 'degraded',
    crash_loop: 'failed',
    failed: 'failed',
  };
  for (const state of serviceStates) {
    expect(overallHealth(facts([mcp, service('dashboard', state)])), state).toBe(worst[state]);
  }
  const all = serviceStates.map((state, index) => service(`s${index}`, state));
  expect(overallHealth(facts(all))).toBe('failed');
});

test('a service that runs only on demand does not spoil the health, unless it fails (old weakness W21)', () => {
  expect(overallHealth(facts([mcp, terminal]))).toBe('healthy');
  expect(overallSentence(facts([mcp, terminal]))).toBe('1 service running.');
  expect(overallHealth(facts([mcp, service('terminal', 'failed', true)]))).toBe('failed');
});

test('a broken configuration shows, and so does the end', () => {
  expect(overallHealth(facts([mcp], 'last_good'))).toBe('degraded');
  expect(overallSentence(facts([mcp], 'last_good'))).toBe(
    '1 service running. The configuration file has errors.',
  );
  expect(overallHealth(facts([], 'none'))).toBe('failed');
  expect(overallSentence(facts([], 'none'))).toMatch(/configuration has errors/);
  expect(overallHealth(facts([mcp], 'file', true))).toBe('busy');
  expect(overallSentence(facts([mcp], 'file', true))).toBe('Stopping.');
});

test('one sentence tells what runs, and names what does not', () => {
  const dashboard = (state: ServiceState) => service('dashboard', state);
  expect(overallSentence(facts([]))).toBe('No service is enabled.');
  expect(overallSentence(facts([terminal]))).toBe('No service is enabled.');
  expect(overallSentence(facts([mcp, dashboard('ready')]))).toBe('All 2 services running.');
  expect(overallSentence(facts([mcp, dashboard('crash_loop')]))).toBe(
    '1 of 2 running. Dashboard: crash loop.',
  );
  expect(overallSentence(facts([mcp, dashboard('unhealthy'), service('search', 'starting')]))).toBe(
    '1 of 3 running. Dashboard: not answering. Search: starting.',
  );
});

test('the tooltip says name, sentence and events, each on its line', () => {
  expect(trayTooltip({ ...facts([mcp]), events: events(true, 3) })).toBe(
    'Project Memory Supervisor\n1 service running.\nEvents: ● 3 subscribers',
  );
});

test('the tooltip never passes what Windows shows, and never loses its events line (old weakness W34)', () => {
  for (let count = 0; count <= 20; count += 1) {
    for (const length of [1, 5, 17, 64]) {
      for (const [enabled, subscribers] of [
        [true, 0],
        [true, 1],
        [true, 1_000_000],
        [false, 0],
      ] as const) {
        const services = Array.from({ length: count }, (_, index) =>
          service(`s${index}`.padEnd(length, 'x'), 'crash_loop'),
        );
        const told = events(enabled, subscribers);
        const tooltip = trayTooltip({ ...facts(services, 'last_good'), events: told });
        expect(tooltip.length).toBeLessThanOrEqual(maxTooltipLength);
        expect(tooltip.endsWith(`\n${eventsTooltipLine(told)}`)).toBe(true);
        expect(tooltip.startsWith('Project Memory Supervisor\n')).toBe(true);
      }
    }
  }
  expect(maxTooltipLength).toBe(127);
});

test('a sentence that was cut says so, and uses the room there is', () => {
  const services = Array.from({ length: 20 }, (_, index) => service(`service-${index}`, 'failed'));
  const tooltip = trayTooltip({ ...facts(services), events: events(true, 3) });
  expect(tooltip).toHaveLength(maxTooltipLength);
  expect(tooltip.split('\n')[1]).toMatch(/…$/);
});

test.each([
  ['mcp', 'MCP'],
  ['dashboard', 'Dashboard'],
  ['interactive_terminal', 'Interactive Terminal'],
  ['fallback_api', 'Fallback API'],
  ['my-search', 'My Search'],
  ['über_server', 'Über Server'],
  ['Already Fine', 'Already Fine'],
  ['v2', 'V2'],
])('%s is shown as %s', (name, shown) => {
  expect(displayName(name)).toBe(shown);
});
