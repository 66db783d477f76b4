// Knows: which files of which libraries are patched, and takes back what belongs to one library.
// Must not know: when that is wanted, what a patch does.
import type { ClientName } from '../config';
import type { Report } from '../core/recorder';
import { PatchLedger, type Target } from './shared/patch';
import type { SeamFile, Taps } from './versions';

/** A file that was loaded and has something for us. */
export interface Loaded {
  readonly client: ClientName;
  /** Of which copy, in words. */
  readonly copy: string;
  readonly file: SeamFile;
  readonly moduleExports: Target;
  readonly where: string;
}

/** What is patched now, by library. */
export class Patches {
  private readonly ledgers = new Map<ClientName, PatchLedger>();
  private readonly patched = new Map<ClientName, Set<string>>();

  constructor(
    private readonly taps: Taps,
    private readonly report: Report,
  ) {}

  /** Copies that are patched: `redis 6.3.1`. */
  get copies(): readonly string[] {
    return [...this.patched.values()].flatMap((copies) => [...copies]);
  }

  apply({ client, copy, file, moduleExports, where }: Loaded): void {
    try {
      const ledger = this.ledgers.get(client) ?? new PatchLedger(this.report);
      this.ledgers.set(client, ledger);
      if (!file.patch(this.taps, moduleExports, ledger)) {
        this.report(`${where} is not built as expected; it is left untouched`);
        return;
      }
      this.patched.set(client, (this.patched.get(client) ?? new Set<string>()).add(copy));
    } catch (error) {
      this.report(`${where} could not be patched`, error);
    }
  }

  /** Puts the identical functions of a library back. */
  undo(client: ClientName, report: Report): void {
    this.ledgers.get(client)?.undo(report);
    if (client === 'redis') this.taps.connections.beginPeriod();
    this.patched.delete(client);
  }

  undoAll(report: Report): void {
    for (const client of this.ledgers.keys()) this.undo(client, report);
  }
}
