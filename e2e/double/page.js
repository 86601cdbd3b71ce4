/**
 * Joins the two script worlds of a page the way Electron's contextBridge does: data is copied,
 * functions and promises become proxies, nothing else crosses. The same code runs in both worlds;
 * `mine` and `theirs` name the two directions over the document that they share.
 */
export function bridge(mine, theirs) {
  const functions = new Map();
  const promises = new Map();
  const returns = [];
  let next = 0;

  const post = (detail) => document.dispatchEvent(new CustomEvent(theirs, { detail }));
  const textOf = (error) => String(error?.message ?? error);

  const keep = (map, value) => {
    const id = next;
    next += 1;
    map.set(id, value);
    return id;
  };

  const pack = (value) => {
    if (typeof value === 'function') return { function: keep(functions, value) };
    if (value instanceof Promise) {
      const id = next;
      next += 1;
      value.then(
        (result) => post({ settle: id, value: pack(result) }),
        (error) => post({ settle: id, error: textOf(error) }),
      );
      return { promise: id };
    }
    if (Array.isArray(value)) return { array: value.map(pack) };
    if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
      return { object: Object.entries(value).map(([key, each]) => [key, pack(each)]) };
    }
    return { data: structuredClone(value) };
  };

  // The other world answers within dispatchEvent, so the return lies ready when it comes back.
  const callTheirs = (id, args) => {
    post({ call: id, args: args.map(pack) });
    const { value, error } = returns.pop();
    if (error !== undefined) throw new Error(error);
    return unpack(value);
  };

  const unpack = (packed) => {
    if ('function' in packed) {
      return (...args) => callTheirs(packed.function, args);
    }
    if ('promise' in packed) {
      const { promise, resolve, reject } = Promise.withResolvers();
      promises.set(packed.promise, { resolve, reject });
      return promise;
    }
    if ('array' in packed) return packed.array.map(unpack);
    if ('object' in packed) {
      return Object.fromEntries(packed.object.map(([key, each]) => [key, unpack(each)]));
    }
    return packed.data;
  };

  const answerCall = ({ call, args }) => {
    try {
      post({ return: true, value: pack(functions.get(call)(...args.map(unpack))) });
    } catch (error) {
      post({ return: true, error: textOf(error) });
    }
  };

  const settle = ({ settle: id, value, error }) => {
    const promise = promises.get(id);
    promises.delete(id);
    if (error === undefined) promise.resolve(unpack(value));
    else promise.reject(new Error(error));
  };

  document.addEventListener(mine, ({ detail }) => {
    if ('call' in detail) answerCall(detail);
    else if ('return' in detail) returns.push(detail);
    else if ('settle' in detail) settle(detail);
    else if ('expose' in detail) {
      const value = Object.freeze(unpack(detail.api));
      Object.defineProperty(window, detail.expose, { value, enumerable: true });
    }
  });
  return { expose: (key, api) => post({ expose: key, api: pack(api) }) };
}

/** What a sandboxed preload may use: `require('electron')` and a little of `process`. */
export function runPreload(preload, worlds) {
  const listeners = new Map();
  const waiting = new Map();
  let next = 0;
  const send = (message) => globalThis.__double(JSON.stringify(message));
  const listenersOf = (channel) => listeners.get(channel) ?? [];

  const ipcRenderer = {
    invoke(channel, ...args) {
      const { promise, resolve, reject } = Promise.withResolvers();
      const fail = (text) =>
        reject(new Error(`Error invoking remote method '${channel}': ${text}`));
      waiting.set(next, { resolve, fail });
      send({ invoke: next, channel, args: structuredClone(args) });
      next += 1;
      return promise;
    },
    send(channel, ...args) {
      send({ send: channel, args: structuredClone(args) });
    },
    on(channel, listener) {
      listeners.set(channel, [...listenersOf(channel), listener]);
      return ipcRenderer;
    },
    off(channel, listener) {
      listeners.set(
        channel,
        listenersOf(channel).filter((each) => each !== listener),
      );
      return ipcRenderer;
    },
    listenerCount: (channel) => listenersOf(channel).length,
  };

  globalThis.__deliver = (message) => {
    if ('channel' in message) {
      for (const listener of listenersOf(message.channel)) listener({}, ...message.args);
      return;
    }
    const call = waiting.get(message.invoke);
    waiting.delete(message.invoke);
    if ('error' in message) call.fail(message.error);
    else call.resolve(message.value);
  };

  const electron = { ipcRenderer, contextBridge: { exposeInMainWorld: worlds.expose } };
  const require = (name) => {
    if (name === 'electron') return electron;
    throw new Error(`A sandboxed preload cannot require "${name}".`);
  };
  const process = { platform: 'linux', versions: {}, env: {}, contextIsolated: true };
  try {
    preload(require, { exports: {} }, {}, { ...process, sandboxed: true });
  } catch (error) {
    send({ failed: String(error?.message ?? error) }); // Electron shows the page all the same.
  }
}
