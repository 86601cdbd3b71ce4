/**
 * How long a test waits for processes, sockets and files, in ms: for `vi.waitFor` and its like. Vitest's own
 * deadline for a condition is a second, which a busy machine exceeds; a wait that ends early says nothing.
 */
export const patience: { readonly timeout: number } = { timeout: 15_000 };
