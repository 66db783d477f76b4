// Knows: what operations are called, and that these names are few.
// Must not know: spans, metrics, clients.
import type { Entry } from '../catalog';
import { FewNames } from '../core/few-names';
import { VALUE_OTHER } from '../core/semconv';

/** Of modules that the table does not know, and of spellings like `config GET`. */
const MAX_UNUSUAL = 200;

/**
 * `db.operation.name`: as the application spelled it, unless it spells without end. What the table knows is never
 * `_OTHER`.
 */
export class OperationNames {
  private readonly unusual = new FewNames(MAX_UNUSUAL);

  of({ operation, canonical, rule, isUsual }: Entry): string {
    if (isUsual || this.unusual.admits(operation)) return operation;
    return rule === undefined ? VALUE_OTHER : canonical;
  }
}
