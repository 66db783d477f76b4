// Knows: what client libraries say of their own state, in constant texts, and what kind of failure each is.
// Must not know: errors of servers, spans.

export interface ClientSentence {
  /** `error.type`; undefined: the error has a class of its own that says it. */
  readonly type: string | undefined;
  /** What is safe to keep of the text. */
  readonly told: string;
}

/** node-redis has classes for these; ioredis and iovalkey have none for most of theirs. */
const SENTENCES: ReadonlyMap<string, string | undefined> = new Map([
  // node-redis
  ['Cannot send commands in PubSub mode', undefined],
  ['Connection timeout', undefined],
  ['Disconnects client', undefined],
  ['Socket already opened', undefined],
  ['Socket closed unexpectedly', undefined],
  ['The client is closed', undefined],
  ['The client is offline', undefined],
  ['The command was aborted', undefined],
  ['The command aborted', undefined],
  ['The queue is full', undefined],
  // ioredis
  ['All keys in the pipeline should belong to the same slots allocation group', 'CrossSlotError'],
  ['All the keys in a pipeline command should belong to the same slot', 'CrossSlotError'],
  ['Cluster is disconnected.', 'ClusterUnavailableError'],
  ['Cluster is disconnecting.', 'ClusterUnavailableError'],
  ['Cluster is ended.', undefined],
  ["Cluster isn't ready and enableOfflineQueue options is false", 'ClientOfflineError'],
  ['Command aborted due to connection close', undefined],
  ['Command timed out', 'CommandTimeoutError'],
  ['Connection in subscriber mode, only subscriber commands may be used', 'SubscriberModeError'],
  ['Connection is closed.', 'ConnectionClosedError'],
  ["Connection is in monitoring mode, can't process commands.", 'MonitorModeError'],
  ['Failed to refresh slots cache.', undefined],
  ['No subscriber for the cluster', undefined],
  ['None of startup nodes is available', 'ClusterUnavailableError'],
  ["Stream isn't writeable and enableOfflineQueue options is false", 'ClientOfflineError'],
]);

/** Sentences that go on with something else: with a number, or another error. */
const BEGINNINGS: readonly (readonly [beginning: string, type: string | undefined])[] = [
  ['All sentinels are unreachable', 'SentinelsUnreachableError'],
  ['Reached the max retries per request limit', undefined],
  ['Ready check failed', 'ReadyCheckError'],
  ['Socket timeout', 'SocketTimeoutError'],
  ['Too many Cluster redirections', 'TooManyRedirectionsError'],
];

/** undefined: no library says so. */
export function clientSentence(message: string): ClientSentence | undefined {
  if (SENTENCES.has(message)) return { type: SENTENCES.get(message), told: message };
  const found = BEGINNINGS.find(([beginning]) => message.startsWith(beginning));
  return found && { type: found[1], told: found[0] };
}
