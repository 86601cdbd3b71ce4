/** Many sessions at work while instances are killed at random. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { eventsOf, headersOf } from './failover.test-helper.ts';
import { type Message, reply } from './upstream.test-helper.ts';

const sessionCount = 50;
const kills = 20;

interface Outcome {
  readonly tool: string;
  readonly token: string;
  readonly status: number;
  readonly answer: {
    readonly id?: unknown;
    readonly result?: { readonly token: string };
    readonly error?: { readonly code: number; readonly data: object };
  };
}

/** How often each token was at work. */
function workWithTokens(rig: Rig): ReadonlyMap<string, number> {
  const worked = new Map<string, number>();
  let answers = 0;
  const answerCall = ({ id, params }: Message, response: Parameters<typeof reply>[0]): boolean => {
    const token = params?.arguments?.token;
    if (token === undefined) return false;
    worked.set(token, (worked.get(token) ?? 0) + 1);
    const answer = { jsonrpc: '2.0', id, result: { token } };
    answers += 1;
    const isStream = answers % 3 === 0;
    if (isStream) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => {
      if (response.destroyed) return;
      if (isStream) response.end(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
      else reply(response, 200, answer);
    }, answers % 20);
    return true;
  };
  for (const { upstream } of rig.services) upstream.answerCall = answerCall;
  return worked;
}

async function callOnce(rig: Rig, id: string, number: number): Promise<Outcome> {
  const token = `${id}/${number}`;
  const tool = number % 4 === 0 ? 'send' : 'look';
  const params = { name: tool, arguments: { token } };
  const message = { id: token, method: 'tools/call', params };
  const { status, text, headers } = await rig.post(message, headersOf(id));
  const isStream = String(headers['content-type']).startsWith('text/event-stream');
  const messages = isStream ? eventsOf(text).map(({ data }) => data) : [text];
  expect(messages, `answers to ${token}`).toHaveLength(1);
  return { tool, token, status, answer: JSON.parse(messages[0] ?? '') };
}

test('W17 50 sessions on 4 instances that are killed at random: no read fails, no answer goes astray', {
  timeout: 60_000,
}, async () => {
  // How long people are made to wait is another promise: a busy machine needs longer than that for its moves.
  await using rig = await startRig({ instances: 4, gateway: { failoverWaitMs: 60_000 } });
  const worked = workWithTokens(rig);
  const ids = await Promise.all(Array.from({ length: sessionCount }, () => rig.initialize()));
  let over = false;
  let answered = 0;
  let interrupted = 0;
  const clients = ids.map(async (id) => {
    const outcomes: Outcome[] = [];
    for (let number = 1; !over; number += 1) {
      const outcome = await callOnce(rig, id, number);
      outcomes.push(outcome);
      answered += 1;
      if (outcome.answer.error !== undefined) interrupted += 1;
    }
    return outcomes;
  });

  // On a busy machine a kill takes less time than a call: it goes on until there were enough of both, and one
  // call at least was hit that must not be repeated.
  const isEnough = () => answered > sessionCount * 4 && interrupted > 0;
  for (let kill = 0; kill < kills || !isEnough(); kill += 1) {
    const service = rig.service(1 + Math.floor(Math.random() * 4));
    await service.crash();
    await delay(Math.random() * 200);
    // Kills that outrun the calls would hit one of them more often than it is made again.
    const before = answered;
    await eventually(() => expect(answered).toBeGreaterThan(before + sessionCount));
    // Back-off of the supervisor; sometimes several are away at once.
    if (kill % 3 !== 0) await service.start();
    if (kill % 3 === 2) for (const each of rig.services) await each.start();
  }
  for (const each of rig.services) await each.start();
  over = true;
  const outcomes = (await Promise.all(clients)).flat();

  expect(outcomes.length).toBeGreaterThan(sessionCount * 4);
  for (const { tool, token, status, answer } of outcomes) {
    expect(status).toBe(200);
    expect(answer.id).toBe(token);
    if (answer.error === undefined) expect(answer.result).toEqual({ token });
    else {
      expect([tool, answer.error]).toMatchObject([
        'send',
        { code: -32000, data: { code: 'call_interrupted', retryable: false } },
      ]);
    }
    // One that was interrupted may have been read by the server, or not.
    if (tool === 'send') expect(worked.get(token) ?? 0, token).toBeLessThanOrEqual(1);
  }
  expect(
    rig.pool.sessions
      .all()
      .map(({ opening }) => opening.sessionId)
      .toSorted(),
  ).toEqual(ids.toSorted());
  expect(rig.pool.sessions.all().every(({ inFlight }) => inFlight === 0)).toBe(true);
  expect(rig.inFlight).toBe(0);
});
