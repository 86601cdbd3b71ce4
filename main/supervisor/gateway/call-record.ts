/**
 * What is known of one request to an MCP endpoint when it is over: one line of the log, and what is
 * counted. Its id goes along with it, to the instance and back to the client, so that the logs of all
 * three can be laid side by side (W3C trace context passes untouched, like any header).
 */
import { hash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Session } from '../pool/sessions.ts';
import type { CallSample, GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Ids of others are taken over when they are sane: they go into headers and logs. */
const saneId = /^[\w.:+/=-]{1,128}$/;

/** Enough of a hash to find a session's lines by; the id itself opens the session. */
const hashChars = 8;

/** Tells the requests of this run from those of any other; a number tells them from each other. */
const run = randomBytes(8).toString('hex');
let requests = 0;

export class CallRecord {
  readonly requestId: string;
  /** Who sent it, as the gate in front found; null while it asks nobody. */
  readonly principal: string | null;
  readonly #startedAt = performance.now();
  readonly #httpMethod: string;
  rpcMethod: string | null = null;
  tool: string | null = null;
  instance: string | null = null;
  session: Session | null = null;
  bytesIn = 0;
  bytesOut = 0;
  /** How often it was made again. */
  repeats = 0;
  /** The server or its tool answered an error. */
  isError = false;
  /** The answer is the gateway's own. */
  isFailure = false;
  isInterrupted = false;
  /** It stays open for as long as its client likes. */
  isStream: boolean;

  constructor(request: IncomingMessage, principal: string | null) {
    const given = request.headers['x-request-id'];
    this.requestId = typeof given === 'string' && saneId.test(given) ? given : nextId();
    this.principal = principal;
    this.#httpMethod = request.method ?? '';
    this.isStream = request.method === 'GET';
  }

  /** The request is over: counts it, and writes its line. */
  finish(response: ServerResponse, metrics: GatewayMetrics, logger: Logger): void {
    const ms = performance.now() - this.#startedAt;
    const { instance, rpcMethod, tool, bytesIn, bytesOut, repeats, isInterrupted } = this;
    const outcome = this.#outcome(response);
    const sample = {
      instance: instance ?? 'none',
      method: rpcMethod,
      tool,
      outcome,
      seconds: ms / 1_000,
      bytesIn,
      bytesOut,
      repeats,
      isInterrupted,
    };
    metrics.observe(sample, this.isStream);
    // A call a line would drown what else is to be read; one that failed is worth reading.
    const level = outcome === 'failed' ? 'info' : 'debug';
    if (!logger.isLevelEnabled(level)) return;
    logger[level](
      {
        method: this.#httpMethod,
        rpc: rpcMethod,
        tool,
        status: response.headersSent ? response.statusCode : null,
        outcome,
        ms: Math.round(ms * 10) / 10,
        bytesIn,
        bytesOut,
        instance,
        session: this.session && hashOf(this.session.opening.sessionId),
        request: this.requestId,
        client: this.session?.opening.clientName ?? null,
        principal: this.principal,
        ...(repeats > 0 && { repeats }),
      },
      'MCP request',
    );
  }

  #outcome(response: ServerResponse): CallSample['outcome'] {
    if (this.isFailure) return 'failed';
    if (!response.writableEnded && !this.isStream) return 'gone';
    return this.isError || response.statusCode >= 500 ? 'error' : 'ok';
  }
}

function nextId(): string {
  requests += 1;
  return `${run}-${requests}`;
}

function hashOf(sessionId: string): string {
  return hash('sha256', sessionId, 'hex').slice(0, hashChars);
}
