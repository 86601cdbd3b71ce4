import type { StepStatus } from '../dashboard-api.d.ts';

/** Shape and word tell the state, colour only repeats it; the word stands beside the icon. */
export function StepIcon({ status }: { status: StepStatus }) {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" focusable="false">
      <circle
        cx="9"
        cy="9"
        r="7.25"
        fill={status === 'done' ? 'currentColor' : 'none'}
        stroke="currentColor"
        strokeWidth="1.5"
        strokeDasharray={status === 'pending' ? '2.5 2.2' : undefined}
      />
      {status === 'done' && (
        <path d="M5.5 9.2l2.4 2.4 4.6-5" fill="none" stroke="var(--surface)" strokeWidth="1.7" />
      )}
      {status === 'active' && <path d="M9 4.5a4.5 4.5 0 0 1 0 9z" fill="currentColor" />}
      {status === 'blocked' && <path d="M5.5 9h7" stroke="currentColor" strokeWidth="2" />}
    </svg>
  );
}
