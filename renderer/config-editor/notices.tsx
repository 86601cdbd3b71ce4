import type { ReactNode } from 'react';
import { Button } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import type { ConfigSession, ConfigState } from './config-session.ts';
import styles from './notices.module.css';
import { restartSentence } from './preview-words.ts';

interface Props {
  readonly state: ConfigState;
  readonly session: ConfigSession;
}

/** What one has to know before one goes on: the file changed, it is broken, something waits. */
export function Notices({ state, session }: Props) {
  const { file, disk } = state;
  return (
    <div className={styles.notices}>
      <div role="alert">
        {disk === null ? null : (
          <Notice>
            <p>
              <strong>The file was changed by another program.</strong> Your changes are not saved
              yet.
            </p>
            <div className={styles.actions}>
              <Button onPress={() => session.loadFromDisk()}>Load it</Button>
              <Button onPress={() => session.keepDraft()}>Keep mine</Button>
            </div>
          </Notice>
        )}
      </div>
      {state.damage === null ? null : (
        <Notice>
          <p>
            In the file, {state.damage}. What cannot be read is shown as �, and a save writes it so.
          </p>
        </Notice>
      )}
      {file === null ? null : <Running file={file} />}
    </div>
  );
}

function Running({ file }: { readonly file: NonNullable<ConfigState['file']> }) {
  const waiting = restartSentence(file.restart_needed);
  const broken = brokenSentence(file);
  return (
    <>
      {broken === null ? null : (
        <Notice>
          <p>{broken}</p>
        </Notice>
      )}
      {waiting === null ? null : (
        <Notice>
          <p>{waiting}</p>
        </Notice>
      )}
    </>
  );
}

function Notice({ children }: { readonly children: ReactNode }) {
  return (
    <div className={styles.notice}>
      <span className={styles.icon}>
        <Icon name="unhealthy" />
      </span>
      {children}
    </div>
  );
}

function brokenSentence({ running, hash }: NonNullable<ConfigState['file']>): string | null {
  if (hash === '') return 'There is no file yet. Saving writes it.';
  switch (running) {
    case 'file':
      return null;
    case 'last_good':
      return 'The file has errors. The last good configuration runs until they are corrected.';
    case 'none':
      return 'The file has errors and there is no earlier good one: no service runs until they are corrected.';
  }
}
