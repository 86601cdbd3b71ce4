/**
 * For tests: what a program that is started inherits of the environment around. Nothing of the person who
 * runs the tests leaks in; the cache spares each process to compile the same sources anew.
 */
export const inherited: Readonly<Record<string, string>> = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
