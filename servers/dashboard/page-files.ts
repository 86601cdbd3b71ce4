/**
 * The built page, with headers that let it load nothing but its own files and talk to nobody but
 * this server.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import express, { type RequestHandler } from 'express';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every answer, API and page alike. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Where the page was built to: beside the bundle or, when `entry` is a source file, in `out/`. */
export function findPageFolder(entry: string): string {
  const folder = dirname(entry);
  if (entry.endsWith('.ts')) return join(folder, '..', '..', 'out', 'servers', 'dashboard-page');
  return join(folder, 'dashboard-page');
}

/** Serves the page's files. Names under `assets/` carry a hash, so they are never stale. */
export function pageFiles(folder: string): RequestHandler {
  return express.static(folder, {
    setHeaders: (response, path) => {
      const hashed = dirname(path) === join(folder, 'assets');
      response.setHeader(
        'Cache-Control',
        hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}

/** Says how to get the page, where it was not built. */
export function missingPage(folder: string): RequestHandler {
  return (request, response, next) => {
    if (request.path !== '/' || existsSync(join(folder, 'index.html'))) return next();
    response
      .status(404)
      .type('text/plain')
      .send('The dashboard runs, but its page has not been built. Build it with: npm run build\n');
  };
}
