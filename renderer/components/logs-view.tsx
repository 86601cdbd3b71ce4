import { routeHash } from '../model/route.ts';
import { printingServices } from '../model/service-view.ts';
import type { ViewProps } from '../view.ts';
import { Badge, StateBadge } from './badge.tsx';
import { LogPane } from './log-pane.tsx';
import styles from './logs-view.module.css';
import { EmptyState, Section } from './section.tsx';
import { Select } from './select.tsx';

/** What one service prints; which one stands in the address, so that it can be linked to. */
export function LogsView({ snapshot, place }: ViewProps) {
  const services = printingServices(snapshot);
  const name = chosenName(place[0], snapshot) ?? services[0]?.name;
  if (name === undefined) {
    return (
      <Section title="Logs">
        <EmptyState>No service is enabled in the configuration: nothing prints.</EmptyState>
      </Section>
    );
  }
  const service = services.find((each) => each.name === name);
  return (
    <Section
      title="Logs"
      actions={
        <>
          {service === undefined ? (
            <Badge icon="idle" tone="idle" word="No longer there" />
          ) : (
            <StateBadge state={service.state} />
          )}
          <Select
            label="Service"
            value={name}
            options={[
              ...(service === undefined ? [[name, name] as const] : []),
              ...services.map((each) => [each.name, each.displayName] as const),
            ]}
            onChange={(chosen) => {
              location.hash = routeHash('logs', chosen);
            }}
          />
        </>
      }
    >
      <div className={styles.pane}>
        <LogPane key={name} name={name} displayName={service?.displayName ?? name} />
      </div>
    </Section>
  );
}

/** A pool prints nothing itself; who asks for it sees the first of its instances. */
function chosenName(wanted: string | undefined, snapshot: ViewProps['snapshot']) {
  const instance = snapshot.instances.find(({ server }) => server === wanted);
  const isPool = snapshot.services.some(({ name, kind }) => name === wanted && kind === 'mcp_pool');
  return isPool ? instance?.name : wanted;
}
