import { useRef } from 'react';
import { Button } from '../components/button.tsx';
import styles from './terminal-page.module.css';
import { useTerminal } from './use-terminal.ts';

export function TerminalPage() {
  const element = useRef<HTMLDivElement>(null);
  const { state, restart } = useTerminal(element);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <h1 className={styles.title}>Terminal</h1>
        <p className={styles.state} role="status">
          {state.kind === 'connecting' ? 'Connecting…' : null}
          {state.kind === 'open' ? 'Closes when you leave this page.' : null}
          {state.kind === 'ended' ? state.reason : null}
        </p>
        {state.kind === 'ended' ? <Button onPress={restart}>Open again</Button> : null}
      </header>
      <main className={styles.screen} ref={element} aria-label="Terminal" />
    </div>
  );
}
