/**
 * The least that a server of this protocol can do: cut lines, read JSON, write JSON. It checks nothing and knows
 * nothing, so what ours takes longer is the price of being right.
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const path = process.argv[2];

const server = createServer((socket) => {
  socket.on('error', () => {});
  createInterface({ input: socket }).on('line', (line) => {
    const { id } = JSON.parse(line) as { readonly id?: number };
    socket.write(`${JSON.stringify({ ok: true, data: { message: 'hello' }, id })}\n`);
  });
});

server.listen(path, () => process.send?.('listening'));
// Whoever started us is gone.
process.on('disconnect', () => process.exit());
