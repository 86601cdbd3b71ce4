/** Asking podman or docker, whose commands are the same as far as they are used here. */
import { execFile } from 'node:child_process';
import { CodedError } from '../../../shared/errors.ts';

export interface EngineAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a question may take, in ms; an engine whose daemon hangs must not hang us. */
const askTimeoutMs = 10_000;

export class ContainerEngine {
  readonly name: string;
  readonly #env: NodeJS.ProcessEnv;

  /** `env` says where the engine is (PATH) and how it reaches its daemon (DOCKER_HOST …). */
  constructor(name: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#env = env;
  }

  /**
   * Asks once. Throws `service_failed` when there is no such program; any other trouble is in the
   * answer.
   */
  ask(args: readonly string[], timeoutMs = askTimeoutMs): Promise<EngineAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>();
    const options = { env: this.#env, timeout: timeoutMs, windowsHide: true };
    execFile(this.name, [...args], options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT' || error?.code === 'EACCES') reject(this.#missing(error));
      else resolve({ ok: error === null, stdout, stderr });
    });
    return promise;
  }

  #missing(cause: Error): CodedError {
    const title = this.name === 'docker' ? 'Docker' : 'Podman';
    const other = this.name === 'docker' ? 'podman' : 'docker';
    return new CodedError(
      'service_failed',
      `The container engine "${this.name}" was not found. Install ${title}, or set [mcp.container] engine = "${other}", or [mcp] backend = "node" to run the MCP server as a process.`,
      { cause },
    );
  }
}
