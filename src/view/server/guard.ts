// Knows: which requests are allowed: those of programs on this machine, and those of our own page.
// Must not know: what is requested.
import type { IncomingMessage } from 'node:http';

/** Only scripts that came with the page run, and they reach only this server. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * A name that was pointed at 127.0.0.1 (DNS rebinding) is in `host`; a page of another origin is in `origin` or
 * `sec-fetch-site`. Exporters send neither of the latter two.
 */
export function isWelcome({ headers, socket }: IncomingMessage): boolean {
  // Browsers omit the default port of HTTP.
  const hosts = LOOPBACK_NAMES.map((name) => (socket.localPort === 80 ? name : `${name}:${socket.localPort}`));
  if (!hosts.includes(headers.host?.toLowerCase() ?? '')) return false;
  if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`)) return false;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
