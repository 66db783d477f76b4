// Knows: how a file is shown that a bundle has swallowed, and how to find whose method an object's is.
// Must not know: any library, what is patched.
import { PatchLedger, type Target } from './patch';

/** A file that a bundle has swallowed, as its exports would be. */
export interface BundledFile {
  readonly module: string;
  /** A version whose seam this is; the real one is not told by a client. */
  readonly version: string;
  readonly file: string | undefined;
  readonly moduleExports: Target;
}

export interface BundledCopy {
  readonly files: readonly BundledFile[];
}

/** The object on the prototype chain that has these methods for its own: what a patch of it reaches is every client. */
export function ownerOf(client: object, ...names: string[]): { readonly constructor: unknown } | undefined {
  for (let owner: object | null = client; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const isOwner = names.every((name) => Object.hasOwn(owner as object, name));
    if (isOwner && PatchLedger.has(owner, ...names)) return owner as { readonly constructor: unknown };
  }
  return undefined;
}
