import type { ReactNode } from 'react';
import type { ServiceStatus } from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';
import type { ServiceActionsHandle } from '../hooks/use-service-actions.ts';
import { formatCount, formatExit } from '../model/format.ts';
import { kindWords, runningSince } from '../model/service-view.ts';
import type { UsagePoint } from '../model/usage-history.ts';
import styles from './details.module.css';
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
  return (
    <>
      <dl className={styles.facts}>
        <Fact name="State" wide>
          {stateWord(service.state)} for <Lasting at={service.since} />
          <span className={styles.why}>
            <Health service={service} actions={actions} stopping={stopping} />
          </span>
        </Fact>
        <Fact name="Health check" wide>
          <Probe service={service} />
        </Fact>
        <Fact name="Kind">{kindWords[service.kind]}</Fact>
        <Fact name="Address">{addressOf(service)}</Fact>
        <Fact name="Port">{service.port}</Fact>
        <Fact name="PID">{service.pid}</Fact>
        <Fact name="Uptime">{since === null ? null : <Lasting at={since} />}</Fact>
        <Fact name="Restarts">{formatCount(service.restarts)}</Fact>
        <Fact name="Last exit">
          {service.lastExit === null ? null : (
            <>
              {formatExit(service.lastExit)}, <Ago at={service.lastExit.at} />
            </>
          )}
        </Fact>
        <Fact name="Processes">{service.processes ?? null}</Fact>
        <Fact name="Output file" wide>
          {service.outputProblem ?? (service.outputFile ? <code>{service.outputFile}</code> : null)}
        </Fact>
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

/** The last result of the health check, as far as it is known. */
function Probe({ service: { lastHealthyAt, state, lastError } }: Pick<Props, 'service'>) {
  return (
    <>
      {lastHealthyAt === null ? (
        'Has not passed yet.'
      ) : (
        <>
          Passed <Ago at={lastHealthyAt} />.
        </>
      )}
      {state === 'unhealthy' ? ' Fails now.' : null}
      {lastError === null ? null : <span className={styles.trouble}>Last error: {lastError}</span>}
    </>
  );
}

interface FactProps {
  readonly name: string;
  /** Null: not known, or none. */
  readonly children: ReactNode;
  readonly wide?: boolean;
}

function Fact({ name, children, wide }: FactProps) {
  return (
    <div className={styles.fact} data-wide={wide || undefined}>
      <dt>{name}</dt>
      <dd>{children ?? '–'}</dd>
    </div>
  );
}
