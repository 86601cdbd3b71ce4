import type { ConfigProblem, ServiceState, SourceStatus } from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';
import { sourceTones, sourceWords, stateTone, type Tone } from '../model/service-view.ts';
import styles from './badge.module.css';
import { Icon, type IconName } from './icon.tsx';

const sourceIcons: Readonly<Record<SourceStatus['state'], IconName>> = {
  connected: 'ready',
  connecting: 'starting',
  waiting: 'backing_off',
  idle: 'idle',
};

interface Props {
  readonly icon: IconName;
  readonly tone: Tone;
  readonly word: string;
}

/** A state told three ways: by the shape of an icon, by a word, and by colour. */
export function Badge({ icon, tone, word }: Props) {
  return (
    <span className={styles.badge}>
      <span className={styles.icon} data-tone={tone}>
        <Icon name={icon} />
      </span>
      {word}
    </span>
  );
}

export function StateBadge({ state }: { readonly state: ServiceState }) {
  return <Badge icon={state} tone={stateTone(state)} word={stateWord(state)} />;
}

export function SourceBadge({ state }: { readonly state: SourceStatus['state'] }) {
  return <Badge icon={sourceIcons[state]} tone={sourceTones[state]} word={sourceWords[state]} />;
}

const severities = {
  error: { icon: 'failed', tone: 'bad', word: 'Error' },
  warning: { icon: 'unhealthy', tone: 'warn', word: 'Warning' },
  notice: { icon: 'notice', tone: 'idle', word: 'Notice' },
} as const satisfies Record<ConfigProblem['severity'], Props>;

export function ProblemBadge({ severity }: Pick<ConfigProblem, 'severity'>) {
  return <Badge {...severities[severity]} />;
}
