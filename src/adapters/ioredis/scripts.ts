// Knows: which defined script a command runs, and that a script unknown to the server is sent again.
// Must not know: connections, pipelines, spans, metrics.
import { Ambient } from '../shared/ambient';
import { around, type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { UnknownScripts } from '../shared/unknown-scripts';
import type { Client, LibraryCommand, Pipeline } from './library';

/** A script that the application defined as a command. */
export interface DefinedScript {
  readonly body: string;
  /** The application's name of the script. */
  readonly name: string | undefined;
}

interface Script {
  readonly lua?: unknown;
}

/** The script that is being sent. */
export class Scripts {
  private readonly known = new WeakMap<Script, DefinedScript>();
  private readonly running = new Ambient<DefinedScript>();

  /** `Script.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchScript(moduleExports: Target, ledger: PatchLedger): boolean {
    const execute = around<Script, unknown>((script, call, [container]) =>
      this.running.run(this.of(script, container as Client | Pipeline), call),
    );
    return ledger.patch(prototypeOf(moduleExports), { execute });
  }

  /** Returns the script of the command that is being sent, once: other commands sent meanwhile have none. */
  take(): DefinedScript | undefined {
    return this.running.current && this.running.enter(undefined);
  }

  private of(script: Script, container: Client | Pipeline): DefinedScript | undefined {
    const known = this.known.get(script);
    if (known !== undefined) return known;
    if (typeof script.lua !== 'string') return undefined;
    const { scriptsSet = {} } = 'redis' in container ? container.redis : container;
    const name = Object.keys(scriptsSet).find((one) => scriptsSet[one] === script);
    const defined = { body: script.lua, name };
    this.known.set(script, defined);
    return defined;
  }
}

/** A call whose script the server did not know. */
export interface Resent {
  readonly args: readonly unknown[];
  /** undefined: not known; then the second attempt names it by its sha again. */
  readonly body: string | undefined;
  attach(command: LibraryCommand): void;
}

/** Joins the two attempts of a script that the server did not know: two objects. */
export class ResentScripts extends UnknownScripts<Resent> {
  /** Continues the call whose second attempt this is. Returns false if there is none. */
  resume(command: LibraryCommand): boolean {
    if (this.isEmpty) return false;
    const call = this.take((waiting) => isAgain(command, waiting));
    call?.attach(command);
    return call !== undefined;
  }
}

/** Whether it has the same sha, or the script itself, and then the same arguments. */
function isAgain({ args }: LibraryCommand, { args: first, body }: Resent): boolean {
  if (args.length !== first.length - 1 || (args[0] !== first[1] && args[0] !== body)) return false;
  return args.every((arg, index) => index === 0 || arg === first[index + 1]);
}
