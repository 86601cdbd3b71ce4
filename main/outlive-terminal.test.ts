import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const terminal = join(import.meta.dirname, 'outlive-terminal.ts');

/** A program that ends with 0 after it wrote to a reader that has gone. */
const program = `
  import { outliveTerminal } from ${JSON.stringify(terminal)};
  outliveTerminal([process.stdout, process.stderr]);
  process.on('uncaughtException', () => process.exit(1));
  process.stdin.resume().on('end', () => {
    process.stdout.write('out');
    process.stderr.write('err', () => setImmediate(() => process.exit(0)));
  });
`;

test('the program runs on when nobody reads its output any more', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  await once(child, 'spawn');
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
