/** A session in the making: it is one as soon as an instance has given it an id. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Instance } from '../pool/instance.ts';
import type { Session, SessionTable } from '../pool/sessions.ts';
import type { CallRecord } from './call-record.ts';
import { requestHeaders } from './forward.ts';
import type { Initialize } from './json-rpc.ts';
import { transportOf } from './transport-of.ts';

/** The most that is kept of a header that is shown to people, in characters. */
const maxShownChars = 500;

export interface NewSessionOptions {
  readonly sessions: SessionTable;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly initialize: Initialize;
  readonly record: CallRecord;
  /** Headers that were about another session. */
  readonly omit: ReadonlySet<string>;
  readonly onOpened: (session: Session) => void;
}

export class NewSession {
  /** The id that the client gets to know, whichever instance answers in the end. */
  readonly publicId = randomUUID();
  readonly #options: NewSessionOptions;

  constructor(options: NewSessionOptions) {
    this.#options = options;
  }

  /** It is on its way to this instance, and counts there until what this returns is called. */
  begin(instance: Instance): () => void {
    let isOver = false;
    instance.opening += 1;
    return () => {
      if (!isOver) instance.opening -= 1;
      isOver = true;
    };
  }

  /** The instance has answered; it has opened the session if it names it. */
  onHead(instance: Instance, status: number, upstreamId: string | undefined): void {
    if (status !== 200 || upstreamId === undefined) return;
    const { sessions, request, body, initialize, record, omit, onOpened } = this.#options;
    const { headers } = request;
    const pid = Number(headers['x-client-pid']);
    const session = sessions.open(
      {
        ...initialize,
        sessionId: this.publicId,
        transport: transportOf(request),
        principal: record.principal,
        workspace: shown(headers['x-workspace-id']),
        userAgent: shown(headers['user-agent']),
        clientPid: Number.isSafeInteger(pid) && pid > 0 ? pid : null,
        clientHint: shown(headers['x-client-id']),
        initialize: body,
        headers: requestHeaders(request, true, { omit }),
      },
      { instance, upstreamId },
    );
    record.session = session;
    onOpened(session);
  }
}

function shown(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxShownChars) : null;
}
