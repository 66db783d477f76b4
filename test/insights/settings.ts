// Knows: insights with everything on, as by default, and a client for them to read commands of.
// Must not know: what is read.
import type { ClientRef } from '../../src/core/events';
import type { FamilyCounts, InsightSettings, Insights } from '../../src/core/facts';

export const SETTINGS: InsightSettings = {
  families: true,
  familyOf: undefined,
  familyOtherwise: undefined,
  cache: true,
  locks: true,
  isLockKey: undefined,
  members: false,
};

export const CLIENT: ClientRef = {
  facts: { serverAddress: 'h', serverPort: 1, peerAddress: undefined, peerPort: undefined, namespace: '0' },
};

/** Returns all that was counted so far, by family: the insights give each count once. */
export function totalsOf(insights: Pick<Insights, 'counts'>): (nowMonotonicMs: number) => FamilyCounts[] {
  const totals = new Map<string | undefined, Record<string, unknown>>();
  return (nowMonotonicMs) => {
    for (const { family, ...counts } of insights.counts(nowMonotonicMs)) {
      const total = totals.get(family) ?? { family };
      for (const [name, count] of Object.entries(counts)) total[name] = ((total[name] as number | undefined) ?? 0) + (count as number);
      totals.set(family, total);
    }
    return [...totals.values()] as unknown as FamilyCounts[];
  };
}
