import { type ReactNode, useRef } from 'react';
import type { Health, SelfUsage, StatusSnapshot } from '../../shared/status.ts';
import { eventsIndicator, overallHealth, overallSentence } from '../../shared/wording.ts';
import { useNow } from '../hooks/use-now.ts';
import { formatBytes, formatPercent, formatUptime } from '../model/format.ts';
import { healthTones } from '../model/service-view.ts';
import badge from './badge.module.css';
import { CopyButton } from './copy-button.tsx';
import { Icon, type IconName } from './icon.tsx';
import styles from './page-header.module.css';
import { ShutdownButton } from './shutdown-button.tsx';

const healthIcons: Readonly<Record<Health, IconName>> = {
  healthy: 'ready',
  busy: 'starting',
  degraded: 'unhealthy',
  failed: 'crash_loop',
};

interface Props {
  readonly snapshot: StatusSnapshot;
  /** The navigation. */
  readonly children: ReactNode;
}

/** Stands over every view: how everything is, where the gateway is, and where to go. */
export function PageHeader({ snapshot, children }: Props) {
  const health = overallHealth(snapshot);
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <h1 className={styles.product}>Project Memory Supervisor</h1>
        <span className={styles.version}>{snapshot.version}</span>
        <ShutdownButton snapshot={snapshot} />
      </div>
      <div className={styles.overall}>
        <p className={styles.sentence} data-health={health}>
          <span className={`${badge.icon} ${styles.health}`} data-tone={healthTones[health]}>
            <Icon name={healthIcons[health]} />
          </span>
          {overallSentence(snapshot)}
        </p>
        <dl className={styles.facts}>
          <McpAddress url={snapshot.mcpUrl} />
          <div className={styles.fact}>
            <dt>Uptime</dt>
            <dd>
              <Uptime startedAt={snapshot.startedAt} />
            </dd>
          </div>
          <OwnUsage self={snapshot.self ?? null} />
        </dl>
        <p className={styles.indicator}>{eventsIndicator(snapshot.events)}</p>
      </div>
      {children}
    </header>
  );
}

function McpAddress({ url }: { readonly url: string | null }) {
  const code = useRef<HTMLElement>(null);
  return (
    <div className={styles.fact}>
      <dt>MCP URL</dt>
      <dd className={styles.address}>
        {url === null ? (
          'The gateway is off'
        ) : (
          <>
            <code ref={code}>{url}</code>
            <CopyButton text={url} what="MCP URL" source={code} />
          </>
        )}
      </dd>
    </div>
  );
}

/** What the supervisor itself costs; a dash until it was measured, which takes a moment. */
function OwnUsage({ self }: { readonly self: SelfUsage | null }) {
  return (
    <>
      <div className={styles.fact} title="What the supervisor itself uses">
        <dt>Own CPU</dt>
        <dd className={styles.number}>{self === null ? '–' : formatPercent(self.cpuPercent)}</dd>
      </div>
      <div className={styles.fact} title="What the supervisor itself uses">
        <dt>Own memory</dt>
        <dd className={styles.number}>{self === null ? '–' : formatBytes(self.rssBytes)}</dd>
      </div>
    </>
  );
}

/** A part of its own, so that the ticker redraws this and not the header. */
function Uptime({ startedAt }: { readonly startedAt: string }) {
  const uptime = formatUptime(startedAt, useNow('calm'));
  return (
    <time dateTime={startedAt} title={`Since ${new Date(startedAt).toLocaleString()}`}>
      {uptime}
    </time>
  );
}
