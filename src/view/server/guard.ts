// Knows: who may ask this server: programs and pages of this machine, and of pages only our own.
// Must not know: what they ask for.
import type { IncomingMessage } from 'node:http';

/** Only what came with the page runs, and only this server is asked. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * A name that somebody pointed at 127.0.0.1 (DNS rebinding) shows in `host`, a page of another origin in `origin` or in
 * `sec-fetch-site`. Exporters send neither of the latter.
 */
export function isWelcome({ headers, socket }: IncomingMessage): boolean {
  // A browser leaves out the port that every address of the web has by default.
  const hosts = LOOPBACK_NAMES.map((name) => (socket.localPort === 80 ? name : `${name}:${socket.localPort}`));
  if (!hosts.includes(headers.host?.toLowerCase() ?? '')) return false;
  if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`)) return false;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
