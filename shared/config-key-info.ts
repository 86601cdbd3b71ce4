/**
 * What is known of a section and a key of `supervisor.toml`. The editor's page uses it too, which
 * does not carry the schema itself and its library.
 */

export type KeyType = 'text' | 'whole number' | 'number' | 'flag' | 'choice' | 'list' | 'table';

export interface KeyInfo {
  readonly name: string;
  readonly description: string;
  readonly type: KeyType;
  /** What a number counts, in the plural. */
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The words of a choice. */
  readonly words: readonly string[];
  /** The value is not for logs and screens. */
  readonly isSecret: boolean;
  /** The key must be given. */
  readonly required: boolean;
  /** What holds when the key is absent; undefined when nothing does. */
  readonly fallback: unknown;
  /** A sensible value, for keys whose default would not show how one looks. */
  readonly example: unknown;
}

export interface SectionInfo {
  /** Dotted path: `mcp.pool`. */
  readonly path: string;
  readonly description: string;
  /** Written `[[servers]]`, any number of times. */
  readonly repeated: boolean;
  readonly keys: readonly KeyInfo[];
}

/** What a key accepts, in words: `a whole number from 1 to 3600 (seconds)`. */
export function expectation(key: KeyInfo): string {
  const unit = key.unit === null ? '' : ` (${key.unit})`;
  switch (key.type) {
    case 'whole number':
      return `a whole number from ${key.min} to ${key.max}${unit}`;
    case 'number':
      return `a number from ${key.min} to ${key.max}${unit}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${key.words.map((word) => `"${word}"`).join(', ')}`;
    case 'list':
      return 'a list of texts such as ["a", "b"]';
    case 'table':
      return 'a table of texts such as { NAME = "value" }';
    case 'text':
      return 'text in quotes';
  }
}
