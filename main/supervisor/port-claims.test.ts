import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { leasePort } from './pool/port-lease.ts';
import { PortClaims } from './port-claims.ts';

test('a port that was given to one service is given to no other until it has settled', async () => {
  const claims = new PortClaims();
  const port = await claims.claim('dashboard', 0, 'dashboard');
  const next = await leasePort(port);
  expect(next?.port).toBeGreaterThan(port);
  await expect(new PortClaims().claim('web', port, 'server "web"')).rejects.toThrow(
    /^Port \d+ of the server "web" is in use by another program/,
  );
  claims.settled('dashboard');
  const other = new PortClaims();
  expect(await other.claim('web', port, 'server "web"')).toBe(port);
  other.settled('web');
  next?.release();
});

test('a service that is started anew may have its port again', async () => {
  const claims = new PortClaims();
  const port = await claims.claim('web', 0, 'server "web"');
  expect(await claims.claim('web', port, 'server "web"')).toBe(port);
  claims.settled('web');
});

test('a service that is stopped while it looks for its port keeps none', async () => {
  const claims = new PortClaims();
  const claimed = claims.claim('web', 0, 'server "web"');
  claims.settled('web');
  const other = new PortClaims();
  expect(await other.claim('web', await claimed, 'server "web"')).toBe(await claimed);
  other.settled('web');
});

test('W25 a port on which somebody listens is refused, and nobody is ended for it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await expect(new PortClaims().claim('web', port, 'server "web"')).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringContaining(`(pid ${process.pid})`),
  });
  expect(server.listening).toBe(true);
  await new Promise((resolve) => server.close(resolve));
});
