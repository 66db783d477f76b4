// Knows: that a caller may get something else than the server's reply, made of it by the client after we have seen it.
// Must not know: which client does so, or what it makes.
import type { Arguments } from './events';

type Shape = (reply: unknown) => unknown;

/** What callers get. Kept only where somebody wants to know: a command pays for it with an entry in a map. */
export class ReplyShapes {
  /** Whether the user has a hook for replies. */
  isWanted = false;
  private readonly shapes = new WeakMap<object, Shape>();

  /** @param args the very list that will be sent */
  note(args: object, shape: Shape): void {
    this.shapes.set(args, shape);
  }

  /** What the caller gets. A shape is the client's own code, which may refuse what an odd server answers. */
  shaped(args: Arguments, reply: unknown): unknown {
    const shape = this.isWanted ? this.shapes.get(args) : undefined;
    return shape === undefined ? reply : shape(reply);
  }
}
