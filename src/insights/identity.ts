// Knows: how a key is remembered as a number, without keeping its text.
// Must not know: what is remembered.
import type { ClientFacts } from '../core/events';

/**
 * A 53-bit hash of a key, field or token (cyrb53 of its bytes). Among ten thousand keys, the probability of a
 * collision is about one in a hundred million.
 */
export function identityOf(arg: unknown, scope: number): number {
  if (typeof arg === 'string') return identityOfText(arg, scope);
  if (ArrayBuffer.isView(arg))
    return identityOfBytes(new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength), scope);
  return identityOfText(typeof arg === 'number' || typeof arg === 'bigint' ? String(arg) : '', scope);
}

/** A text is sent as UTF-8 bytes. For most keys these equal the characters. */
function identityOfText(text: string, scope: number): number {
  let a = 0xdeadbeef ^ scope;
  let b = 0x41c6ce57 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return identityOfBytes(Buffer.from(text), scope);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  return finished(a, b);
}

function identityOfBytes(bytes: Uint8Array, scope: number): number {
  let a = 0xdeadbeef ^ scope;
  let b = 0x41c6ce57 ^ bytes.length;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 2_654_435_761);
    b = Math.imul(b ^ byte, 1_597_334_677);
  }
  return finished(a, b);
}

function finished(first: number, second: number): number {
  const a = Math.imul(first ^ (first >>> 16), 2_246_822_507) ^ Math.imul(second ^ (second >>> 13), 3_266_489_909);
  const b = Math.imul(second ^ (second >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (b & 0x1fffff) + (a >>> 0);
}

/** The server and database of a key. A flush affects only the keys of its place. */
export interface Place {
  readonly server: string;
  readonly database: number;
}

interface Scope {
  readonly place: Place;
  readonly prefix: string | undefined;
}

/**
 * Identifies keys by server and database. The addresses of a reader and a writer of one server give the same
 * identity. The same key in another database has another.
 */
export class KeyIdentities {
  private readonly scopes = new WeakMap<ClientFacts, Scope>();
  /** The last result: most commands of a process go to one server. */
  private lastFacts: ClientFacts | undefined;
  private lastScope: Scope | undefined;

  of(key: unknown, facts: ClientFacts): number {
    const { place, prefix } = this.scopeOf(facts);
    return identityOf(prefix === undefined ? key : prefixed(prefix, key), place.database);
  }

  placeOf(facts: ClientFacts): Place {
    return this.scopeOf(facts).place;
  }

  private scopeOf(facts: ClientFacts): Scope {
    if (facts === this.lastFacts && this.lastScope !== undefined) return this.lastScope;
    const scope = this.scopes.get(facts) ?? this.begin(facts);
    this.lastFacts = facts;
    this.lastScope = scope;
    return scope;
  }

  private begin(facts: ClientFacts): Scope {
    const { serverAddress, serverPort, namespace = '0', keyPrefix } = facts;
    const place = { server: `${serverAddress}:${serverPort}`, database: identityOf(namespace, 0) | 0 };
    const scope = { place, prefix: keyPrefix };
    this.scopes.set(facts, scope);
    return scope;
  }
}

function prefixed(prefix: string, key: unknown): unknown {
  if (ArrayBuffer.isView(key))
    return Buffer.concat([Buffer.from(prefix), new Uint8Array(key.buffer, key.byteOffset, key.byteLength)]);
  return prefix + String(key);
}
