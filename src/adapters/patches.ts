// Knows: which files of which libraries are patched, and how the patches of one library are undone.
// Must not know: when that happens, what a patch does.
import type { ClientName } from '../config';
import type { Report } from '../core/recorder';
import { PatchLedger, type Target } from './shared/patch';
import type { Taps } from './taps';
import type { SeamFile } from './versions';

/** A loaded file that can be patched. */
export interface Loaded {
  readonly client: ClientName;
  readonly file: SeamFile;
  readonly moduleExports: Target;
  readonly where: string;
}

/** The current patches, by library. */
export class Patches {
  private readonly ledgers = new Map<ClientName, PatchLedger>();

  constructor(
    private readonly taps: Taps,
    private readonly report: Report,
  ) {}

  apply({ client, file, moduleExports, where }: Loaded): void {
    try {
      const ledger = this.ledgers.get(client) ?? new PatchLedger(this.report);
      this.ledgers.set(client, ledger);
      if (!file.patch(this.taps, moduleExports, ledger))
        this.report(`${where} is not built as expected; it is left untouched`);
    } catch (error) {
      this.report(`${where} could not be patched`, error);
    }
  }

  /** Restores the identical functions of a library. */
  undo(client: ClientName, report: Report): void {
    this.ledgers.get(client)?.undo(report);
    if (client === 'redis') this.taps.connections.beginPeriod();
  }

  undoAll(report: Report): void {
    for (const client of this.ledgers.keys()) this.undo(client, report);
  }
}
