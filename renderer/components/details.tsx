import { useEffect, useId, useRef } from 'react';
import type { ServiceStatus, StatusSnapshot } from '../../shared/status.ts';
import { useServiceActions } from '../hooks/use-service-actions.ts';
import { routeHash } from '../model/route.ts';
import { findService } from '../model/service-view.ts';
import type { UsagePoint } from '../model/usage-history.ts';
import { StateBadge } from './badge.tsx';
import { IconButton } from './button.tsx';
import styles from './details.module.css';
import { DetailsFacts } from './details-facts.tsx';
import { DetailsHistory } from './details-history.tsx';
import { DetailsInstances } from './details-instances.tsx';
import { DetailsProcesses } from './details-processes.tsx';
import { LogPane } from './log-pane.tsx';
import { Refusal } from './refusal.tsx';
import { SubSection } from './section.tsx';
import { ServiceActions } from './service-actions.tsx';

interface Props {
  readonly name: string;
  readonly snapshot: StatusSnapshot;
  /** What it used lately, oldest first. */
  readonly points: readonly UsagePoint[];
}

/**
 * Everything about one service, in a drawer over the table. It is a dialog of the browser's own: Esc
 * closes it, and so does a click beside it; the focus stays inside and goes back to where it came from.
 * Keyed by the service.
 */
export function Details({ name, snapshot, points }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const service = findService(snapshot, name);
  const close = () => dialog.current?.close();

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      // Opened by its address there is no place to go back to: then it is the service's own row.
      if (document.activeElement !== document.body) return;
      document.querySelector<HTMLElement>(`[data-service="${CSS.escape(name)}"]`)?.focus();
    };
  }, [name]);

  return (
    <dialog
      ref={dialog}
      className={styles.drawer}
      aria-labelledby={titleId}
      closedby="any"
      // The event comes late: by then it may be open again (React's strict mode mounts twice).
      onClose={() => {
        if (dialog.current?.open === false) leave();
      }}
    >
      <div className={styles.content}>
        <div className={styles.head}>
          <h2 className={styles.title} id={titleId}>
            {service?.displayName ?? name}
          </h2>
          {service === undefined ? null : <StateBadge state={service.state} />}
          <span className={styles.close}>
            <IconButton icon="close" label="Close the details" title="Close" onPress={close} />
          </span>
        </div>
        {service === undefined ? (
          <p className={styles.gone}>There is no service of this name (any more).</p>
        ) : (
          <Body service={service} snapshot={snapshot} points={points} />
        )}
      </div>
    </dialog>
  );
}

interface BodyProps extends Pick<Props, 'snapshot' | 'points'> {
  readonly service: ServiceStatus;
}

function Body({ service, snapshot, points }: BodyProps) {
  const actions = useServiceActions(service);
  const isPool = service.kind === 'mcp_pool';
  return (
    <>
      <div className={styles.actions}>
        <ServiceActions
          look="words"
          service={service}
          actions={actions}
          stopping={snapshot.stopping}
        />
      </div>
      {actions.error === null ? null : (
        <Refusal
          attempt={`${actions.attempt} ${service.displayName}`}
          error={actions.error}
          onDismiss={actions.dismiss}
        />
      )}
      <DetailsFacts
        service={service}
        points={points}
        actions={actions}
        stopping={snapshot.stopping}
      />
      {isPool ? (
        <DetailsInstances
          instances={snapshot.instances.filter(({ server }) => server === service.name)}
        />
      ) : (
        <DetailsProcesses key={service.name} service={service} />
      )}
      <DetailsHistory key={`history of ${service.name}`} service={service} />
      {isPool ? null : (
        <SubSection title="Logs" note={<a href={routeHash('logs', service.name)}>Larger</a>}>
          <div className={styles.log}>
            <LogPane key={service.name} name={service.name} displayName={service.displayName} />
          </div>
        </SubSection>
      )}
    </>
  );
}

/** Back to the table; the address says that nothing is open. */
function leave(): void {
  location.hash = routeHash('services');
}
