/** Comparing secrets, and what a browser keeps instead of one. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What the cookie holds instead of the token: enough to come back, not enough to learn the token. */
export function cookieValue(token: string): string {
  return createHash('sha256').update(`page cookie ${token}`).digest('base64url');
}

/** Compares secrets in constant time, whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
