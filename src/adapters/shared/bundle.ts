// Knows: how a file inside a bundle is represented, and how to find the prototype that owns an object's methods.
// Must not know: any library, what is patched.
import { PatchLedger, type Target } from './patch';

/** A file inside a bundle, in the form of its exports. */
export interface BundledFile {
  readonly module: string;
  /** A version with this seam; a client does not show its real version. */
  readonly version: string;
  readonly file: string | undefined;
  readonly moduleExports: Target;
}

/** The object on the prototype chain that owns these methods: a patch of it reaches every client. */
export function ownerOf(client: object, ...names: string[]): { readonly constructor: unknown } | undefined {
  for (let owner: object | null = client; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const isOwner = names.every((name) => Object.hasOwn(owner as object, name));
    if (isOwner && PatchLedger.has(owner, ...names)) return owner as { readonly constructor: unknown };
  }
  return undefined;
}
