/** Turns a server of an mcp.json into what a `[[servers]]` block says, or tells why it cannot be one. */
import { basename, sep } from 'node:path';
import { serverName } from '../shared/config-names.ts';
import { type FoundServer, recordOf } from './mcp-files.ts';

export interface ServerBlock {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDir: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly enabled: boolean;
}

export type Converted =
  | { readonly kind: 'block'; readonly block: ServerBlock; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homedir: string;
}

/** Names under which programs expect secrets, and the beginnings of well-known ones. */
const secretName = /token|secret|passw|api[-_]?key|credential|private[-_]?key|^auth/i;
const secretValue = /^(?:sk-|gh[opsu]_|github_pat_|glpat-|xox[abprs]-|AKIA|eyJ)/;

export function convert(found: FoundServer, surroundings: Surroundings): Converted {
  const { entry, workspace } = found;
  const { command, url, serverUrl, type, args = [], env, cwd, disabled, envFile } = entry;
  const isRemote = command === undefined && (url ?? serverUrl ?? type) !== undefined;
  if (isRemote) {
    return refused('it is reached at an address, and nothing is to be run here');
  }
  if (typeof command !== 'string' || command.trim() === '') return refused('it has no command');
  if (!Array.isArray(args) || !args.every(isPlain)) return refused('its args are no list of texts');
  const missing: string[] = [];
  const expand = (value: unknown) => expandIn(String(value), found, surroundings, missing);
  const block: ServerBlock = {
    name: nameFor(found.name),
    command: expand(command),
    args: args.map(expand),
    // Clients start the servers of a project in its folder.
    workingDir: typeof cwd === 'string' ? expand(cwd) : workspace,
    env: Object.fromEntries(
      Object.entries(recordOf(env)).flatMap(([name, value]) =>
        isPlain(value) && !isInherited(name, value) ? [[name, expand(value)] as const] : [],
      ),
    ),
    enabled: disabled !== true,
  };
  if (missing.length > 0) {
    return refused(`it needs ${missing.join(', ')}, which is not known here`);
  }
  const warnings = [
    ...secretsIn(block),
    ...(envFile === undefined ? [] : ['its envFile is not read; write what it holds into env']),
  ];
  return { kind: 'block', block, warnings };
}

function refused(reason: string): Converted {
  return { kind: 'refused', reason };
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** `"KEY": "${env:KEY}"` passes on what services inherit anyway. */
function isInherited(name: string, value: unknown): boolean {
  return value === `\${env:${name}}` || value === `\${${name}}`;
}

/** The variables of VS Code and Cursor (`${env:X}`, `${workspaceFolder}` …) and of Claude (`${X:-default}`). */
function expandIn(
  text: string,
  { workspace }: FoundServer,
  { env, homedir }: Surroundings,
  missing: string[],
): string {
  const known: Readonly<Record<string, string | null>> = {
    userHome: homedir,
    pathSeparator: sep,
    '/': sep,
    workspaceFolder: workspace,
    workspaceFolderBasename: workspace === null ? null : basename(workspace),
    workspaceRoot: workspace,
  };
  return text.replace(/\$\{([^{}]+)\}/g, (whole, content: string) => {
    const [name = '', fallback] = content.split(':-', 2);
    const variable = /^(?:env:)?([A-Za-z_]\w*)$/.exec(name)?.[1];
    const value =
      known[name] ?? (variable === undefined ? undefined : env[variable]) ?? fallback ?? null;
    if (value === null) missing.push(whole);
    return value ?? whole;
  });
}

function secretsIn({ env, args }: ServerBlock): readonly string[] {
  const names = Object.entries(env)
    .filter(([name, value]) => value !== '' && (secretName.test(name) || secretValue.test(value)))
    .map(([name]) => name);
  const inArgs = args.some(
    (arg) => secretValue.test(arg) || (arg.startsWith('-') && secretName.test(arg)),
  );
  return [
    ...(names.length === 0 ? [] : [`env ${names.join(', ')}: a secret, kept in clear text`]),
    ...(inArgs ? ['args: they seem to hold a secret, kept in clear text'] : []),
  ];
}

/** The same name, as far as a service may have it. */
export function nameFor(name: string): string {
  const allowed = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N} ._-]+/gu, '-')
    .slice(0, 56)
    .replace(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_-]+$/gu, '')
    .replace(/-+$/, '');
  const named = allowed === '' ? 'server' : allowed;
  // `mcp`, `dashboard` and their like are services of the supervisor itself.
  return serverName.safeParse(named).success ? named : `${named}-server`;
}
