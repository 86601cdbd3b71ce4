/**
 * Writes the reference pages that derive from the code: `node scripts/make-docs.ts`. A test compares
 * the files with what this makes, so that a page cannot lag behind the schema it describes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cliPage } from '../cli/reference.ts';
import { configJsonSchema } from '../shared/config-json-schema.ts';
import { expectation, type KeyInfo } from '../shared/config-key-info.ts';
import { configSections } from '../shared/config-keys.ts';
import { legacyKeys } from '../shared/config-legacy.ts';
import { restartKeys } from '../shared/config-restart.ts';
import { maxLineBytes, protocolVersion, requestSchemas } from '../shared/control-protocol.ts';
import { errorCodes } from '../shared/errors.ts';

const docs = join(import.meta.dirname, '..', 'docs');

/** The generated pages: file name → text. */
function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['configuration.md', configurationPage()],
    ['supervisor.schema.json', JSON.stringify(configJsonSchema(), null, 2)],
    ['protocol.md', protocolPage()],
    ['errors.md', errorsPage()],
    ['cli.md', cliPage(notice)],
  ]);
}

const notice =
  '<!-- Made by scripts/make-docs.ts. Change the code, then run it; do not edit here. -->';

function configurationPage(): string {
  return page(
    '# Configuration',
    notice,
    `The supervisor reads \`supervisor.toml\` (TOML 1.0) from \`%APPDATA%\\ProjectMemory\` on Windows and
\`~/.config/ProjectMemory\` elsewhere; \`--config FILE\` or \`PM_SUPERVISOR_CONFIG\` names another one. Where there is
none, a commented default is written. Every key is optional unless it says *required*.`,
    `A change takes effect as soon as the file is saved, in any editor: only what it is about is started, stopped or changed, and
everything else runs on. Another program of the MCP pool replaces its instances one by one; no session breaks. Keys marked
*restart* count from the next start of the supervisor on. A file with errors changes nothing: what ran goes on, and the
status page, the tray and the log say what is wrong and where. The last ten versions are kept in the data folder.
Connections that are open stay open when a token changes; the next request needs the new one.`,
    `[supervisor.schema.json](supervisor.schema.json) is the JSON Schema of the file. Editors with [Taplo](https://taplo.tamasfe.dev)
("Even Better TOML" in VS Code) complete and check with it when the file begins with
\`#:schema /path/to/docs/supervisor.schema.json\`; a running supervisor hands it out, too (\`ConfigSchema\`).`,
    `\`npm start -- --check-config\` says what is wrong with the file, as \`file:line:column: error: …\`, and ends with 0 or 1.
A wrong type, an impossible value or a contradiction is an error; an unknown key is a warning with a suggestion. At start
with a broken file the supervisor runs on the last valid one and says so; without one it starts no service, only the status
page and the control plane.`,
    ...configSections.map((section) =>
      page(
        `## ${section.repeated ? `[[${section.path}]]` : `[${section.path}]`}`,
        section.description,
        section.keys.length === 0
          ? ''
          : table(
              ['key', 'value', 'default', 'meaning'],
              section.keys.map((key) => keyRow(section.path, key)),
            ),
      ),
    ),
    '## Sections and keys of the old supervisor',
    'They are accepted, named once and otherwise ignored:',
    legacyKeys.map(({ path, notice: text }) => `- \`${path}\` ${text}`).join('\n'),
  );
}

function keyRow(section: string, key: KeyInfo): readonly string[] {
  const fallback = key.required
    ? '*required*'
    : key.fallback === undefined
      ? '–'
      : code(key.fallback);
  const restart = restartKeys.includes(`${section}.${key.name}`) ? ' *restart*' : '';
  return [`\`${key.name}\`${restart}`, expectation(key), fallback, key.description];
}

function protocolPage(): string {
  return page(
    '# Control protocol',
    notice,
    `Version ${protocolVersion}. NDJSON: one JSON object a line, \`{"type":"Status"}\` in, \`{"ok":true,"data":…}\` out. Every line gets
exactly one reply, also a malformed one: \`{"ok":false,"error":"…","code":"…","data":null}\` ([codes](errors.md)). An \`id\` (text
or number) is echoed; requests that carry one may be answered out of order, others are answered in their order. A line
may have ${maxLineBytes} bytes.`,
    '## Doors',
    `- Linux, macOS: the Unix socket that \`ports.json\` names as \`control_socket\`; only its user can open it.
- Windows: the pipe \`[supervisor] control_pipe\`.
- TCP \`127.0.0.1:45470\` (\`[supervisor] control_tcp_port\`). A first line that looks like HTTP closes the connection
  unexecuted. With \`[auth] control_tcp_token\` the first line must be \`Authenticate\`; without it, only the verbs that read and
  write the file (\`GetConfig\`, \`SaveConfig\`, \`ConfigVersion\`) need it: every user of the machine reaches this port.
- HTTP \`POST /control\` on \`127.0.0.1:3464\`: one request as the body, the same reply; and \`GET /control/watch\`, a stream of
  server-sent events: \`snapshot\` (the whole state, at once and whenever it changed) and \`events\` (batches of data-change events).
  Both need the token: \`Authorization: Bearer …\`, \`X-PM-API-Key: …\`, or the page's cookie.`,
    `Each can be switched off. One that cannot be opened is tried again with growing pauses and shown in \`doors\` of the snapshot;
the others work meanwhile. A client that does not read its replies is read no further, and let go when 16 MiB wait for it.`,
    '`ports.json` lies beside the configuration, is written as soon as the ports are bound and removed at the end.',
    '## Requests',
    ...Object.entries(requestSchemas).map(([type, schema]) => requestSection(type, schema)),
  );
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function requestSection(type: string, schema: z.ZodType): string {
  const { properties = {}, required = [], description } = z.toJSONSchema(schema) as JsonSchema;
  const rows = Object.entries(properties).map(([name, field]) => [
    `\`${name}\`${required.includes(name) ? '' : ' (optional)'}`,
    fieldType(field),
    field.description ?? '',
  ]);
  return page(
    `### ${type}`,
    description === undefined ? '' : `${description}.`,
    rows.length === 0 ? 'No fields.' : table(['field', 'type', 'meaning'], rows),
  );
}

function fieldType({ type = 'any', minimum, maximum }: JsonSchema): string {
  return minimum === undefined ? type : `${type} ${minimum}…${maximum}`;
}

function errorsPage(): string {
  return page(
    '# Error codes',
    notice,
    'A code is part of the protocol and never gets another meaning. The message beside it names cause and cure.',
    table(
      ['code', 'HTTP status', 'meaning'],
      Object.entries(errorCodes).map(([name, { status, title }]) => [
        `\`${name}\``,
        String(status),
        title,
      ]),
    ),
  );
}

function page(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Pages whose file differs from what the code says. */
export async function outdatedPages(): Promise<readonly string[]> {
  const outdated: string[] = [];
  for (const [name, text] of generatedPages()) {
    const file = await readFile(join(docs, name), 'utf8').catch(() => '');
    if (file !== `${text}\n`) outdated.push(name);
  }
  return outdated;
}

if (import.meta.main) {
  for (const [name, text] of generatedPages()) await writeFile(join(docs, name), `${text}\n`);
}
