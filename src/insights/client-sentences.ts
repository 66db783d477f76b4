// Knows: the constant error texts of client libraries about their own state, and the kind of failure of each.
// Must not know: errors of servers, spans.

export interface ClientSentence {
  /** `error.type`; undefined: the class of the error is the type. */
  readonly type: string | undefined;
  /** The part of the text that is safe to keep. */
  readonly text: string;
}

/** node-redis has error classes for these; ioredis and iovalkey have none for most of theirs. */
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

/** Texts that end in something variable: a number or another error. */
const BEGINNINGS: readonly (readonly [beginning: string, type: string | undefined])[] = [
  ['All sentinels are unreachable', 'SentinelsUnreachableError'],
  ['Reached the max retries per request limit', undefined],
  ['Ready check failed', 'ReadyCheckError'],
  ['Socket timeout', 'SocketTimeoutError'],
  ['Too many Cluster redirections', 'TooManyRedirectionsError'],
];

/** undefined: no library has this text. */
export function clientSentence(message: string): ClientSentence | undefined {
  if (SENTENCES.has(message)) return { type: SENTENCES.get(message), text: message };
  const found = BEGINNINGS.find(([beginning]) => message.startsWith(beginning));
  return found && { type: found[1], text: found[0] };
}
