// Knows: what a Lua script can do with a lock: acquire, release or extend it.
// Must not know: libraries that have such scripts, keys, replies; whether a lock is held.
import { BoundedMap } from '../core/bounded-map';
import type { Arguments } from '../core/events';

/** What a script body can do. It never shows by itself that a key is a lock. */
export interface Script {
  /** The script sets a missing key with an expiry. */
  readonly takes:
    | { readonly token: number; readonly ttl: number | undefined; readonly ttlUnitMs: 1 | 1_000 }
    | undefined;
  /** The script calls DEL or UNLINK. */
  readonly deletes: boolean;
  /**
   * The script compares its only key with an argument, deletes it if they are equal, and returns what that came to.
   * So its reply alone says whether there was something to release.
   */
  readonly releases: boolean;
  /** The script sets or removes the expiry of a key. */
  readonly expires: boolean;
  /** The argument that is the time to live. */
  readonly ttl: Ttl | undefined;
}

interface Ttl {
  readonly index: number;
  readonly unitMs: 1 | 1_000;
}

/** The scripts of locks are short. */
const MAX_BODY_LENGTH = 4_096;
/** Of a sha, or of a function. */
const MAX_NAME_LENGTH = 64;

/**
 * The number of scripts that are remembered, by body and by sha. Applications have a handful. The oldest goes first.
 */
export const MAX_SCRIPTS = 200;

/**
 * The sha by which Redis names a script. `node:crypto` is loaded on first use: it takes a third of this package's
 * load time.
 */
function sumOf(body: string): string {
  const { createHash } = require('node:crypto') as typeof import('node:crypto');
  return createHash('sha1').update(body).digest('hex');
}

/** Remembers script bodies for later calls that name only the sha. Bounded. */
export class ScriptMemory {
  /** By body. Most bodies are the same string object each time. */
  private readonly byBody = new BoundedMap<string, Script>(MAX_SCRIPTS);
  private readonly bySha = new BoundedMap<string, Script>(MAX_SCRIPTS);
  /** Scripts and functions that have taken a lock, by sha or name, though nobody showed their text. */
  private readonly takers = new BoundedMap<string, true>(MAX_SCRIPTS);

  /** Reads a script that was run or loaded. */
  see(body: unknown): Script | undefined {
    if (typeof body !== 'string' || body.length > MAX_BODY_LENGTH) return undefined;
    const known = this.byBody.get(body);
    if (known !== undefined) return known;
    const script = readScript(body);
    this.byBody.set(body, script);
    this.bySha.set(sumOf(body), script);
    return script;
  }

  /** Returns the script that EVAL or EVALSHA calls; undefined: its body was not seen. */
  of(args: Arguments): Script | undefined {
    const script = args[1];
    if (typeof script !== 'string') return undefined;
    return this.byBody.get(script) ?? this.bySha.get(script) ?? this.bySha.get(script.toLowerCase());
  }

  /** Remembers that a script whose body was not seen has taken a lock. */
  tookLock([, script]: Arguments): void {
    if (typeof script === 'string' && script.length <= MAX_NAME_LENGTH) this.takers.set(script, true);
  }

  hasTakenLock([, script]: Arguments): boolean {
    return this.takers.size > 0 && this.takers.has(script as string);
  }
}

const COMMENT = /--(?:\[\[[\s\S]*?\]\]|[^\n]*)/g;
const EXPIRES = /call\s*\(\s*["'](p?)expire["']\s*,[^,)]+,\s*(?:tonumber\s*\(\s*)?ARGV\s*\[\s*(\d+)\s*\]/i;
const SETS = /call\s*\(\s*["']set(?:nx)?["']\s*,\s*([^,]+?)\s*,\s*(?:ARGV\s*\[\s*(\d+)\s*\])?/i;
const COUNTS = /call\s*\(\s*["'](?:in|de)cr(?:by|byfloat)?["']\s*,\s*([^,)]+?)\s*[,)]/gi;
const GETS = /call\s*\(\s*["']get["']\s*,\s*KEYS\s*\[\s*1\s*\]\s*\)/i;
const COMPARES = /[=~]=\s*ARGV\s*\[|\bARGV\s*\[\s*\d+\s*\]\s*[=~]=/;
const RETURNS_DELETED = /\breturn\s+[\w.]*call\s*\(\s*["'](?:del|unlink)["']\s*,\s*KEYS\s*\[\s*1\s*\]\s*\)/i;
const SET_TTL = /["'](px|ex)["']\s*,\s*(?:tonumber\s*\(\s*)?ARGV\s*\[\s*(\d+)\s*\]/i;

/** Reads what a script can do from the names of the commands in it, also where `redis.call` has another local name. */
export function readScript(body: string): Script {
  const code = withoutLocals(body.replace(COMMENT, ''));
  return {
    takes: readTaking(code),
    deletes: names(code, 'del|unlink|getdel'),
    releases: GETS.test(code) && COMPARES.test(code) && RETURNS_DELETED.test(code),
    expires: names(code, 'p?expire(?:at)?|[ep]x(?:at)?|p?setex|persist|getex'),
    ttl: readTtl(code),
  };
}

function readTaking(code: string): Script['takes'] {
  const ttl = readTtl(code);
  if (ttl === undefined || names(code, 'get|del|unlink')) return undefined;
  const sets = SETS.exec(code);
  const isGuarded = names(code, 'exists|setnx|nx');
  if (!isGuarded || sets?.[2] === undefined || !isOfKeys(code, sets[1] ?? '') || counts(code, sets[1]))
    return undefined;
  return { token: indexOf(sets[2]), ttl: ttl.index, ttlUnitMs: ttl.unitMs };
}

/** Whether `key` is `KEYS[1]`, or the loop variable over all keys. */
function isOfKeys(code: string, key: string): boolean {
  return (
    /^KEYS\s*\[/.test(key) ||
    (/^\w+$/.test(key) && new RegExp(`for\\s+\\w+\\s*,\\s*${key}\\s+in\\s+i?pairs\\s*\\(\\s*KEYS`).test(code))
  );
}

const LOCAL = /local\s+(\w+)\s*=\s*(?:tonumber\s*\(\s*)?((?:ARGV|KEYS)\s*\[\s*\d+\s*\])/g;
/** The script of a lock has fewer local names for its arguments. */
const MAX_LOCALS = 10;

/** Replaces local names by arguments: `local token = ARGV[1]`. */
function withoutLocals(code: string): string {
  let text = code;
  for (const [, name, argument = ''] of [...code.matchAll(LOCAL)].slice(0, MAX_LOCALS)) {
    text = text.replace(new RegExp(`\\b${name}\\b`, 'g'), argument);
  }
  return text;
}

/**
 * Whether the script increments what it sets: then it is a rate limit. A lock may count its holders under another
 * key.
 */
function counts(code: string, key: string | undefined): boolean {
  return [...code.matchAll(COUNTS)].some(([, counted]) => counted === key);
}

function readTtl(code: string): Ttl | undefined {
  const expires = EXPIRES.exec(code);
  if (expires !== null) return { index: indexOf(expires[2]), unitMs: expires[1] === '' ? 1_000 : 1 };
  const set = SET_TTL.exec(code);
  return set === null ? undefined : { index: indexOf(set[2]), unitMs: set[1]?.toLowerCase() === 'ex' ? 1_000 : 1 };
}

function names(code: string, commands: string): boolean {
  return new RegExp(`["'](?:${commands})["']`, 'i').test(code);
}

/** Lua indexes begin at 1. */
function indexOf(digits: string | undefined): number {
  return Number(digits) - 1;
}
