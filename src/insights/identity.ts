// Knows: how a key is remembered as a number, without keeping its text.
// Must not know: what is remembered.
import { numberOfBytes, numberOfText } from '../catalog';
import type { ClientFacts } from '../core/events';

/**
 * A 53-bit hash of a key, field or token. Among ten thousand keys, the probability of a collision is about one in a
 * hundred million.
 */
export function identityOf(arg: unknown, scope: number): number {
  if (typeof arg === 'string') return numberOfText(arg, scope);
  if (ArrayBuffer.isView(arg)) return numberOfBytes(new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength), scope);
  return numberOfText(typeof arg === 'number' || typeof arg === 'bigint' ? String(arg) : '', scope);
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
  /** Those of the last command: it may have many keys. */
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
    if (facts !== this.lastFacts || this.lastScope === undefined) {
      this.lastScope = this.scopes.get(facts) ?? this.begin(facts);
      this.lastFacts = facts;
    }
    return this.lastScope;
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
