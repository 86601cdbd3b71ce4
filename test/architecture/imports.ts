/** Reads what a TypeScript source imports, with a real parser, in every spelling the language has. */
import { posix } from 'node:path';
import { parseSync, Visitor } from 'vite';

/** One import of one file. Paths are relative to the project and use `/` on every platform. */
export interface ImportRecord {
  readonly from: string;
  /** As it is written: `../shared/api.ts`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** Where it leads: a path of the project for a relative import, else the specifier itself. */
  readonly target: string;
  /** A `type` import is gone at run time. */
  readonly kind: 'value' | 'type';
}

/** What the rules need to know of a source file. */
export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportRecord[];
  /** True for a barrel: a file that only hands on what others export. */
  readonly onlyReExports: boolean;
}

/** Throws for a source that cannot be parsed: what is not read cannot be vouched for. */
export function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: findImports(path, program),
    onlyReExports: isBarrel(program),
  };
}

type Program = ReturnType<typeof parseSync>['program'];

function findImports(from: string, program: Program): readonly ImportRecord[] {
  const found: ImportRecord[] = [];
  const add = (specifier: unknown, kind: ImportRecord['kind']) => {
    if (typeof specifier !== 'string') return; // import(variable): only a run could tell.
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(from), specifier)
      : specifier;
    found.push({ from, specifier, target, kind });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind ?? 'value'),
    ExportNamedDeclaration: (node) => add(node.source?.value, node.exportKind ?? 'value'),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind ?? 'value'),
    ImportExpression: (node) => add(literal(node.source), 'value'),
    TSImportType: (node) => add(literal(node.source), 'type'),
    TSImportEqualsDeclaration: (node) => {
      const reference = node.moduleReference;
      if (reference.type === 'TSExternalModuleReference') {
        add(literal(reference.expression), node.importKind ?? 'value');
      }
    },
    CallExpression: (node) => {
      const isRequire = node.callee.type === 'Identifier' && node.callee.name === 'require';
      if (isRequire) add(literal(node.arguments[0]), 'value');
    },
  }).visit(program);
  return found;
}

interface AnyNode {
  readonly type: string;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked?: string | null } }[];
}

/** The text of 'a' and of `a`; undefined for anything that is put together at run time. */
function literal(node: AnyNode | undefined): unknown {
  if (node?.type === 'Literal') return node.value;
  if (node?.type !== 'TemplateLiteral' || node.quasis?.length !== 1) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

function isBarrel(program: Program): boolean {
  const imported = new Set<string>();
  let reExports = 0;
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      for (const each of node.specifiers) imported.add(each.local.name);
    } else if (node.type === 'ExportAllDeclaration') {
      reExports += 1;
    } else if (node.type === 'ExportNamedDeclaration' && node.declaration === null) {
      const handsOn =
        node.source !== null ||
        node.specifiers.every(({ local }) => 'name' in local && imported.has(local.name));
      if (!handsOn) return false;
      reExports += node.specifiers.length;
    } else {
      return false; // It does something of its own.
    }
  }
  return reExports > 0;
}
