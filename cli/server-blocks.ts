/** `[[servers]]` blocks as text, and a text with blocks at its end. */
import type { ServerBlock } from './server-entry.ts';

/** The lines of a block, ready to be read by people. */
export function blockLines(block: ServerBlock, file: string): readonly string[] {
  const { name, command, args, workingDir, env, enabled } = block;
  const variables = Object.entries(env);
  return [
    `# Imported from ${file.replace(/\p{Cc}/gu, '\ufffd')}`,
    '[[servers]]',
    `name = ${tomlText(name)}`,
    'transport = "stdio"',
    `command = ${tomlText(command)}`,
    `args = [${args.map(tomlText).join(', ')}]`,
    ...(workingDir === null ? [] : [`working_dir = ${tomlText(workingDir)}`]),
    ...(enabled ? [] : ['enabled = false']),
    ...(variables.length === 0 ? [] : ['[servers.env]']),
    ...variables.map(([key, value]) => `${tomlKey(key)} = ${tomlText(value)}`),
  ];
}

/** The text with the blocks behind it; its byte order mark, line ends and every byte of it stay. */
export function withBlocks(text: string, blocks: readonly (readonly string[])[]): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const isEmpty = text.replace(/^\uFEFF/, '') === '';
  const closed = isEmpty || text.endsWith('\n') ? text : text + end;
  const parts = blocks.map((lines) => lines.map((line) => line + end).join(''));
  return closed + (isEmpty ? '' : end) + parts.join(end);
}

/** TOML's basic strings are JSON's, but for DEL and for halves of characters. */
function tomlText(text: string): string {
  // Single quotes keep the backslashes of Windows paths readable.
  if (/^[^'\p{Cc}\ud800-\udfff]*\\[^'\p{Cc}\ud800-\udfff]*$/u.test(text)) return `'${text}'`;
  return JSON.stringify(text.toWellFormed()).replaceAll('\u007f', '\\u007f');
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlText(key);
}
