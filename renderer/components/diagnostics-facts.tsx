import type { StatusSnapshot } from '../../shared/status.ts';
import { doorNames } from '../model/diagnostics-report.ts';
import { formatBytes, formatPercent } from '../model/format.ts';
import styles from './diagnostics.module.css';
import { Fact } from './fact.tsx';
import { Countdown } from './relative-time.tsx';
import { Section } from './section.tsx';

/** What runs here, and how well it can. */
export function DiagnosticsFacts({ snapshot }: { readonly snapshot: StatusSnapshot }) {
  const { version, pid, self, config, events, doors } = snapshot;
  const delay = self?.eventLoopDelayMs ?? null;
  return (
    <Section title="This supervisor">
      <dl className={styles.facts}>
        <Fact name="Version">{version}</Fact>
        <Fact name="Process">{pid}</Fact>
        <Fact name="CPU">{self ? formatPercent(self.cpuPercent) : '–'}</Fact>
        <Fact name="Memory">{self ? formatBytes(self.rssBytes) : '–'}</Fact>
        <Fact name="Event-loop delay">
          {delay === null ? '–' : `${delay.toFixed(1)} ms in 1 of 100 turns`}
        </Fact>
        <Fact name="Event journal">{events.journal.state}</Fact>
        <Fact name="Configuration" wide>
          <code>{config.path}</code>
        </Fact>
        {doors.map((door) => (
          <Fact key={door.name} name={doorNames[door.name]} wide>
            <code>{door.address}</code> {door.state}
            {door.error === null ? null : <span className={styles.trouble}> {door.error}</span>}
            {door.nextRetryAt === null ? null : (
              <>
                {' '}
                · next try <Countdown at={door.nextRetryAt} />
              </>
            )}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}
