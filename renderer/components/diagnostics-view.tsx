import { useCallback, useEffect, useRef, useState } from 'react';
import type { DoctorCheck } from '../../shared/control-replies.ts';
import { useControl } from '../hooks/use-control.ts';
import { checksSentence, diagnosticsReport } from '../model/diagnostics-report.ts';
import type { ViewProps } from '../view.ts';
import { Button } from './button.tsx';
import { ConfigProblems } from './config-problems.tsx';
import { CopyButton } from './copy-button.tsx';
import styles from './diagnostics.module.css';
import { DiagnosticsChecks } from './diagnostics-checks.tsx';
import { DiagnosticsFacts } from './diagnostics-facts.tsx';
import { Refusal } from './refusal.tsx';
import { EmptyState, Section } from './section.tsx';

/** What the last examination found. */
interface Examination {
  readonly checks: readonly DoctorCheck[];
  readonly report: string;
}

export function DiagnosticsView({ snapshot }: ViewProps) {
  const { pending, error, send, dismiss } = useControl();
  const [examination, setExamination] = useState<Examination | null>(null);
  const latest = useRef(snapshot);

  useEffect(() => {
    latest.current = snapshot;
  }, [snapshot]);

  const examine = useCallback(async () => {
    const reply = await send({ type: 'Doctor' });
    if (reply === null) return;
    const { checks } = reply;
    setExamination({ checks, report: diagnosticsReport(latest.current, checks, new Date()) });
  }, [send]);

  useEffect(() => {
    void examine();
  }, [examine]);

  return (
    <>
      <ConfigProblems config={snapshot.config} withNotices />
      <Section
        title="Diagnostics"
        note={examination === null ? undefined : checksSentence(examination.checks)}
        actions={
          <Button icon="restart" unavailable={pending} onPress={() => void examine()}>
            Check again
          </Button>
        }
      >
        {error === null ? null : (
          <Refusal attempt="The examination" error={error} onDismiss={dismiss} />
        )}
        {examination === null ? (
          <EmptyState>{pending ? 'Looking…' : 'Nothing has been examined yet.'}</EmptyState>
        ) : (
          <DiagnosticsChecks checks={examination.checks} />
        )}
      </Section>
      <DiagnosticsFacts snapshot={snapshot} />
      {examination === null ? null : <Report text={examination.report} />}
    </>
  );
}

/** A text that is being read or copied stands still: it is of the moment of the checks. */
function Report({ text }: { readonly text: string }) {
  const shown = useRef<HTMLPreElement>(null);
  return (
    <Section
      title="Report"
      note="For a bug report; it holds no token"
      actions={<CopyButton text={text} what="report" source={shown} />}
    >
      <section
        className={styles.report}
        aria-label="Report text"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        <pre ref={shown} className={styles.text}>
          {text}
        </pre>
      </section>
    </Section>
  );
}
