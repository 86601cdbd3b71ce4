/** What a save will do, and what it did, in a sentence. */
import type { ConfigAction, ConfigApplied, ConfigPreview } from '../../shared/config-change.ts';
import { displayName } from '../../shared/wording.ts';

const verbs: Readonly<Record<Exclude<ConfigAction, 'none'>, readonly [will: string, did: string]>> =
  {
    stop: ['stop', 'stopped'],
    start: ['start', 'started'],
    restart: ['restart', 'restarted'],
    update: ['update', 'updated'],
  };

const order = ['stop', 'start', 'restart', 'update'] as const;

/** `Saving will restart Dashboard, start Search and leave 4 alone.` */
export function previewSentence({ changes }: Pick<ConfigPreview, 'changes'>): string {
  const parts = order.flatMap((action) => {
    const names = namesOf(changes, action);
    return names.length === 0 ? [] : [`${verbs[action][0]} ${names.join(', ')}`];
  });
  if (parts.length === 0) return 'Saving changes nothing that runs.';
  const untouched = changes.filter(({ action }) => action === 'none').length;
  if (untouched > 0) parts.push(`leave ${untouched} alone`);
  return `Saving will ${joined(parts)}.`;
}

/** `Saved. Restarted Dashboard.`; a change that could not be made says why. */
export function appliedSentence({ changes }: Pick<ConfigApplied, 'changes'>): string {
  const done = changes.filter(({ ok }) => ok);
  const parts = order.flatMap((action) => {
    const names = namesOf(done, action);
    return names.length === 0 ? [] : [`${verbs[action][1]} ${names.join(', ')}`];
  });
  const failures = changes
    .filter(({ ok }) => !ok)
    .map(
      ({ service, error }) =>
        `${displayName(service)} could not follow: ${error ?? 'no reason given'}`,
    );
  const [first, ...rest] = parts;
  const sentence = first === undefined ? [] : [`${capital(joined([first, ...rest]))}.`];
  return ['Saved.', ...sentence, ...failures].join(' ');
}

/** The keys that wait for the next start of the supervisor; null when there are none. */
export function restartSentence(keys: readonly string[]): string | null {
  if (keys.length === 0) return null;
  const verb = keys.length === 1 ? 'takes' : 'take';
  return `${keys.join(', ')} ${verb} effect at the next start of the supervisor.`;
}

function namesOf(changes: ConfigPreview['changes'], action: ConfigAction): string[] {
  return changes
    .filter((each) => each.action === action)
    .map(({ service }) => displayName(service));
}

function joined(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
