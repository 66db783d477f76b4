// Knows: that a caller may get another value than the server's reply, which the client makes after we have seen it.
// Must not know: which client does so, or what it makes.
import type { Arguments } from './events';

type Shape = (reply: unknown) => unknown;

/** The values that callers get. They are kept only on request: each costs a command an entry in a map. */
export class ReplyShapes {
  /** Whether the user has a hook for replies. */
  isWanted = false;
  private readonly shapes = new WeakMap<object, Shape>();

  /** @param args the list that will be sent, by identity */
  note(args: object, shape: Shape): void {
    this.shapes.set(args, shape);
  }

  /**
   * Returns the value that the caller gets. A shape is the client's own code, which may throw on an unexpected reply.
   */
  shaped(args: Arguments, reply: unknown): unknown {
    const shape = this.isWanted ? this.shapes.get(args) : undefined;
    return shape === undefined ? reply : shape(reply);
  }
}
