/**
 * The configuration editor: the file's text, what is wrong with it, and what a save would do. The same in
 * its own window and as a view of the status page.
 */
import { useRef, useState } from 'react';
import { messageOf } from '../../shared/errors.ts';
import type { ConfigProblem } from '../../shared/status.ts';
import { Button } from '../components/button.tsx';
import { CopyButton } from '../components/copy-button.tsx';
import { useBridge } from '../hooks/use-bridge.ts';
import styles from './config-editor.module.css';
import { isChanged, presentCheck } from './config-session.ts';
import { DiscardDialog } from './discard-dialog.tsx';
import { HistoryDialog } from './history-dialog.tsx';
import { Notices } from './notices.tsx';
import { ProblemList } from './problem-list.tsx';
import { SaveBar } from './save-bar.tsx';
import { useConfigSession, useEditorFacts } from './use-config-session.ts';
import { useEditor } from './use-editor.ts';
import { useLeaveGuard } from './use-leave-guard.ts';

interface Props {
  /** The level of the title: the window has no other. */
  readonly heading: 'h1' | 'h2';
  /** This page runs on a desktop, which can open the file in a program of its own. */
  readonly opensFiles: boolean;
  /** Ends the editing; null where there is nothing to close. */
  readonly onClose: (() => void) | null;
}

export function ConfigEditor({ heading: Heading, opensFiles, onClose }: Props) {
  const bridge = useBridge();
  const { session, state } = useConfigSession(bridge);
  const facts = useEditorFacts(bridge);
  const host = useRef<HTMLDivElement>(null);
  const [comparing, setComparing] = useState(false);
  const [dialog, setDialog] = useState<'discard' | 'history' | null>(null);
  const changed = isChanged(state);
  const check = presentCheck(state);

  const editor = useEditor({ host, session, state, facts, comparing, onSave: () => void save() });
  useLeaveGuard(session, onClose === null ? null : () => setDialog('discard'));

  async function save(): Promise<void> {
    if (await session.save()) {
      setComparing(false);
      return;
    }
    const now = presentCheck(session.getState());
    const first = now.kind === 'done' ? now.problems.find(isError) : undefined;
    if (first !== undefined) editor?.goTo(first);
  }

  function discard(): void {
    session.discard();
    setDialog(null);
    setComparing(false);
    onClose?.();
  }

  function cancel(): void {
    if (changed) setDialog('discard');
    else onClose?.();
  }

  return (
    <section className={styles.editor} aria-labelledby="config-title">
      <header className={styles.head}>
        <Heading className={styles.title} id="config-title">
          Configuration
        </Heading>
        <FilePath path={state.file?.path ?? null} opensFiles={opensFiles} />
        <div className={styles.actions}>
          <SecretsButton onChange={(shown) => editor?.showSecrets(shown)} />
          <Button onPress={() => setDialog('history')}>History</Button>
        </div>
      </header>
      <Notices state={state} session={session} />
      {state.loadError === null ? null : (
        <p className={styles.failure} role="alert">
          The configuration cannot be read: {state.loadError}{' '}
          <Button onPress={() => void session.refresh()}>Try again</Button>
        </p>
      )}
      <div className={styles.text} ref={host} />
      <ProblemList
        problems={check.kind === 'done' ? check.problems : []}
        onChoose={(problem) => editor?.goTo(problem)}
      />
      <SaveBar
        state={state}
        comparing={comparing}
        onCompare={() => setComparing(!comparing)}
        onSave={() => void save()}
        onCancel={changed || onClose !== null ? cancel : null}
      />
      {dialog === 'discard' ? (
        <DiscardDialog onKeep={() => setDialog(null)} onDiscard={discard} />
      ) : null}
      {dialog === 'history' ? (
        <HistoryDialog
          draft={state.draft}
          facts={facts}
          onClose={() => setDialog(null)}
          onRestore={(text) => {
            session.edit(text);
            setComparing(true);
            setDialog(null);
          }}
        />
      ) : null}
    </section>
  );
}

interface FilePathProps {
  readonly path: string | null;
  readonly opensFiles: boolean;
}

/** Where the file is, and a way to it: into another editor on a desktop, by hand from a browser. */
function FilePath({ path, opensFiles }: FilePathProps) {
  const code = useRef<HTMLElement>(null);
  const bridge = useBridge();
  const [error, setError] = useState<string | null>(null);
  if (path === null) return null;

  const open = () => {
    bridge.call('openConfigFile', null).then(
      () => setError(null),
      (refusal: unknown) => setError(messageOf(refusal)),
    );
  };
  return (
    <div className={styles.path}>
      <code ref={code}>{path}</code>
      <CopyButton text={path} what="path of the file" source={code} />
      {opensFiles ? (
        <Button icon="external" onPress={open}>
          Open in Editor
        </Button>
      ) : null}
      <span role="alert">{error}</span>
    </div>
  );
}

function SecretsButton({ onChange }: { readonly onChange: (shown: boolean) => void }) {
  const [shown, setShown] = useState(false);
  return (
    <Button
      onPress={() => {
        setShown(!shown);
        onChange(!shown);
      }}
    >
      {shown ? 'Hide secrets' : 'Show secrets'}
    </Button>
  );
}

function isError({ severity }: ConfigProblem): boolean {
  return severity === 'error';
}
