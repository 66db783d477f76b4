// Knows: that redis 6.2 and later divide one call of a cluster among its nodes.
// Must not know: spans, which nodes.
import type { Arguments, ClientFacts } from '../../../core/events';
import { Resends } from '../../../core/resends';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { watch } from '../../shared/observe';
import { type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { redirectionOf } from '../../shared/retried-calls';

interface Parser {
  readonly redisArgs?: Arguments;
  readonly commandIdentifier?: unknown;
}

type Run = (...args: unknown[]) => unknown;
type MakeRun = (parser: Parser) => Run;

interface Cluster {
  readonly _self?: Cluster;
  readonly _slots?: object;
  readonly _policyResolver?: {
    resolvePolicy?(command: unknown): { readonly ok?: boolean; readonly value?: { readonly request?: unknown } };
  };
}

/** The parts of one call: how many were sent, retries included, and how many never reached a server. */
interface Shares {
  sent: number;
  local: number;
  resends: Resends | undefined;
}

type ExecuteWithPolicies = (
  this: Cluster,
  parser: Parser,
  isReadonly: unknown,
  options: unknown,
  makeRun: MakeRun,
) => Promise<unknown>;

/** A call that is divided among nodes is one operation: MGET of keys in three slots, DBSIZE of every master. */
export class FanOuts {
  /** The call whose part is being sent. */
  private readonly sending = new Ambient<Shares>();

  /** @param factsOf returns the facts of the cluster that has these slots */
  constructor(
    private readonly tap: Tap,
    private readonly factsOf: (slots: object | undefined) => ClientFacts,
  ) {}

  /** Whether the command that is being sent is a part of a call that is recorded as a whole. */
  get inside(): boolean {
    return this.sending.current !== undefined;
  }

  /** The part that is being sent was answered by the client's own cache. */
  answeredLocally(): void {
    const shares = this.sending.current;
    if (shares !== undefined) shares.local += 1;
  }

  /** `cluster/index.js`. Before 6.2 calls are not divided, and nothing is patched. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    ledger.patch(prototype, { _executeWithPolicies: (original: ExecuteWithPolicies) => this.wrap(original) });
    return prototype !== undefined;
  }

  private wrap(original: ExecuteWithPolicies): ExecuteWithPolicies {
    const { tap, factsOf } = this;
    const share = (makeRun: MakeRun, shares: Shares) => this.share(makeRun, shares);
    return function executeWithPolicies(
      this: Cluster,
      parser: Parser,
      _isReadonly,
      _options,
      makeRun: MakeRun,
    ): Promise<unknown> {
      const args = parser?.redisArgs;
      const isShared = Array.isArray(args) && typeof makeRun === 'function' && isSharedOut(this._self ?? this, parser);
      const command = isShared ? tap.begin({ facts: factsOf((this._self ?? this)._slots) }, args) : undefined;
      if (command === undefined) return original.apply(this, arguments as never);
      const shares: Shares = { sent: 0, local: 0, resends: undefined };
      const ended = () => (shares.resends === undefined ? command : { ...command, resends: shares.resends });
      arguments[3] = share(makeRun, shares);
      // Only the cluster's own methods call this, and they handle the promise.
      return watch(original.apply(this, arguments as never), {
        succeed: (reply) => tap.succeed(ended(), reply, shares.local === shares.sent),
        fail: (error) => tap.fail(ended(), error),
      });
    };
  }

  /** Each part sends its command synchronously, in the first attempt and in every other. */
  private share(makeRun: MakeRun, shares: Shares): MakeRun {
    return (parser) => {
      const run = makeRun(parser);
      let refusal: unknown;
      return (...args) => {
        if (refusal !== undefined) resent(shares, refusal);
        shares.sent += 1;
        const promise = this.sending.run(shares, () => run(...args));
        // The cluster handles it at once, and may send this part again.
        if (promise instanceof Promise)
          promise.then(undefined, (error: unknown) => {
            refusal = error;
          });
        return promise;
      };
    };
  }
}

function resent(shares: Shares, refusal: unknown): void {
  shares.resends ??= new Resends();
  shares.resends.add(redirectionOf(refusal));
}

/** Commands without a policy, and those with the default one, go to a single node. */
function isSharedOut({ _policyResolver: resolver }: Cluster, { commandIdentifier }: Parser): boolean {
  if (typeof resolver?.resolvePolicy !== 'function') return false;
  const { ok, value } = resolver.resolvePolicy(commandIdentifier);
  return ok === true && typeof value?.request === 'string' && !value.request.startsWith('default');
}
