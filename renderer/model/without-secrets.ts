/** What is pasted into a bug report is read by strangers: secrets that can be told by name or form are taken out. */

const removed = '[removed]';

const names = String.raw`[\w-]*(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|authorization|cookie)`;

const secrets: readonly RegExp[] = [
  // HTTP credentials, also those of a header that is named below.
  /\b((?:Bearer|Basic)\s+)[^\s"']+/giu,
  // `?token=…`, `API_KEY=…`, `password: "…"`.
  new RegExp(`(${names}["']?\\s*[=:]\\s*["']?)(?!(?:Bearer|Basic)\\s)[^\\s"'&,;)]+`, 'giu'),
  // `--api-key …`
  new RegExp(`(--?${names}\\s+)(?!-)\\S+`, 'giu'),
  // The password of `https://name:password@host`.
  /(:\/\/[^:/@\s]*:)[^@/\s]+(?=@)/giu,
];

/** The text with every such secret replaced; all else stays as it is. */
export function withoutSecrets(text: string): string {
  return secrets.reduce((left, secret) => left.replace(secret, `$1${removed}`), text);
}
