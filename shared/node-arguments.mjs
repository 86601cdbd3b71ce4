/**
 * What Node is started with, wherever the supervisor is started headless: by `npm start`, by the command line,
 * by the system at log-in, and in tests and benchmarks. Plain JavaScript: the launcher runs before anything
 * is built.
 *
 * V8 gives what is short-lived a room that grows with the machine's memory, to 128 MiB on a large one, and never
 * takes it back. Here that is bytes in passing: a quarter of it serves them as quickly (`npm run soak`).
 * @type {readonly string[]}
 */
export const nodeArguments = ['--max-semi-space-size=16'];
