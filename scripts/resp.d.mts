import type { Reply } from './redis-server.mjs';

/** Sends one command on a connection of its own. An error reply rejects. */
export function request(address: { host: string; port: number }, ...args: (string | number)[]): Promise<Reply>;

/** What stands at `at`, and where the next begins; undefined while it is incomplete. */
export function parse(buffer: Buffer, at: number): { readonly value: Reply | Error; readonly next: number } | undefined;
