import type { InstanceStatus } from '../../shared/status.ts';
import { routeHash } from '../model/route.ts';
import { StateBadge } from './badge.tsx';
import styles from './details.module.css';
import { EmptyState, SubSection } from './section.tsx';
import { PoolFigures } from './service-cells.tsx';

/** A pool has no process and no output of its own: the way to those that have. */
export function DetailsInstances({ instances }: { readonly instances: readonly InstanceStatus[] }) {
  return (
    <SubSection title="Instances" note={String(instances.length)}>
      {instances.length === 0 ? (
        <EmptyState>No instance runs.</EmptyState>
      ) : (
        <ul className={styles.instances}>
          {instances.map((instance) => (
            <li className={styles.instance} key={instance.name}>
              <a href={routeHash('services', instance.name)}>{instance.displayName}</a>
              <StateBadge state={instance.state} />
              <PoolFigures instance={instance} />
              <a href={routeHash('logs', instance.name)}>
                Logs<span className="visually-hidden"> of {instance.displayName}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </SubSection>
  );
}
