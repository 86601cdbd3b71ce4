import { useCallback, useEffect, useRef, useState } from 'react';
import { control } from '../../shared/api.ts';
import type { ReplyData } from '../../shared/control-protocol.ts';
import { messageOf } from '../../shared/errors.ts';
import { Button } from '../components/button.tsx';
import { Modal } from '../components/modal.tsx';
import { useBridge } from '../hooks/use-bridge.ts';
import { formatBytes } from '../model/format.ts';
import styles from './history-dialog.module.css';
import { showComparedText } from './read-only-text.ts';
import type { EditorFacts } from './use-config-session.ts';

interface Props {
  /** What the versions are compared with: the text in the editor. */
  readonly draft: string;
  readonly facts: EditorFacts;
  readonly onRestore: (text: string) => void;
  readonly onClose: () => void;
}

/** The last versions of the file, each with what it would change, and a way back to it. */
export function HistoryDialog({ draft, facts, onRestore, onClose }: Props) {
  const { versions, version, error, choose } = useHistory();
  return (
    <Modal
      wide
      title="Earlier versions"
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Close</Button>
          <Button
            unavailable={version === null}
            onPress={() => version !== null && onRestore(version.text)}
          >
            Put into the editor
          </Button>
        </>
      }
    >
      <p role="status">{sentenceOf(versions, error)}</p>
      <div className={styles.columns}>
        <ul className={styles.versions} aria-label="Versions, newest first">
          {(versions ?? []).map(({ id, at, bytes }) => (
            <li key={id}>
              <button
                type="button"
                className={styles.version}
                aria-pressed={version?.id === id}
                onClick={() => choose(id)}
              >
                <time dateTime={at}>{new Date(at).toLocaleString()}</time>
                <span className={styles.size}>{formatBytes(bytes)}</span>
              </button>
            </li>
          ))}
        </ul>
        {version === null ? null : (
          <VersionText key={version.id} text={version.text} draft={draft} facts={facts} />
        )}
      </div>
    </Modal>
  );
}

interface VersionTextProps extends Pick<Props, 'draft' | 'facts'> {
  readonly text: string;
}

function VersionText({ text, draft, facts }: VersionTextProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    return showComparedText({ host: host.current, text, original: draft, help: facts.help });
  }, [text, draft, facts]);
  return (
    <div className={styles.text}>
      <p className={styles.legend}>
        {text === draft
          ? 'The same as in the editor.'
          : 'Lines without a number are in the editor now; marked ones with a number are in this version.'}
      </p>
      <div className={styles.host} ref={host} />
    </div>
  );
}

interface History {
  /** Null until they came. */
  readonly versions: ReplyData['ConfigHistory']['versions'] | null;
  readonly version: ReplyData['ConfigVersion'] | null;
  readonly error: string | null;
  readonly choose: (id: string) => void;
}

function useHistory(): History {
  const bridge = useBridge();
  const [versions, setVersions] = useState<History['versions']>(null);
  const [version, setVersion] = useState<History['version']>(null);
  const [error, setError] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);

  useEffect(() => {
    control<'ConfigHistory'>(bridge, { type: 'ConfigHistory' }).then(
      (history) => setVersions(history.versions),
      (refusal: unknown) => setError(messageOf(refusal)),
    );
  }, [bridge]);

  const choose = useCallback(
    (id: string) => {
      wanted.current = id;
      control<'ConfigVersion'>(bridge, { type: 'ConfigVersion', id }).then(
        (answer) => {
          // Of several that were pressed, the last one is meant.
          if (wanted.current !== id) return;
          setVersion(answer);
          setError(null);
        },
        (refusal: unknown) => setError(messageOf(refusal)),
      );
    },
    [bridge],
  );
  return { versions, version, error, choose };
}

function sentenceOf(versions: History['versions'], error: string | null): string {
  if (error !== null) return error;
  if (versions === null) return 'Loading…';
  if (versions.length === 0) return 'There are none yet: each save keeps the text before it.';
  return 'Nothing is written before you save.';
}
