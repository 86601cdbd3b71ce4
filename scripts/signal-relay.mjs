/**
 * Passes signals on to the supervisor, each exactly once.
 *
 * One Ctrl-C reaches this process twice: from the terminal, and from npm, which forwards it. The child
 * has a session of its own (see run-host.mjs), so the terminal does not reach it and what it gets is what is
 * passed on here. The same signal again within 300 ms is the same Ctrl-C; later it is a second one,
 * which goes through. On Windows the console tells the child itself, and `kill` would be a hard end.
 */

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const sameWithinMs = 300;

/**
 * @typedef {object} SignalRelay
 * @property {(child: { kill: (name: NodeJS.Signals) => boolean }) => void} attach whom to tell from now on
 * @property {() => NodeJS.Signals | undefined} received the first signal so far
 * @property {() => void} stop gives the signals back to their usual meaning
 */

/**
 * @param {{ source?: NodeJS.EventEmitter, platform?: NodeJS.Platform, now?: () => number }} [options]
 * @returns {SignalRelay}
 */
export function relaySignals({
  source = process,
  platform = process.platform,
  now = () => performance.now(),
} = {}) {
  /** @type {{ kill: (name: NodeJS.Signals) => boolean } | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let first;
  /** @type {Map<NodeJS.Signals, number>} */
  const lastAt = new Map();

  const onSignal = (/** @type {NodeJS.Signals} */ name) => {
    const isRepeat = now() - (lastAt.get(name) ?? Number.NEGATIVE_INFINITY) < sameWithinMs;
    if (isRepeat) return;
    lastAt.set(name, now());
    first ??= name;
    if (platform !== 'win32') child?.kill(name);
  };
  for (const name of signals) source.on(name, onSignal);

  return {
    attach: (next) => {
      child = next;
    },
    received: () => first,
    stop: () => {
      for (const name of signals) source.off(name, onSignal);
    },
  };
}
