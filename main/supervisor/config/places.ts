/**
 * Where each key, value and table header of a TOML text stands, so that a problem about
 * `mcp.pool.max_instances` can be shown at the exact token. Lines and columns count from 1, columns
 * in UTF-16 code units as editors count them; an end column is exclusive.
 */
import type { AST } from 'toml-eslint-parser';

export interface TextRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export type KeyPath = readonly (string | number)[];

/** One key or list element of the document, with everything below it. */
export interface Place {
  key?: TextRange;
  value?: TextRange;
  /** `[table]` or `[[table]]`, brackets included. */
  header?: TextRange;
  readonly children: Map<string | number, Place>;
}

const start: TextRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };

/** Indexes a parsed document. */
export function placesOf(program: AST.TOMLProgram, text: string): Place {
  const root: Place = { children: new Map() };
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') addKeyValue(root, node);
    else addTable(root, node, text);
  }
  return root;
}

/** The place of a path, or undefined when the file does not have it. */
export function placeAt(root: Place, path: KeyPath): Place | undefined {
  let place: Place | undefined = root;
  for (const segment of path) place = place?.children.get(segment);
  return place;
}

/** The range of a value; of a missing one, that of the table it belongs in. */
export function valueRange(root: Place, path: KeyPath): TextRange {
  return nearestRange(root, path, (place) => place.value ?? place.header ?? place.key);
}

/** The range of a key, or of a list element that has none. */
export function keyRange(root: Place, path: KeyPath): TextRange {
  return nearestRange(root, path, (place) => place.key ?? place.header ?? place.value);
}

/** The range of a table's header, or of the key when the table is written without one. */
export function headerRange(root: Place, path: KeyPath): TextRange {
  return nearestRange(root, path, (place) => place.header ?? place.key ?? place.value);
}

/** True when the first range begins behind the second. */
export function isBehind(first: TextRange, second: TextRange): boolean {
  return first.line > second.line || (first.line === second.line && first.column > second.column);
}

function nearestRange(
  root: Place,
  path: KeyPath,
  pick: (place: Place) => TextRange | undefined,
): TextRange {
  let place: Place | undefined = root;
  let best = start;
  for (const segment of path) {
    place = place.children.get(segment);
    if (place === undefined) break;
    best = pick(place) ?? best;
  }
  return best;
}

function addTable(root: Place, node: AST.TOMLTable, text: string): void {
  const keys = node.key.keys.values();
  let place = root;
  for (const segment of node.resolvedKey) {
    place = childOf(place, segment);
    if (typeof segment === 'number') continue;
    const key = keys.next().value;
    if (key !== undefined) place.key ??= rangeOf(key);
  }
  place.header ??= rangeOfHeader(node, text);
  for (const each of node.body) addKeyValue(place, each);
}

function addKeyValue(table: Place, node: AST.TOMLKeyValue): void {
  let place = table;
  for (const key of node.key.keys) {
    place = childOf(place, key.type === 'TOMLBare' ? key.name : key.value);
    place.key ??= rangeOf(key);
  }
  addValue(place, node.value);
}

function addValue(place: Place, node: AST.TOMLContentNode): void {
  place.value = rangeOf(node);
  if (node.type === 'TOMLArray') {
    for (const [index, element] of node.elements.entries())
      addValue(childOf(place, index), element);
  } else if (node.type === 'TOMLInlineTable') {
    for (const each of node.body) addKeyValue(place, each);
  }
}

function childOf(place: Place, name: string | number): Place {
  const known = place.children.get(name);
  if (known !== undefined) return known;
  const child: Place = { children: new Map() };
  place.children.set(name, child);
  return child;
}

function rangeOf({ loc }: AST.HasLocs): TextRange {
  return {
    line: loc.start.line,
    column: loc.start.column + 1,
    endLine: loc.end.line,
    endColumn: loc.end.column + 1,
  };
}

/** The parser's table node reaches to the end of the table; its header is one line. */
function rangeOfHeader(node: AST.TOMLTable, text: string): TextRange {
  const { line, column } = rangeOf(node);
  const brackets = node.kind === 'array' ? 2 : 1;
  const end = text.indexOf(']', node.key.range[1]) + brackets;
  return { line, column, endLine: line, endColumn: column + end - node.range[0] };
}
