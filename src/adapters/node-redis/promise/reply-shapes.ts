// Knows: where redis 4 to 6 transform a reply, if that is after we have seen it.
// Must not know: who wants to know, the commands.
import type { ReplyShapes } from '../../../core/replies';
import { after, before, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';

/** Arguments as the client made them, with what it needs at the reply. */
interface Args {
  readonly preserve?: unknown;
}

type TransformReply = (reply: unknown, preserved: unknown, typeMapping?: unknown) => unknown;

interface Multi {
  readonly typeMapping?: unknown;
}

/** The transform of a reply is run once more for the user's hook: transforms are pure functions. */
export class ReplyShapesTap {
  constructor(private readonly shapes: ReplyShapes) {}

  /**
   * `commander.js` of redis 4: a command called by its own method. Scripts and functions are sent in a list of their
   * own.
   */
  patchCommander(moduleExports: Target, ledger: PatchLedger): boolean {
    const { shapes } = this;
    const transformCommandArguments = after<unknown, { readonly args: Args }>((_self, { args }, call) => {
      if (shapes.isWanted) this.note(args, (call[0] as { readonly transformReply?: unknown }).transformReply);
    });
    return ledger.patch(moduleExports, { transformCommandArguments });
  }

  /** `multi-command.js` of redis 4 to 6: a command of a transaction or pipeline. */
  patchMulti(moduleExports: Target, ledger: PatchLedger): boolean {
    const { shapes } = this;
    const addCommand = before<Multi>((multi, call) => {
      if (shapes.isWanted) this.note(call[0] as Args, call[1], multi);
    });
    return ledger.patch(prototypeOf(moduleExports), { addCommand });
  }

  // A closure in the functions above would be room that each command takes, whether or not anybody has a hook.
  private note(args: Args, transform: unknown, multi?: Multi): void {
    if (Array.isArray(args) && typeof transform === 'function')
      this.shapes.note(args, (reply) => (transform as TransformReply)(reply, args.preserve, multi?.typeMapping));
  }
}
