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
