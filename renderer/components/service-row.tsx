import { memo, useState } from 'react';
import type { InstanceStatus, ServiceStatus } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatCount, formatExit } from '../model/format.ts';
import { isSensible, type ServiceAction, serviceActions } from '../model/service-view.ts';
import { StateBadge } from './badge.tsx';
import { IconButton } from './button.tsx';
import { Cell } from './cell.tsx';
import type { IconName } from './icon.tsx';
import { Refusal } from './refusal.tsx';
import { Ago, Lasting } from './relative-time.tsx';
import { addressOf, PoolFigures, Why } from './service-cells.tsx';
import styles from './services-section.module.css';

const actionIcons: Readonly<Record<ServiceAction, IconName>> = {
  Start: 'start',
  Stop: 'stop',
  Restart: 'restart',
};

interface Props {
  readonly service: ServiceStatus;
  /** The same status where the row is an instance of the pool, else null. */
  readonly pooled: InstanceStatus | null;
  /** The whole supervisor is stopping: no action makes sense any more. */
  readonly stopping: boolean;
}

export const ServiceRow = memo(function ServiceRow({ service, pooled, stopping }: Props) {
  const { pending, error, send, dismiss } = useControl();
  const [attempt, setAttempt] = useState<ServiceAction>('Start');
  // The pool keeps its own number of instances, so one of them can only be renewed.
  const actions = pooled === null ? serviceActions : (['Restart'] as const);

  function act(action: ServiceAction): void {
    setAttempt(action);
    void send<ServiceAction>({ type: action, service: service.name });
  }

  return (
    <>
      <tr className={pooled === null ? undefined : styles.pooled} aria-busy={pending || undefined}>
        <th scope="row" className={styles.name}>
          {service.displayName}
          {pooled === null ? null : <PoolFigures instance={pooled} />}
        </th>
        <td data-wide>
          <StateBadge state={service.state} />
        </td>
        <td data-wide>
          <Why service={service} />
        </td>
        <Cell label="Address" long>
          {addressOf(service)}
        </Cell>
        <Cell label="PID" align="number">
          {service.pid}
        </Cell>
        <Cell label="Restarts" align="number">
          {formatCount(service.restarts)}
        </Cell>
        <Cell label="Last exit" long>
          {service.lastExit === null ? null : (
            <>
              {formatExit(service.lastExit)}, <Ago at={service.lastExit.at} />
            </>
          )}
        </Cell>
        <Cell label="For">
          <Lasting at={service.since} />
        </Cell>
        <td className={styles.actions}>
          {actions.map((action) => (
            <IconButton
              key={action}
              icon={actionIcons[action]}
              label={`${action} ${service.displayName}`}
              title={action}
              unavailable={pending || stopping || !isSensible(action, service.state)}
              onPress={() => act(action)}
            />
          ))}
        </td>
      </tr>
      {error === null ? null : (
        <tr className={styles.refusal}>
          <td colSpan={9} data-wide>
            <Refusal
              attempt={`${attempt} ${service.displayName}`}
              error={error}
              onDismiss={dismiss}
            />
          </td>
        </tr>
      )}
    </>
  );
});
