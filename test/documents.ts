/** The project's documents as tests read them: links, headings, and the tests and commands they name. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export interface Document {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

/** A test that a document names: `` `file.test.ts › title` ``. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** Every Markdown file of the project itself. */
export function readDocuments(): readonly Document[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('docs', name))
    .filter((path) => path.endsWith('.md'));
  const beside = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...beside, ...inDocs].sort().map(readDocument);
}

/** One document by its path from the project's folder. */
export function readDocument(path: string): Document {
  return { path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') };
}

/** The text without blocks of code, where nothing is a link or a heading. */
function prose(text: string): string {
  return text.replace(/^( *)(```|~~~)[^\n]*\n[\s\S]*?\n\1\2 *$/gm, '');
}

/** The anchors of a text's headings, as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
  return new Set(anchors);
}

/** What is wrong with the links of a document that stay within the project: missing files and anchors. */
export function brokenLinks({ path, text }: Document): readonly string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : relative(root, resolve(root, dirname(path), file));
    if (!exists(linked)) return [`${path}: there is no ${target}`];
    if (anchor === undefined) return [];
    const isThere = anchorsOf(readDocument(linked).text).has(anchor);
    return isThere ? [] : [`${path}: ${linked} has no heading #${anchor}`];
  });
}

export function namedTests(text: string): readonly NamedTest[] {
  return [...text.matchAll(/`([\w./-]+\.(?:test|spec)\.tsx?) › ([^`]+)`/g)].map(
    ([, file = '', title = '']) => ({ file, title }),
  );
}

/** Why a test that a document names is none; undefined when it is there. */
export function whyNoTest({ file, title }: NamedTest): string | undefined {
  if (!exists(file)) return `there is no ${file}`;
  const source = readFileSync(join(root, file), 'utf8');
  const isThere = ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
  return isThere ? undefined : `${file} has no test "${title}"`;
}

function exists(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
}
