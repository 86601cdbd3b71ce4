import { useState } from 'react';
import type { InstanceStatus } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatCount, formatQuantity } from '../model/format.ts';
import { type PoolView, upgradeSentence } from '../model/session-view.ts';
import type { UsageHistory } from '../model/usage-history.ts';
import { StateBadge } from './badge.tsx';
import { Button } from './button.tsx';
import { Cell } from './cell.tsx';
import styles from './pool-section.module.css';
import { Refusal } from './refusal.tsx';
import { Lasting } from './relative-time.tsx';
import { EmptyState, Section } from './section.tsx';
import table from './table.module.css';
import { Usage } from './usage.tsx';

interface Props {
  readonly view: PoolView;
  readonly usage: UsageHistory;
}

const attempts = { ScaleUpMcp: 'Start one more instance', UpgradeMcp: 'Replace all instances' };

/** One pool: its instances with their load, and what can be done with all of them. */
export function PoolSection({ view, usage }: Props) {
  const { pool, instances, moving } = view;
  const { pending, error, send, dismiss } = useControl();
  const [attempt, setAttempt] = useState<keyof typeof attempts>('ScaleUpMcp');
  const upgrade = pool.upgrade ?? null;
  const isUpgrading = upgrade !== null && upgrade.failed === null && upgrade.done < upgrade.total;

  function act(type: keyof typeof attempts): void {
    setAttempt(type);
    void send<keyof typeof attempts>({ type, service: pool.name });
  }

  const note = formatQuantity(instances.length, 'instance');
  return (
    <Section
      title={`${pool.displayName} pool`}
      note={moving === 0 ? note : `${note}, ${formatQuantity(moving, 'session')} moving`}
      actions={
        <>
          <Button icon="start" unavailable={pending} onPress={() => act('ScaleUpMcp')}>
            Scale up<span className="visually-hidden"> {pool.displayName}</span>
          </Button>
          <Button
            icon="restart"
            unavailable={pending || isUpgrading || instances.length === 0}
            title="Replaces every instance by a new process, one by one; no session breaks"
            onPress={() => act('UpgradeMcp')}
          >
            Rolling upgrade<span className="visually-hidden"> of {pool.displayName}</span>
          </Button>
        </>
      }
    >
      {error === null ? null : (
        <div className={styles.notice}>
          <Refusal attempt={attempts[attempt]} error={error} onDismiss={dismiss} />
        </div>
      )}
      {upgrade === null ? null : (
        <div className={styles.notice} data-failed={upgrade.failed !== null || undefined}>
          <span role="status">{upgradeSentence(upgrade)}</span>
          {isUpgrading ? (
            <progress
              className={styles.progress}
              aria-label={`Upgrade of ${pool.displayName}`}
              max={upgrade.total}
              value={upgrade.done}
            />
          ) : null}
        </div>
      )}
      {instances.length === 0 ? (
        <EmptyState>No instance runs. The first request of a client starts one.</EmptyState>
      ) : (
        <Instances instances={instances} usage={usage} />
      )}
    </Section>
  );
}

function Instances({
  instances,
  usage,
}: {
  readonly instances: readonly InstanceStatus[];
  readonly usage: UsageHistory;
}) {
  const most = Math.max(1, ...instances.map(({ sessions }) => sessions));
  return (
    <table className={`${table.table} ${styles.instances}`} data-cards-below="960">
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">State</th>
          <th scope="col">Sessions</th>
          <th scope="col" className={table.number}>
            In flight
          </th>
          <th scope="col" className={table.number}>
            Calls
          </th>
          <th scope="col">CPU</th>
          <th scope="col">Memory</th>
          <th scope="col" className={table.number}>
            Restarts
          </th>
          <th scope="col" className={table.number}>
            Port
          </th>
          <th scope="col" className={table.number}>
            Process
          </th>
        </tr>
      </thead>
      <tbody>
        {instances.map((instance) => (
          <tr key={instance.name}>
            <th scope="row">{instance.name}</th>
            <td data-wide>
              <StateBadge state={instance.state} />
              <span className={table.detail}>
                for <Lasting at={instance.since} />
              </span>
            </td>
            <Cell label="Sessions">
              <Load sessions={instance.sessions} most={most} />
            </Cell>
            <Cell label="In flight" align="number">
              {formatCount(instance.inFlight)}
            </Cell>
            <Cell label="Calls" align="number">
              {formatCount(instance.calls)}
            </Cell>
            <Cell label="CPU">
              <Usage measure="cpu" points={usage.series.get(instance.name) ?? []} />
            </Cell>
            <Cell label="Memory">
              <Usage measure="memory" points={usage.series.get(instance.name) ?? []} />
            </Cell>
            <Cell label="Restarts" align="number">
              {formatCount(instance.restarts)}
            </Cell>
            <Cell label="Port" align="number">
              {instance.port}
            </Cell>
            <Cell label="Process" align="number">
              {instance.pid}
            </Cell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The number, and a bar beside it that compares the instances. */
function Load({ sessions, most }: { readonly sessions: number; readonly most: number }) {
  return (
    <span className={styles.load}>
      <span className={styles.count}>{formatCount(sessions)}</span>
      <svg className={styles.bar} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect className={styles.track} width="100" height="6" />
        <rect className={styles.fill} width={(100 * sessions) / most} height="6" />
      </svg>
    </span>
  );
}
