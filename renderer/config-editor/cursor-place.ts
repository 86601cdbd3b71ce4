/** What the cursor is at in a TOML text: a header, a key or a value, and of which section and key. */
import { outline, type Pair, quoted, type Statement } from './toml-outline.ts';

export type CursorPlace =
  | { readonly kind: 'header'; readonly repeated: boolean; readonly from: number }
  /** `from`: where the key begins; `hasValue`: an equals sign follows. */
  | {
      readonly kind: 'key';
      readonly section: string;
      readonly from: number;
      readonly hasValue: boolean;
    }
  /** `before`: the value's text up to the cursor. */
  | {
      readonly kind: 'value';
      readonly section: string;
      readonly key: string;
      readonly before: string;
    };

/** Null in a comment and where nothing can stand. */
export function placeOf(text: string, at: number): CursorPlace | null {
  const statements = outline(text);
  const here = statements.findLast(({ from, to }) => from <= at && at <= to);
  if (here?.kind === 'header') {
    if (here.isClosed && at === here.to) return null;
    return { kind: 'header', repeated: here.repeated, from: here.from };
  }
  if (here?.kind === 'pair') return inPair(here, text, at);
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  const last = statements.findLast(({ from }) => from < at);
  // Behind `key = ` there is no value yet, but it belongs there.
  if (last?.kind === 'pair' && last.valueFrom !== null && /^[^#]*=[ \t]*$/.test(line)) {
    return inPair(last, text, at);
  }
  if (line.trim() !== '') return null;
  return { kind: 'key', section: sectionAt(statements, at), from: at, hasValue: false };
}

/** The full path of a pair's key. */
export function pathOf({ section, key }: Pick<Pair, 'section' | 'key'>): readonly string[] {
  return [...section, ...key];
}

/** Keys that the section of this place has already; of a repeated section, the block around it. */
export function keysBeside(text: string, at: number): ReadonlySet<string> {
  const statements = outline(text);
  const isHeader = (each: Statement) => each.kind === 'header';
  const start = statements.findLastIndex((each) => isHeader(each) && each.from < at);
  const next = statements.findIndex((each, index) => index > start && isHeader(each));
  const block = statements.slice(start + 1, next === -1 ? undefined : next);
  return new Set(
    block.flatMap((each) =>
      each.kind === 'pair' && !(each.from <= at && at <= each.keyTo) ? [each.key.join('.')] : [],
    ),
  );
}

/** The names of the `[[servers]]` blocks. */
export function serverNames(text: string): readonly string[] {
  return outline(text).flatMap((each) => {
    if (each.kind !== 'pair' || each.valueFrom === null) return [];
    if (pathOf(each).join('.') !== 'servers.name') return [];
    return quoted(text.slice(each.valueFrom, each.to)) ?? [];
  });
}

function inPair(pair: Pair, text: string, at: number): CursorPlace {
  const path = pathOf(pair);
  if (pair.valueFrom !== null && at >= pair.valueFrom) {
    return {
      kind: 'value',
      section: path.slice(0, -1).join('.'),
      key: path.at(-1) ?? '',
      before: text.slice(pair.valueFrom, at),
    };
  }
  return {
    kind: 'key',
    section: pair.section.join('.'),
    from: pair.from,
    hasValue: pair.valueFrom !== null,
  };
}

function sectionAt(statements: readonly Statement[], at: number): string {
  const header = statements.findLast((each) => each.kind === 'header' && each.from < at);
  return header?.kind === 'header' ? header.path.join('.') : '';
}
