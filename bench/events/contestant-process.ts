/**
 * What the contestants' processes have in common. A process says `listening PORT` on standard output and
 * then takes lines on standard input, so that publishing costs no HTTP:
 *   publish COUNT STAMP BYTES   publishes COUNT events of about BYTES bytes in one turn of its loop
 *   report                      answers with one line of JSON, whatever it has to tell
 * The end of standard input is the end of the process: nothing outlives a benchmark that was killed.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from './payload.ts';

export interface Contestant {
  readonly server: Server;
  /** Publishes `count` events with this message, at once. */
  readonly publish: (count: number, message: string) => void;
  readonly report?: () => unknown;
}

export function run({ server, publish, report }: Contestant): void {
  const obey = (line: string) => {
    const [command, count, stamp, bytes] = line.split(' ');
    if (command === 'publish') publish(Number(count), messageOf(stamp ?? '', Number(bytes)));
    else if (command === 'report') process.stdout.write(`${JSON.stringify(report?.() ?? {})}\n`);
  };
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) obey(line);
  });
  process.stdin.on('end', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
  });
}
