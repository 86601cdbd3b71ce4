/**
 * `ports.json`, beside the configuration: how clients find a running supervisor. It is written as
 * soon as the ports are bound and removed on a clean exit; its shape is that of the old supervisor.
 */
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, replaceFile } from './write-file.ts';

/** The port of each service; null for one that does not run. */
export interface ServicePorts {
  readonly mcp_proxy: number | null;
  readonly mcp_pool_base: number | null;
  readonly interactive_terminal: number | null;
  readonly dashboard: number | null;
  readonly fallback_api: number | null;
  readonly gui_server: number | null;
  /** New in this supervisor. */
  readonly control_tcp: number | null;
}

export interface PortsFile {
  readonly schema_version: 1;
  /** Unix seconds. */
  readonly written_at_unix: number;
  readonly supervisor_pid: number;
  readonly services: ServicePorts;
  /** By the name of the `[[servers]]` block. */
  readonly custom_services: Readonly<Record<string, number>>;
  /** Path of the control socket or pipe. New in this supervisor. */
  readonly control_socket: string | null;
  /** Address of the status page, without its token. New in this supervisor. */
  readonly page_url: string | null;
}

/** `ports.json` in the folder of the configuration file. */
export function portsFilePath(configPath: string): string {
  return join(dirname(configPath), 'ports.json');
}

/** Writes the file, replacing what an earlier run may have left. */
export async function writePortsFile(configPath: string, content: PortsFile): Promise<void> {
  await replaceFile(portsFilePath(configPath), `${JSON.stringify(content, null, 2)}\n`);
}

/** Removes the file if it still carries this process id; another supervisor's file stays. */
export async function removePortsFile(configPath: string, pid: number): Promise<void> {
  const path = portsFilePath(configPath);
  if ((await ownerOf(path)) === pid) await rm(path, { force: true });
}

async function ownerOf(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const content: unknown = JSON.parse(text);
    return (content as Partial<PortsFile> | null)?.supervisor_pid ?? null;
  } catch {
    return null; // Somebody else wrote it: this program's own files are complete.
  }
}
