import { assertNever } from '../../shared/assert-never.ts';
import type { ConfigProblem, ConfigStatus } from '../../shared/status.ts';
import { fileName, formatQuantity } from '../model/format.ts';
import { routeHash } from '../model/route.ts';
import { ProblemBadge } from './badge.tsx';
import styles from './config-problems.module.css';
import { Section } from './section.tsx';

interface Props {
  readonly config: ConfigStatus;
  /** Notices too, which ask for nothing; else only what somebody should mend. */
  readonly withNotices: boolean;
}

/** What is wrong with the configuration file, and which configuration runs. Absent when all is well. */
export function ConfigProblems({ config, withNotices }: Props) {
  const problems = config.problems.filter(({ severity }) => withNotices || severity !== 'notice');
  if (problems.length === 0 && config.running === 'file') return null;
  return (
    <Section
      title="Configuration"
      note={summary(problems)}
      actions={
        <a className={styles.edit} href={routeHash('config')}>
          Open the editor
        </a>
      }
    >
      <p className={styles.running}>{runningSentence(config.running)}</p>
      <p className={styles.path}>
        <code>{config.path}</code>
      </p>
      {problems.length === 0 ? null : (
        <ul className={styles.list}>
          {problems.map((problem) => (
            <li
              className={styles.problem}
              key={`${problem.line}:${problem.column}:${problem.message}`}
            >
              <ProblemBadge severity={problem.severity} />
              <code className={styles.place}>
                {fileName(config.path)}:{problem.line}:{problem.column}
              </code>
              <span className={styles.message}>{problem.message}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function runningSentence(running: ConfigStatus['running']): string {
  switch (running) {
    case 'file':
      return 'The file is in use as it stands.';
    case 'last_good':
      return 'The file cannot be used. The last good configuration runs instead.';
    case 'none':
      return 'The file cannot be used and there is no earlier good one: no service runs.';
    default:
      return assertNever(running);
  }
}

function summary(problems: readonly ConfigProblem[]): string | undefined {
  const parts = (['error', 'warning', 'notice'] as const).flatMap((severity) => {
    const number = problems.filter((problem) => problem.severity === severity).length;
    return number === 0 ? [] : [formatQuantity(number, severity)];
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}
