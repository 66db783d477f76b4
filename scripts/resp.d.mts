import type { Reply } from './redis-server.mjs';

/** Sends one command on a connection of its own. An error reply rejects. */
export function request(address: { host: string; port: number }, ...args: (string | number)[]): Promise<Reply>;
