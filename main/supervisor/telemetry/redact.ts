/** Secrets never reach a log, wherever in a logged object they sit. */

const placeholder = '[redacted]';

/** Names of fields, headers and environment variables that hold secrets. */
const secretName =
  /(?:token|secret|password|api[-_]?key|^authorization|^proxy-authorization|^(?:set-)?cookie)$/i;

/** The token in an address: `/?token=…`. */
const secretInAddress = /([?&](?:token|api_key)=)[^&\s"']+/gi;

/** The same line with every secret replaced; `json` is one object, with or without a line end. */
export function redactLine(json: string): string {
  const fields: unknown = JSON.parse(json, (name, value: unknown) => {
    if (value !== null && secretName.test(name)) return placeholder;
    return typeof value === 'string' ? value.replace(secretInAddress, `$1${placeholder}`) : value;
  });
  return `${JSON.stringify(fields)}\n`;
}

/** An address as people may see it: without name, password and query, any of which may be a secret. */
export function publicAddress(address: string): string {
  const { protocol, host, pathname, search } = new URL(address);
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
}

/** `--api-key`, `-token`, `API_KEY`: a name before `=`, or before the next argument. */
const argumentName = /^(--?)?([A-Za-z][\w-]*)$/;

/** A password in an address, and what follows the words with which HTTP credentials begin. */
const credentials = /(:\/\/[^:/@\s]*:)[^@/\s]+(?=@)|\b((?:Bearer|Basic)\s+)\S+/gi;

/** The arguments of a command, with every secret replaced that can be told from its name or form. */
export function redactArguments(args: readonly string[]): readonly string[] {
  let isSecretNext = false;
  return args.map((arg) => {
    if (isSecretNext && !arg.startsWith('-')) {
      isSecretNext = false;
      return placeholder;
    }
    const [name = '', ...value] = arg.split('=');
    const [, dashes, word] = argumentName.exec(name) ?? [];
    const isSecret = word !== undefined && secretName.test(word);
    isSecretNext = isSecret && dashes !== undefined && value.length === 0;
    if (isSecret && value.length > 0) return `${name}=${placeholder}`;
    const header = arg.replace(/^([\w-]+):.*/s, (whole, field: string) =>
      secretName.test(field) ? `${field}: ${placeholder}` : whole,
    );
    return header
      .replace(secretInAddress, `$1${placeholder}`)
      .replace(
        credentials,
        (_whole, address?: string, scheme?: string) => `${address ?? scheme}${placeholder}`,
      );
  });
}
