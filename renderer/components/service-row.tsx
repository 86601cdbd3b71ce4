import { memo, type ReactNode } from 'react';
import type { InstanceStatus, ServiceStatus } from '../../shared/status.ts';
import { useServiceActions } from '../hooks/use-service-actions.ts';
import { routeHash } from '../model/route.ts';
import type { UsagePoint } from '../model/usage-history.ts';
import { StateBadge } from './badge.tsx';
import { Cell } from './cell.tsx';
import { Refusal } from './refusal.tsx';
import { ServiceActions } from './service-actions.tsx';
import {
  Address,
  addressOf,
  Health,
  InstancesToggle,
  PoolFigures,
  Restarts,
  Span,
} from './service-cells.tsx';
import styles from './services-section.module.css';
import { usageOf } from './usage.tsx';

interface Props {
  readonly service: ServiceStatus;
  /** The same status where the row is an instance of the pool, else null. */
  readonly pooled: InstanceStatus | null;
  /** How many instances stand under this row. */
  readonly instances: number;
  readonly isFolded: boolean;
  /** Shows or hides the instances of a pool. */
  readonly onFold: (pool: string) => void;
  /** What it used lately, oldest first. */
  readonly points: readonly UsagePoint[];
  /** The whole supervisor is stopping: no action makes sense any more. */
  readonly stopping: boolean;
}

export const ServiceRow = memo(function ServiceRow({
  service,
  pooled,
  instances,
  isFolded,
  onFold,
  points,
  stopping,
}: Props) {
  const actions = useServiceActions(service);
  return (
    <>
      <tr
        className={pooled === null ? undefined : styles.pooled}
        aria-busy={actions.pending || undefined}
      >
        <th scope="row" className={styles.name}>
          <DetailLink service={service}>{service.displayName}</DetailLink>
          {pooled === null ? null : <PoolFigures instance={pooled} />}
          {instances === 0 ? null : (
            <InstancesToggle
              pool={service.displayName}
              count={instances}
              isFolded={isFolded}
              onFold={() => onFold(service.name)}
            />
          )}
        </th>
        <td data-wide>
          <StateBadge state={service.state} />
          <Span service={service} />
        </td>
        <td data-wide>
          <Health service={service} actions={actions} stopping={stopping} />
        </td>
        <Cell label="Restarts">
          <Restarts service={service} />
        </Cell>
        <Cell label="CPU">{usageOf('cpu', points)}</Cell>
        <Cell label="Memory">{usageOf('memory', points)}</Cell>
        <Cell label="Address" long>
          {service.pid === null && addressOf(service) === null ? null : (
            <Address service={service} />
          )}
        </Cell>
        <td className={styles.actions}>
          <ServiceActions look="icons" service={service} actions={actions} stopping={stopping} />
        </td>
      </tr>
      {actions.error === null ? null : (
        <tr className={styles.refusal}>
          <td colSpan={8} data-wide>
            <Refusal
              attempt={`${actions.attempt} ${service.displayName}`}
              error={actions.error}
              onDismiss={actions.dismiss}
            />
          </td>
        </tr>
      )}
    </>
  );
});

function DetailLink({ service, children }: Pick<Props, 'service'> & { children: ReactNode }) {
  return (
    <a
      className={styles.detail}
      href={routeHash('services', service.name)}
      data-service={service.name}
      data-arrow-stop
    >
      {children}
    </a>
  );
}
