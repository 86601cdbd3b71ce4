import type { StatusSnapshot } from '../../shared/status.ts';
import { formatQuantity } from '../model/format.ts';
import { serviceRows } from '../model/service-view.ts';
import { EmptyState, Section } from './section.tsx';
import { ServiceRow } from './service-row.tsx';
import styles from './services-section.module.css';
import table from './table.module.css';

export function ServicesSection({ snapshot }: { readonly snapshot: StatusSnapshot }) {
  const rows = serviceRows(snapshot);
  return (
    <Section title="Services" note={note(snapshot)}>
      {rows.length === 0 ? (
        <EmptyState>No service is enabled in the configuration.</EmptyState>
      ) : (
        <table className={`${table.table} ${styles.services}`} data-cards-below="960">
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Address</th>
              <th scope="col" className={table.number}>
                PID
              </th>
              <th scope="col" className={table.number}>
                Restarts
              </th>
              <th scope="col">Last exit</th>
              <th scope="col">For</th>
              <th scope="col" className={table.number}>
                Actions
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ServiceRow
                key={row.service.name}
                service={row.service}
                pooled={row.kind === 'instance' ? row.service : null}
                stopping={snapshot.stopping}
              />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function note({ services, instances }: StatusSnapshot): string {
  const running = services.filter((service) => service.state === 'ready').length;
  const pool = instances.length === 0 ? '' : ` · ${formatQuantity(instances.length, 'instance')}`;
  return `${running} of ${services.length} running${pool}`;
}
