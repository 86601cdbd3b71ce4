import type { ServiceStatus } from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';
import type { ServiceActionsHandle } from '../hooks/use-service-actions.ts';
import { formatCommand, formatCount, formatExit, formatMs } from '../model/format.ts';
import { kindWords, runningSince } from '../model/service-view.ts';
import type { UsagePoint } from '../model/usage-history.ts';
import styles from './details.module.css';
import { Fact } from './fact.tsx';
import { Ago, Lasting } from './relative-time.tsx';
import { addressOf, Health } from './service-cells.tsx';
import { Usage } from './usage.tsx';

interface Props {
  readonly service: ServiceStatus;
  readonly points: readonly UsagePoint[];
  readonly actions: ServiceActionsHandle;
  readonly stopping: boolean;
}

/** What is known of a service at this moment. */
export function DetailsFacts({ service, points, actions, stopping }: Props) {
  const since = runningSince(service);
  // A pool has neither a process nor output of its own: its instances have.
  const isPool = service.kind === 'mcp_pool';
  return (
    <>
      <dl className={styles.facts}>
        <Fact name="State" wide>
          {stateWord(service.state)} for <Lasting at={service.since} />
          <span className={styles.why}>
            <Health service={service} actions={actions} stopping={stopping} />
          </span>
        </Fact>
        <ProbeFacts service={service} />
        <ProgramFacts service={service} />
        <Fact name="Kind">{kindWords[service.kind]}</Fact>
        <Fact name="Address">{addressOf(service)}</Fact>
        {isPool ? null : (
          <>
            <Fact name="Port">{service.port}</Fact>
            <Fact name="PID">{service.pid}</Fact>
            <Fact name="Processes">{service.processes ?? null}</Fact>
          </>
        )}
        <Fact name="Uptime">{since === null ? null : <Lasting at={since} />}</Fact>
        <Fact name="Restarts">{formatCount(service.restarts)}</Fact>
        <Fact name="Last exit">
          {service.lastExit === null ? null : (
            <>
              {formatExit(service.lastExit)}, <Ago at={service.lastExit.at} />
            </>
          )}
        </Fact>
        {isPool ? null : (
          <Fact name="Output file" wide>
            {service.outputProblem ??
              (service.outputFile ? <code>{service.outputFile}</code> : null)}
          </Fact>
        )}
      </dl>
      <dl className={styles.charts}>
        <Fact name="CPU">
          <Usage measure="cpu" points={points} size="large" />
        </Fact>
        <Fact name="Memory">
          <Usage measure="memory" points={points} size="large" />
        </Fact>
      </dl>
    </>
  );
}

/** What is run; absent where nothing is known of it. */
function ProgramFacts({ service }: Pick<Props, 'service'>) {
  const { program } = service;
  if (!program) return null;
  return (
    <>
      <Fact name="Command" wide>
        <code>{formatCommand(program)}</code>
      </Fact>
      <Fact name="Working folder" wide>
        {program.workingDir === null ? (
          'That of the supervisor.'
        ) : (
          <code>{program.workingDir}</code>
        )}
      </Fact>
      <Fact name="Environment" wide>
        {program.variables.length === 0 ? (
          'Nothing is set for it; it inherits that of the supervisor.'
        ) : (
          <>
            <code>{program.variables.join(' ')}</code>; values are not shown
          </>
        )}
      </Fact>
    </>
  );
}

/** How it is asked whether it is well, and what the last answer was. */
function ProbeFacts({ service }: Pick<Props, 'service'>) {
  const { probe } = service;
  return (
    <>
      {probe ? (
        <>
          <Fact name="Ready when" wide>
            {probe.ready === null ? (
              'Its process runs.'
            ) : (
              <>
                <code>{probe.ready}</code>, within {formatMs(probe.startTimeoutMs)} of its start
              </>
            )}
          </Fact>
          <Fact name="Health check" wide>
            {probe.alive === null ? (
              'None: it is up as long as its process runs.'
            ) : (
              <>
                <code>{probe.alive}</code> every {formatMs(probe.periodMs)}, to be answered within{' '}
                {formatMs(probe.timeoutMs)}; restarted after {probe.threshold} misses in a row
              </>
            )}
          </Fact>
        </>
      ) : null}
      <LastResult service={service} />
    </>
  );
}

/** What came of the last question; absent where none is ever asked and nothing went wrong. */
function LastResult({ service }: Pick<Props, 'service'>) {
  const { probe, lastHealthyAt, state, lastError, reason } = service;
  const isAsked = probe == null || probe.ready !== null || probe.alive !== null;
  const trouble = lastError !== null && !reason.includes(lastError) ? lastError : null;
  if (!isAsked && trouble === null) return null;
  return (
    <Fact name="Last result" wide>
      {isAsked ? <Passed at={lastHealthyAt} /> : null}
      {state === 'unhealthy' ? ' Fails now.' : null}
      {trouble === null ? null : <span className={styles.trouble}>Last error: {trouble}</span>}
    </Fact>
  );
}

function Passed({ at }: { readonly at: string | null }) {
  if (at === null) return 'Has not passed yet.';
  return (
    <>
      Passed <Ago at={at} />.
    </>
  );
}
