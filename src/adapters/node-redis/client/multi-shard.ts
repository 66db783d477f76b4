// Knows: that redis 6.2 and later share one call of a cluster out among its nodes.
// Must not know: spans, which nodes.
import type { Arguments, ClientFacts } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import { watch } from '../../shared/observe';
import { PatchLedger, prototypeOf, type Target } from '../../shared/patch';

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

/** Of one call: what was sent, tries included, and what of that never reached a server. */
interface Shares {
  sent: number;
  local: number;
}

type ExecuteWithPolicies = (this: Cluster, parser: Parser, isReadonly: unknown, options: unknown, makeRun: MakeRun) => Promise<unknown>;

/** One call, shared out among nodes, is one operation: MGET of keys in three slots, DBSIZE of every master. */
export class FanOuts {
  /** The call of which a share is sent now. */
  private current: Shares | undefined;

  /** @param factsOf the facts of the cluster that has these slots */
  constructor(
    private readonly tap: Tap,
    private readonly factsOf: (slots: object | undefined) => ClientFacts,
  ) {}

  /** Whether the command that is sent now is a share of a call that is recorded as a whole. */
  get inside(): boolean {
    return this.current !== undefined;
  }

  /** The share that is sent now was answered by the client's own cache. */
  answeredLocally(): void {
    if (this.current !== undefined) this.current.local += 1;
  }

  /** `cluster/index.js`. Before 6.2 there is nothing to share out, and nothing to patch. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (prototype === undefined) return false;
    if (PatchLedger.has(prototype, '_executeWithPolicies')) {
      ledger.wrap<ExecuteWithPolicies>(prototype, '_executeWithPolicies', (original) => this.wrap(original));
    }
    return true;
  }

  private wrap(original: ExecuteWithPolicies): ExecuteWithPolicies {
    const { tap, factsOf } = this;
    const share = (makeRun: MakeRun, shares: Shares) => this.share(makeRun, shares);
    return function executeWithPolicies(this: Cluster, parser: Parser, _isReadonly, _options, makeRun: MakeRun): Promise<unknown> {
      const args = parser?.redisArgs;
      const isShared = Array.isArray(args) && typeof makeRun === 'function' && isSharedOut(this._self ?? this, parser);
      const command = isShared ? tap.begin({ facts: factsOf((this._self ?? this)._slots) }, args) : undefined;
      if (command === undefined) return original.apply(this, arguments as never);
      const shares: Shares = { sent: 0, local: 0 };
      arguments[3] = share(makeRun, shares);
      // Only the cluster's own methods call this, and they wait for it.
      return watch(original.apply(this, arguments as never), {
        succeed: (reply) => tap.succeed(command, reply, shares.local === shares.sent),
        fail: (error) => tap.fail(command, error),
      });
    };
  }

  /** Each share sends its command synchronously, on the first try and on every other. */
  private share(makeRun: MakeRun, shares: Shares): MakeRun {
    return (parser) => {
      const run = makeRun(parser);
      return (...args) => {
        const outer = this.current;
        this.current = shares;
        shares.sent += 1;
        try {
          return run(...args);
        } finally {
          this.current = outer;
        }
      };
    };
  }
}

/** Commands without a policy, and those with the default one, go to a single node. */
function isSharedOut({ _policyResolver: resolver }: Cluster, { commandIdentifier }: Parser): boolean {
  if (typeof resolver?.resolvePolicy !== 'function') return false;
  const { ok, value } = resolver.resolvePolicy(commandIdentifier);
  return ok === true && typeof value?.request === 'string' && !value.request.startsWith('default');
}
