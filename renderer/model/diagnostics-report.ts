/** What somebody pastes into a bug report: what was found, and what runs here. */
import type { DoctorCheck } from '../../shared/control-replies.ts';
import type { DoorStatus, StatusSnapshot } from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';
import { withoutSecrets } from './without-secrets.ts';

const order: readonly DoctorCheck['status'][] = ['problem', 'warning', 'ok'];

export const checkWords: Readonly<Record<DoctorCheck['status'], string>> = {
  problem: 'Problem',
  warning: 'Warning',
  ok: 'Fine',
};

export const doorNames: Readonly<Record<DoorStatus['name'], string>> = {
  socket: 'Control socket',
  tcp: 'Control over TCP',
  page: 'This page',
};

/** The checks, the worst first; those of one kind stay in their order. */
export function worstFirst(checks: readonly DoctorCheck[]): readonly DoctorCheck[] {
  return checks.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

/** `2 problems, 1 warning, 9 fine`. */
export function checksSentence(checks: readonly DoctorCheck[]): string {
  const count = (status: DoctorCheck['status']) =>
    checks.filter((check) => check.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const parts = [
    problems === 0 ? null : `${problems} problem${problems === 1 ? '' : 's'}`,
    warnings === 0 ? null : `${warnings} warning${warnings === 1 ? '' : 's'}`,
    `${count('ok')} fine`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** The whole report as text of fixed lines. It holds paths; secrets in what programs said are taken out. */
export function diagnosticsReport(
  snapshot: StatusSnapshot,
  checks: readonly DoctorCheck[],
  now: Date,
): string {
  const { self, config, events, services, doors } = snapshot;
  const lines = [
    `Project Memory Supervisor ${snapshot.version}, process ${snapshot.pid}`,
    `Started ${snapshot.startedAt}, reported ${now.toISOString()}`,
    `Configuration ${config.path} (${config.running}, ${config.problems.length} problems)`,
    self ? `CPU ${self.cpuPercent.toFixed(1)} %, memory ${self.rssBytes} bytes` : null,
    self && self.eventLoopDelayMs !== null ? `Event loop delay ${self.eventLoopDelayMs} ms` : null,
    `Events: ${events.published} emitted, ${events.subscribers.length} subscribers, journal ${events.journal.state}`,
    '',
    'Checks',
    ...worstFirst(checks).flatMap(({ status, title, message, cure }) => [
      `  [${status}] ${title}: ${message}`,
      ...(cure === null ? [] : [`    ${cure}`]),
    ]),
    '',
    'Services',
    ...services.map(
      ({ name, state, reason, restarts, port }) =>
        `  ${name}: ${stateWord(state)} (${reason}), port ${port ?? 'none'}, ${restarts} restarts`,
    ),
    '',
    'Doors',
    ...doors.map(
      ({ name, state, address, error }) =>
        `  ${name}: ${state} ${address}${error === null ? '' : ` (${error})`}`,
    ),
  ];
  return withoutSecrets(lines.filter((line) => line !== null).join('\n'));
}
