/** For tests of failover: a client's session, its calls, and servers that die while they work. */
import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import type { Rig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { type OpenAnswer, open } from './http-client.test-helper.ts';
import type { Message } from './upstream.test-helper.ts';

export function headersOf(sessionId: string, more: Record<string, string> = {}) {
  return { 'mcp-session-id': sessionId, 'content-type': 'application/json', ...more };
}

export const toolCall = (name: string, id: number | string = 7) => ({
  id,
  method: 'tools/call',
  params: { name },
});

/** The answer to `toolCall('send')` where that was interrupted and must not be made twice. */
export const notRepeated = {
  jsonrpc: '2.0',
  id: 7,
  error: {
    code: -32000,
    message: expect.stringMatching(/^The tool "send" was running when the MCP server ended/),
    data: { code: 'call_interrupted', retryable: false },
  },
};

/** Calls that reached a server and wait there for the test. */
export class HeldCalls {
  readonly held: { readonly message: Message; readonly response: ServerResponse }[] = [];

  /** Holds the messages with this method on every instance that runs now. */
  constructor(rig: Rig, method: string) {
    for (const { upstream } of rig.services) {
      upstream.answerCall = (message, response) => {
        if (message.method !== method) return false;
        this.held.push({ message, response });
        return true;
      };
    }
  }

  async until(count: number): Promise<void> {
    await eventually(() => expect(this.held).toHaveLength(count));
  }

  /** Answers call `number`, from 0, with JSON. */
  answer(number: number, result: object = {}): void {
    const call = this.held[number];
    const id = call?.message.id;
    call?.response.writeHead(200, { 'content-type': 'application/json' });
    call?.response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }

  /** Begins a stream as the answer of call `number`. */
  stream(number: number, text: string): ServerResponse {
    const { response } = this.held[number] ?? {};
    if (response === undefined) throw new Error(`there is no call ${number}`);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
    return response;
  }
}

/** Kills the instance where the session is at home. */
export async function killHome(rig: Rig, sessionId: string): Promise<void> {
  await rig.service(rig.homeNumber(sessionId)).crash();
}

/** Opens the GET stream of a session. */
export async function openStream(
  rig: Rig,
  sessionId: string,
  more: Record<string, string> = {},
): Promise<OpenAnswer> {
  return await open(rig.port, { headers: headersOf(sessionId, more) });
}

/** The events of a text, those without data left out, as clients read them. */
export function eventsOf(text: string): readonly { type: string; data: string }[] {
  const field = (event: string, name: string) =>
    event
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
  return text
    .split('\n\n')
    .map((event) => ({
      type: field(event, 'event').at(-1) ?? 'message',
      data: field(event, 'data').join('\n'),
    }))
    .filter(({ data }) => data !== '');
}

/** The JSON-RPC messages of a text, with either line end. */
export function messagesOf(text: string): readonly object[] {
  return eventsOf(text.replaceAll('\r\n', '\n'))
    .filter(({ type }) => type === 'message')
    .map(({ data }) => JSON.parse(data) as object);
}

/** The instance's end of the session's GET stream. */
export async function sourceOf(rig: Rig, id: string) {
  return await eventually(() => {
    const source = rig.home(id).streams.get(rig.upstreamId(id));
    if (source === undefined) throw new Error('the stream is not there yet');
    return source;
  });
}
