import type { DoctorCheck } from '../../shared/control-replies.ts';
import { checkWords, worstFirst } from '../model/diagnostics-report.ts';
import type { Tone } from '../model/service-view.ts';
import { Badge } from './badge.tsx';
import styles from './diagnostics.module.css';
import type { IconName } from './icon.tsx';

const looks: Readonly<Record<DoctorCheck['status'], { icon: IconName; tone: Tone }>> = {
  problem: { icon: 'failed', tone: 'bad' },
  warning: { icon: 'unhealthy', tone: 'warn' },
  ok: { icon: 'ready', tone: 'good' },
};

/** What was looked at, the worst first, each with what to do about it. */
export function DiagnosticsChecks({ checks }: { readonly checks: readonly DoctorCheck[] }) {
  return (
    <ul className={styles.checks} aria-label="Checks">
      {worstFirst(checks).map(({ name, title, status, message, cure }) => (
        <li key={name} className={styles.check}>
          <Badge {...looks[status]} word={checkWords[status]} />
          <div>
            <h3 className={styles.title}>{title}</h3>
            <p className={styles.message}>{message}</p>
            {cure === null ? null : <p className={styles.cure}>{cure}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
