// Knows: which Lua scripts take, keep or give back a lock, by what they do.
// Must not know: any library that has one, keys, replies.

/** What a script does with the locks that are its keys. */
export interface LockScript {
  /** `release` compares and deletes, `extend` compares and sets a new end, `acquire` sets what is not there. */
  readonly does: 'acquire' | 'extend' | 'release';
  /** Index among its arguments of the token, and of the time to live; undefined where there is none. */
  readonly token: number | undefined;
  readonly ttl: number | undefined;
  readonly ttlUnitMs: 1 | 1_000;
  /** Whether its reply tells what it did. One that returns nothing answers nil either way. */
  readonly answers: boolean;
}

/** A lock's script fits on a page. */
const MAX_BODY_LENGTH = 4_096;

/** Scripts remembered, by body and by sha; an application has a handful. Beyond that the oldest goes. */
export const MAX_SCRIPTS = 200;

/** What Redis names a script by. Loaded when first needed: `node:crypto` takes as long to load as a third of this package. */
function sumOf(body: string): string {
  const { createHash } = require('node:crypto') as typeof import('node:crypto');
  return createHash('sha1').update(body).digest('hex');
}

/** Remembers scripts that were seen, for later calls that name only their sha. Bounded. */
export class ScriptMemory {
  /** undefined: not about locks. Most bodies are the same string object each time. */
  private readonly byBody = new Map<string, LockScript | undefined>();
  private readonly bySha = new Map<string, LockScript>();

  get size(): number {
    return this.byBody.size + this.bySha.size;
  }

  /** Reads a script that was run or loaded. */
  see(body: unknown): LockScript | undefined {
    if (typeof body !== 'string' || body.length > MAX_BODY_LENGTH) return undefined;
    const known = this.byBody.get(body);
    if (known !== undefined || this.byBody.has(body)) return known;
    const script = readScript(body);
    remember(this.byBody, body, script);
    if (script !== undefined) remember(this.bySha, sumOf(body), script);
    return script;
  }

  bySum(sha: unknown): LockScript | undefined {
    return typeof sha === 'string' ? (this.bySha.get(sha) ?? this.bySha.get(sha.toLowerCase())) : undefined;
  }
}

function remember<T>(memory: Map<string, T>, name: string, value: T): void {
  if (memory.size >= MAX_SCRIPTS) {
    const [oldest] = memory.keys();
    if (oldest !== undefined) memory.delete(oldest);
  }
  memory.set(name, value);
}

const COMMENT = /--(?:\[\[[\s\S]*?\]\]|[^\n]*)/g;
const COMPARES = /ARGV\s*\[\s*(\d+)\s*\]\s*[=~]=|[=~]=\s*ARGV\s*\[\s*(\d+)\s*\]/;
const EXPIRES = /call\s*\(\s*["'](p?)expire["']\s*,[^,)]+,\s*(?:tonumber\s*\(\s*)?ARGV\s*\[\s*(\d+)\s*\]/i;
const SETS = /call\s*\(\s*["']set(?:nx)?["']\s*,\s*([^,]+?)\s*,\s*(?:ARGV\s*\[\s*(\d+)\s*\])?/i;
const COUNTS = /call\s*\(\s*["'](?:in|de)cr(?:by|byfloat)?["']\s*,\s*([^,)]+?)\s*[,)]/gi;
const SET_TTL = /["'](px|ex)["']\s*,\s*(?:tonumber\s*\(\s*)?ARGV\s*\[\s*(\d+)\s*\]/i;

/** What a script does, by the commands it calls. undefined: nothing with locks. */
export function readScript(body: string): LockScript | undefined {
  const code = withoutLocals(body.replace(COMMENT, ''));
  const answers = /\breturn\b/.test(code);
  const compares = COMPARES.exec(code);
  const ttl = readTtl(code);
  if (compares !== null && calls(code, 'get')) {
    const token = indexOf(compares[1] ?? compares[2]);
    if (calls(code, 'del|unlink')) return { does: 'release', token, ttl: undefined, ttlUnitMs: 1, answers };
    return ttl === undefined ? undefined : { does: 'extend', token, ...ttl, answers };
  }
  if (ttl === undefined || calls(code, 'get|del|unlink')) return undefined;
  const sets = SETS.exec(code);
  const isGuarded = calls(code, 'exists|setnx') || /["']nx["']/i.test(code);
  if (!isGuarded || sets === null || counts(code, sets[1])) return undefined;
  return { does: 'acquire', token: indexOf(sets[2]), ...ttl, answers };
}

const LOCAL = /local\s+(\w+)\s*=\s*(?:tonumber\s*\(\s*)?((?:ARGV|KEYS)\s*\[\s*\d+\s*\])/g;
/** A script that has more names for its arguments than this is no lock's. */
const MAX_LOCALS = 10;

/** `local token = ARGV[1]` is that argument wherever it is called `token`. */
function withoutLocals(code: string): string {
  let text = code;
  for (const [, name, argument = ''] of [...code.matchAll(LOCAL)].slice(0, MAX_LOCALS)) {
    text = text.replace(new RegExp(`\\b${name}\\b`, 'g'), argument);
  }
  return text;
}

/** What is set to be counted up is a rate limit. A lock may count its holders, under another key. */
function counts(code: string, key: string | undefined): boolean {
  return [...code.matchAll(COUNTS)].some(([, counted]) => counted === key);
}

function readTtl(code: string): Pick<LockScript, 'ttl' | 'ttlUnitMs'> | undefined {
  const expires = EXPIRES.exec(code);
  if (expires !== null) return { ttl: indexOf(expires[2]), ttlUnitMs: expires[1] === '' ? 1_000 : 1 };
  const set = SET_TTL.exec(code);
  return set === null ? undefined : { ttl: indexOf(set[2]), ttlUnitMs: set[1]?.toLowerCase() === 'ex' ? 1_000 : 1 };
}

function calls(code: string, names: string): boolean {
  return new RegExp(`call\\s*\\(\\s*["'](?:${names})["']`, 'i').test(code);
}

/** Lua counts from 1. */
function indexOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits) - 1;
}
