import { useCallback, useState } from 'react';
import type { StatusSnapshot } from '../../shared/status.ts';
import { isExpected } from '../../shared/wording.ts';
import { onArrowKeys } from '../hooks/arrow-keys.ts';
import { formatQuantity } from '../model/format.ts';
import { matchesService, serviceRows } from '../model/service-view.ts';
import type { UsageHistory, UsagePoint } from '../model/usage-history.ts';
import { SearchField } from './search-field.tsx';
import { EmptyState, Section } from './section.tsx';
import { ServiceRow } from './service-row.tsx';
import styles from './services-section.module.css';
import table from './table.module.css';

/** One and the same, so that a row without points is not drawn anew for each snapshot. */
const noPoints: readonly UsagePoint[] = [];

interface Props {
  readonly snapshot: StatusSnapshot;
  readonly usage: UsageHistory;
}

export function ServicesSection({ snapshot, usage }: Props) {
  const [wanted, setWanted] = useState('');
  const [folded, setFolded] = useState<readonly string[]>([]);
  const rows = serviceRows(snapshot);
  // Whoever searches wants to see what was found, folded or not.
  const shown = rows.filter((row) =>
    wanted === ''
      ? row.kind === 'service' || !folded.includes(row.service.server)
      : matchesService(row.service, wanted),
  );

  const fold = useCallback((pool: string) => {
    setFolded((before) =>
      before.includes(pool) ? before.filter((each) => each !== pool) : [...before, pool],
    );
  }, []);

  return (
    <Section
      title="Services"
      note={note(snapshot)}
      actions={<SearchField label="Find a service" value={wanted} onChange={setWanted} />}
    >
      {shown.length === 0 ? (
        <EmptyState>
          {rows.length === 0
            ? 'No service is enabled in the configuration.'
            : `No service has “${wanted}” in its name or state.`}
        </EmptyState>
      ) : (
        <table className={`${table.table} ${styles.services}`} data-cards-below="1080">
          <ColumnHeads />
          <tbody onKeyDown={onArrowKeys}>
            {shown.map(({ kind, service }) => (
              <ServiceRow
                key={service.name}
                service={service}
                pooled={kind === 'instance' ? service : null}
                instances={
                  snapshot.instances.filter(({ server }) => server === service.name).length
                }
                isFolded={folded.includes(service.name)}
                onFold={fold}
                points={usage.series.get(service.name) ?? noPoints}
                stopping={snapshot.stopping}
              />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function ColumnHeads() {
  return (
    <thead>
      <tr>
        <th scope="col">Service</th>
        <th scope="col">State</th>
        <th scope="col">Health</th>
        <th scope="col">Restarts</th>
        <th scope="col">CPU</th>
        <th scope="col">Memory</th>
        <th scope="col">Address</th>
        <th scope="col" className={table.number}>
          Actions
        </th>
      </tr>
    </thead>
  );
}

function note({ services, instances }: StatusSnapshot): string {
  // The same count as the sentence above the views.
  const expected = services.filter(isExpected);
  const running = expected.filter((service) => service.state === 'ready').length;
  const resting = services.length - expected.length;
  return [
    `${running} of ${expected.length} running`,
    ...(resting === 0 ? [] : [`${resting} on demand`]),
    ...(instances.length === 0 ? [] : [formatQuantity(instances.length, 'instance')]),
  ].join(' · ');
}
