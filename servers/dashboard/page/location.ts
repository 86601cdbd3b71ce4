/** The address of a plan's view. */
export function planLink(id: string): string {
  return `#/plans/${encodeURIComponent(id)}`;
}

/** The plan that an address's hash names, or null. */
export function planIdOf(hash: string): string | null {
  const id = /^#\/plans\/(.+)$/.exec(hash)?.[1];
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    // Typed by hand, with a stray percent sign.
    return id;
  }
}
