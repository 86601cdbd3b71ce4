/**
 * The main process's end of the contract in `shared/api.ts`. One place decides who may ask (the main
 * frame of our own page, nobody else), what may be asked (names of the contract, arguments of a
 * bounded size) and who is told (pages that listen in a window that can be seen: a hidden window costs
 * nothing, and catches up with the latest state when it is shown).
 */
import { callChannel, type Envelope, listenChannel, pushChannel } from '../../preload/channels.ts';
import type { Calls, Pushes } from '../../shared/api.ts';
import { maxLineBytes } from '../../shared/control-protocol.ts';
import { CodedError, codeOf, messageOf } from '../../shared/errors.ts';
import { isBundleUrl } from './bundle-scheme.ts';

/** Who sent a message, as far as the checks need it. */
export interface Sender<SomePage extends Page> {
  readonly sender: SomePage;
  readonly senderFrame: { readonly url: string; readonly parent: object | null } | null;
}

/** A page that can be told something. */
export interface Page {
  isDestroyed(): boolean;
  send(channel: string, message: unknown): void;
  once(event: 'destroyed', listener: () => void): unknown;
}

/** The part of `ipcMain` that is used. */
export interface IpcMain<SomePage extends Page> {
  handle(
    channel: string,
    listener: (event: Sender<SomePage>, name: unknown, argument: unknown) => Promise<Envelope>,
  ): void;
  on(
    channel: string,
    listener: (event: Sender<SomePage>, name: unknown, wanted: unknown) => void,
  ): unknown;
}

/** One function a call. Arguments come from a page, so each handler checks the shape of its own. */
export type Handlers = {
  readonly [Name in keyof Calls]: (argument: unknown) => Promise<Calls[Name]['answer']>;
};

/**
 * The message that a page gets at once when it listens (also in a window not yet shown, which so opens
 * complete) or is shown; a push without one has no past.
 */
export type Latest = {
  readonly [Name in keyof Pushes]?: () => Pushes[Name]['message'];
};

/** What {@link serve} gives back: the way to tell the pages something. */
export interface Pages<SomePage extends Page> {
  /** Tells every page that listens and can be seen; false when there is none. */
  push<Name extends keyof Pushes>(name: Name, message: Pushes[Name]['message']): boolean;
  /** Gives a page that was just shown what it missed. */
  catchUp(page: SomePage): void;
  /** True once this page has called or listened: its scripts and its bridge work. */
  hasSpoken(page: SomePage): boolean;
}

export interface ServeOptions<SomePage extends Page> {
  readonly ipcMain: IpcMain<SomePage>;
  readonly contract: { readonly calls: object; readonly pushes: object };
  readonly handlers: Handlers;
  readonly latest: Latest;
  readonly isVisible: (page: SomePage) => boolean;
}

/** Answers the contract's calls and returns the way to push. */
export function serve<SomePage extends Page>(options: ServeOptions<SomePage>): Pages<SomePage> {
  const { ipcMain, contract, handlers, latest, isVisible } = options;
  const listening = new Map<SomePage, Set<keyof Pushes>>();
  const spoken = new WeakSet<SomePage>();

  const isPush = (name: unknown): name is keyof Pushes =>
    typeof name === 'string' && Object.hasOwn(contract.pushes, name);

  const tell = (page: SomePage, name: keyof Pushes, message: unknown) => {
    if (!page.isDestroyed()) page.send(pushChannel(name), message);
  };

  const tellLatest = (page: SomePage, name: keyof Pushes) => {
    const message = latest[name]?.();
    if (message !== undefined) tell(page, name, message);
  };

  const namesOf = (page: SomePage): Set<keyof Pushes> => {
    const known = listening.get(page);
    if (known !== undefined) return known;
    const names = new Set<keyof Pushes>();
    listening.set(page, names);
    page.once('destroyed', () => listening.delete(page));
    return names;
  };

  ipcMain.handle(callChannel, (event, name, argument) =>
    inEnvelope(async () => {
      requireOwnPage(event);
      spoken.add(event.sender);
      if (typeof name !== 'string' || !Object.hasOwn(contract.calls, name)) {
        throw new CodedError('not_found', 'There is no such call.');
      }
      requireSmall(argument);
      return await handlers[name as keyof Calls](argument);
    }),
  );

  ipcMain.on(listenChannel, (event, name, wanted) => {
    // A one-way message has nobody to tell of a refusal; what is not allowed is just not done.
    if (!isOwnPage(event) || !isPush(name)) return;
    spoken.add(event.sender);
    const names = namesOf(event.sender);
    if (wanted !== true) {
      names.delete(name);
      return;
    }
    names.add(name);
    tellLatest(event.sender, name);
  });

  return {
    push(name, message) {
      let isSeen = false;
      for (const [page, names] of listening) {
        if (!names.has(name) || !isVisible(page)) continue;
        tell(page, name, message);
        isSeen = true;
      }
      return isSeen;
    },
    catchUp(page) {
      for (const name of listening.get(page) ?? []) tellLatest(page, name);
    },
    hasSpoken: (page) => spoken.has(page),
  };
}

/** Only the main frame of our own page may ask; a frame that has gone has no address any more. */
function isOwnPage({ senderFrame }: Pick<Sender<Page>, 'senderFrame'>): boolean {
  return senderFrame !== null && senderFrame.parent === null && isBundleUrl(senderFrame.url);
}

function requireOwnPage(event: Pick<Sender<Page>, 'senderFrame'>): void {
  if (isOwnPage(event)) return;
  throw new CodedError('forbidden_origin', 'Only the status page itself may call the supervisor.');
}

function requireSmall(argument: unknown): void {
  if (argument === undefined) return;
  let text: string;
  try {
    text = JSON.stringify(argument) ?? '';
  } catch (error) {
    throw new CodedError('bad_request', `The argument is not plain data: ${messageOf(error)}`);
  }
  if (Buffer.byteLength(text) > maxLineBytes) {
    throw new CodedError('too_large', `The argument is larger than ${maxLineBytes} bytes.`);
  }
}

async function inEnvelope(answer: () => Promise<unknown>): Promise<Envelope> {
  try {
    return { ok: true, value: await answer() };
  } catch (error) {
    return { ok: false, code: codeOf(error), error: messageOf(error) };
  }
}
