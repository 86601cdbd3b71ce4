import type { ConfigProblem } from '../../shared/status.ts';
import { ProblemBadge } from '../components/badge.tsx';
import styles from './problem-list.module.css';

interface Props {
  readonly problems: readonly ConfigProblem[];
  readonly onChoose: (problem: ConfigProblem) => void;
}

/** Everything that the supervisor has to say about the text; each line leads to its place. */
export function ProblemList({ problems, onChoose }: Props) {
  if (problems.length === 0) return null;
  return (
    <ul className={styles.list} aria-label="Problems">
      {problems.map((problem) => (
        <li key={`${problem.line}:${problem.column}:${problem.message}`}>
          <button type="button" className={styles.problem} onClick={() => onChoose(problem)}>
            <ProblemBadge severity={problem.severity} />
            <span className={styles.place}>
              {problem.line}:{problem.column}
            </span>
            <span className={styles.message}>{problem.message}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
