import type { ProcessEntry, ServiceStatus } from '../../shared/status.ts';
import { useAsked } from '../hooks/use-asked.ts';
import { formatBytes, formatPercent } from '../model/format.ts';
import { processDepths } from '../model/process-depths.ts';
import { Cell } from './cell.tsx';
import styles from './details.module.css';
import { Lasting } from './relative-time.tsx';
import { EmptyState, SubSection } from './section.tsx';
import table from './table.module.css';

/** Measuring a tree costs the supervisor some work: often enough for somebody who watches. */
const everyMs = 5_000;

/** Deeper ones are drawn no further to the right: there would be no room for the command. */
const maxIndent = 6;

/** The processes of a service, each under the one that started it. */
export function DetailsProcesses({ service }: { readonly service: ServiceStatus }) {
  const { name, pid } = service;
  const { data, error } = useAsked<'ProcessTree'>(
    { type: 'ProcessTree', service: name },
    pid,
    pid === null ? null : everyMs,
  );
  const rows = pid === null ? [] : (data ?? []);
  const note = rows.length === 0 ? undefined : String(rows.length);
  return (
    <SubSection title="Processes" note={note}>
      {rows.length === 0 ? (
        <EmptyState>{emptyText(pid, error)}</EmptyState>
      ) : (
        <Tree rows={rows} name={service.displayName} />
      )}
    </SubSection>
  );
}

function emptyText(pid: number | null, error: string | null): string {
  if (pid === null) return 'It does not run: there is no process.';
  return error ?? 'Looking…';
}

function Tree({ rows, name }: { readonly rows: readonly ProcessEntry[]; readonly name: string }) {
  const depths = processDepths(rows);
  return (
    <table className={`${table.table} ${styles.processes}`} data-cards-below="520">
      <caption className="visually-hidden">Processes of {name}</caption>
      <thead>
        <tr>
          <th scope="col">Command</th>
          <th scope="col" className={table.number}>
            PID
          </th>
          <th scope="col" className={table.number}>
            CPU
          </th>
          <th scope="col" className={table.number}>
            Memory
          </th>
          <th scope="col" className={table.number}>
            Runs for
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.pid}>
            <td className={styles.command} data-wide>
              <span data-depth={Math.min(depths.get(row.pid) ?? 0, maxIndent)}>
                <code>{row.command === '' ? '(not readable)' : row.command}</code>
              </span>
            </td>
            <Cell label="PID" align="number">
              {row.pid}
            </Cell>
            <Cell label="CPU" align="number">
              {formatPercent(row.cpuPercent)}
            </Cell>
            <Cell label="Memory" align="number">
              {formatBytes(row.rssBytes)}
            </Cell>
            <Cell label="Runs for" align="number">
              <Lasting at={row.startedAt} />
            </Cell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
