// Knows: insights with everything on, as by default, and a client for them to read commands of.
// Must not know: what is read.
import type { ClientRef } from '../../src/core/events';
import type { InsightSettings } from '../../src/core/facts';

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
