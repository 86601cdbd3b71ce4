import { portTakenError } from './http/port-owner.ts';
import { findFreePort, isPortFree } from './pool/free-port.ts';

/** The configured port if nobody has it, any free one for 0; throws `port_taken`. Kills nobody (W25). */
export async function claimPort(port: number, owner: string): Promise<number> {
  if (port !== 0 && (await isPortFree(port))) return port;
  const free = port === 0 ? await findFreePort(0, new Set()) : null;
  if (free !== null) return free;
  throw await portTakenError(port, owner);
}
