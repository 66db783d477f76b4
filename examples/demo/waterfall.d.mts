import type { Paint } from './paint.mjs';
import type { StoredSpan } from './store.mjs';

export interface Step {
  title: string;
  startMs: number;
  calls: { method: string; path: string; status: number }[];
}

export declare function renderWaterfall(
  steps: readonly Step[],
  spans: readonly StoredSpan[],
  options: { paint: Paint; columns: number },
): string[];
