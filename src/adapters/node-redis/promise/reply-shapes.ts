// Knows: where redis 4 to 6 transform a reply, if that is after we have seen it.
// Must not know: who wants to know, the commands.
import type { ReplyShapes } from '../../../core/replies';
import { PatchLedger, prototypeOf, type Target } from '../../shared/patch';

/** Arguments as the client made them, with what it needs at the reply. */
interface Args {
  readonly preserve?: unknown;
}

type TransformReply = (reply: unknown, preserved: unknown, typeMapping?: unknown) => unknown;
type TransformArguments = (
  this: unknown,
  command: { readonly transformReply?: TransformReply },
  ...rest: unknown[]
) => {
  readonly args: Args;
};

interface Multi {
  readonly typeMapping?: unknown;
}

type AddCommand = (this: Multi, args: Args, transformReply: TransformReply | undefined, ...rest: unknown[]) => unknown;

/** The transform of a reply is run once more for the user's hook: transforms are pure functions. */
export class ReplyShapesTap {
  constructor(private readonly shapes: ReplyShapes) {}

  /**
   * `commander.js` of redis 4: a command called by its own method. Scripts and functions are sent in a list of their
   * own.
   */
  patchCommander(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(moduleExports, 'transformCommandArguments')) return false;
    const { shapes } = this;
    ledger.wrap<TransformArguments>(moduleExports, 'transformCommandArguments', (original) => {
      return function transformCommandArguments(this: unknown, command): ReturnType<TransformArguments> {
        const transformed = original.apply(this, arguments as never);
        if (shapes.isWanted && command.transformReply !== undefined && Array.isArray(transformed.args)) {
          shapes.note(transformed.args, (reply) => command.transformReply?.(reply, transformed.args.preserve));
        }
        return transformed;
      };
    });
    return true;
  }

  /** `multi-command.js` of redis 4 to 6: a command of a transaction or pipeline. */
  patchMulti(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'addCommand')) return false;
    const { shapes } = this;
    ledger.wrap<AddCommand>(prototype, 'addCommand', (original) => {
      return function addCommand(this: Multi, args, transformReply): unknown {
        if (shapes.isWanted && Array.isArray(args) && typeof transformReply === 'function') {
          shapes.note(args, (reply) => transformReply(reply, args.preserve, this.typeMapping));
        }
        return original.apply(this, arguments as never);
      };
    });
    return true;
  }
}
