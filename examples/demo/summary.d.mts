import type { Paint } from './paint.mjs';
import type { Store } from './store.mjs';

export declare function renderSummary(store: Store, options: { paint: Paint }): string[];
