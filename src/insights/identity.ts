// Knows: how a key is remembered without keeping it: as a number.
// Must not know: what is remembered.
import type { ClientFacts } from '../core/events';

/** Of a longer key the beginning and the length are looked at: the work is bounded, whatever is sent. */
const MAX_HASHED_LENGTH = 1_024;

/** 53 bits of a key, field or token (cyrb53). Among ten thousand keys two are the same once in a hundred million times. */
export function identityOf(arg: unknown, scope: number): number {
  const text = textOf(arg);
  let a = 0xdeadbeef ^ scope;
  let b = 0x41c6ce57 ^ text.length;
  const end = Math.min(text.length, MAX_HASHED_LENGTH);
  for (let index = 0; index < end; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (b & 0x1fffff) + (a >>> 0);
}

// Bytes count as text: a client may send a key as either.
function textOf(arg: unknown): string {
  if (typeof arg === 'string') return arg;
  if (ArrayBuffer.isView(arg))
    return Buffer.from(arg.buffer, arg.byteOffset, Math.min(arg.byteLength, MAX_HASHED_LENGTH)).toString('latin1');
  return typeof arg === 'number' || typeof arg === 'bigint' ? String(arg) : '';
}

/** The same key in another database or on another server is another key. Facts are frozen, and stand for both. */
export class Scopes {
  private readonly scopes = new WeakMap<ClientFacts, number>();

  of(facts: ClientFacts): number {
    return this.scopes.get(facts) ?? this.begin(facts);
  }

  private begin(facts: ClientFacts): number {
    const { serverAddress, serverPort, namespace } = facts;
    const scope = identityOf(`${serverAddress}:${serverPort}/${namespace}`, 0) | 0;
    this.scopes.set(facts, scope);
    return scope;
  }
}
