/**
 * A symmetrical link of questions and answers over Node's IPC channel, between the application's
 * process and the test's. What each side answers is declared in `protocol.ts`.
 */
import { messageOf } from '../../shared/errors.ts';

/** Any set of functions that the other side may call by name. */
export type Methods<Names extends string> = Readonly<Record<Names, (...args: never[]) => unknown>>;

/** Calls one of the other side's functions. */
export type Call<Theirs extends Methods<keyof Theirs & string>> = <
  Name extends keyof Theirs & string,
>(
  name: Name,
  ...args: Parameters<Theirs[Name]>
) => Promise<Awaited<ReturnType<Theirs[Name]>>>;

/** The part of a process (`process`, or a forked child) that is needed. */
export interface Port {
  readonly connected: boolean;
  send?(message: Message, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

const goneName = 'GoneError';

/** The error of who asks something of a process or a window that has ended. It crosses by its name, as no class does. */
export function gone(text: string): Error {
  return Object.assign(new Error(text), { name: goneName });
}

/** For `catch`: an answer in place of the one that nobody is there to give. Every other error stays one. */
export function ifGone<Value>(answer: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Error && error.name === goneName) return answer;
    throw error;
  };
}

type AnyMethod = ((...args: readonly unknown[]) => unknown) | undefined;

type Message =
  | { readonly ask: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly error: { readonly name: string; readonly text: string } };

/** Joins `mine` to the other side and returns the way to call theirs. Open calls fail when it ends. */
export function link<
  Mine extends Methods<keyof Mine & string>,
  Theirs extends Methods<keyof Theirs & string>,
>(port: Port, mine: Mine): Call<Theirs> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 0;

  // A process may be gone before this side hears of it; `disconnect` follows and fails the open calls.
  const post = (message: Message) => {
    if (port.connected) port.send?.(message, () => {});
  };

  const answer = async ({ ask, name, args }: Extract<Message, { ask: number }>) => {
    try {
      const method = (mine as unknown as Readonly<Record<string, AnyMethod>>)[name];
      if (method === undefined) throw new Error(`The double has no "${name}".`);
      post({ answer: ask, value: await method(...args) });
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'Error';
      post({ answer: ask, error: { name: kind, text: messageOf(error) } });
    }
  };

  port.on('message', (raw) => {
    const message = raw as Message;
    if ('ask' in message) {
      void answer(message);
      return;
    }
    const call = waiting.get(message.answer);
    waiting.delete(message.answer);
    if ('error' in message) {
      const { name, text } = message.error;
      call?.reject(Object.assign(new Error(text), { name }));
    } else {
      call?.resolve(message.value);
    }
  });
  port.on('disconnect', () => {
    for (const call of waiting.values()) call.reject(gone('The other process has ended.'));
    waiting.clear();
  });

  return (name, ...args) => {
    if (!port.connected) return Promise.reject(gone('The other process has ended.'));
    const call = Promise.withResolvers<unknown>();
    waiting.set(next, call);
    post({ ask: next, name, args });
    next += 1;
    return call.promise as Promise<never>;
  };
}
