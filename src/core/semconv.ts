// Knows: every name of an attribute, metric or event that we emit, and nothing else.
// Must not know: when or why one of them is written.
import type * as conventions from '@opentelemetry/semantic-conventions';

/** The schema of the stable names below. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

// The stable names. The compiler checks them against the package of the conventions, which is not loaded for them: it
// has every name there is, and reading it took half of our start-up.
export const ATTR_DB_NAMESPACE = 'db.namespace' satisfies typeof conventions.ATTR_DB_NAMESPACE;
export const ATTR_DB_OPERATION_BATCH_SIZE =
  'db.operation.batch.size' satisfies typeof conventions.ATTR_DB_OPERATION_BATCH_SIZE;
export const ATTR_DB_OPERATION_NAME = 'db.operation.name' satisfies typeof conventions.ATTR_DB_OPERATION_NAME;
export const ATTR_DB_QUERY_SUMMARY = 'db.query.summary' satisfies typeof conventions.ATTR_DB_QUERY_SUMMARY;
export const ATTR_DB_QUERY_TEXT = 'db.query.text' satisfies typeof conventions.ATTR_DB_QUERY_TEXT;
export const ATTR_DB_RESPONSE_STATUS_CODE =
  'db.response.status_code' satisfies typeof conventions.ATTR_DB_RESPONSE_STATUS_CODE;
export const ATTR_DB_STORED_PROCEDURE_NAME =
  'db.stored_procedure.name' satisfies typeof conventions.ATTR_DB_STORED_PROCEDURE_NAME;
export const ATTR_DB_SYSTEM_NAME = 'db.system.name' satisfies typeof conventions.ATTR_DB_SYSTEM_NAME;
export const ATTR_ERROR_TYPE = 'error.type' satisfies typeof conventions.ATTR_ERROR_TYPE;
export const ATTR_EXCEPTION_MESSAGE = 'exception.message' satisfies typeof conventions.ATTR_EXCEPTION_MESSAGE;
export const ATTR_EXCEPTION_TYPE = 'exception.type' satisfies typeof conventions.ATTR_EXCEPTION_TYPE;
export const ATTR_NETWORK_PEER_ADDRESS = 'network.peer.address' satisfies typeof conventions.ATTR_NETWORK_PEER_ADDRESS;
export const ATTR_NETWORK_PEER_PORT = 'network.peer.port' satisfies typeof conventions.ATTR_NETWORK_PEER_PORT;
export const ATTR_NETWORK_TRANSPORT = 'network.transport' satisfies typeof conventions.ATTR_NETWORK_TRANSPORT;
export const NETWORK_TRANSPORT_VALUE_UNIX = 'unix' satisfies typeof conventions.NETWORK_TRANSPORT_VALUE_UNIX;
export const ATTR_SERVER_ADDRESS = 'server.address' satisfies typeof conventions.ATTR_SERVER_ADDRESS;
export const ATTR_SERVER_PORT = 'server.port' satisfies typeof conventions.ATTR_SERVER_PORT;
/** Stands for values beyond those that are told apart: not of error types alone. */
export const VALUE_OTHER = '_OTHER' satisfies typeof conventions.ERROR_TYPE_VALUE_OTHER;
export const METRIC_DB_CLIENT_OPERATION_DURATION =
  'db.client.operation.duration' satisfies typeof conventions.METRIC_DB_CLIENT_OPERATION_DURATION;

export const DB_SYSTEM_NAME_VALUE_REDIS = 'redis';

// Names in development are spelled here, as the semantic conventions ask of libraries.
export const EVENT_DB_CLIENT_OPERATION_EXCEPTION = 'db.client.operation.exception';
export const ATTR_DB_RESPONSE_RETURNED_ROWS = 'db.response.returned_rows';
export const METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS = 'db.client.response.returned_rows';
export const ATTR_DB_CLIENT_CONNECTION_POOL_NAME = 'db.client.connection.pool.name';
export const ATTR_DB_CLIENT_CONNECTION_STATE = 'db.client.connection.state';
export const METRIC_DB_CLIENT_CONNECTION_COUNT = 'db.client.connection.count';
export const METRIC_DB_CLIENT_CONNECTION_IDLE_MAX = 'db.client.connection.idle.max';
export const METRIC_DB_CLIENT_CONNECTION_IDLE_MIN = 'db.client.connection.idle.min';
export const METRIC_DB_CLIENT_CONNECTION_LIMIT = 'db.client.connection.limit';
export const METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS = 'db.client.connection.pending_requests';
export const METRIC_DB_CLIENT_CONNECTION_TIMEOUTS = 'db.client.connection.timeouts';
export const METRIC_DB_CLIENT_CONNECTION_CREATE_TIME = 'db.client.connection.create_time';
export const METRIC_DB_CLIENT_CONNECTION_WAIT_TIME = 'db.client.connection.wait_time';
export const METRIC_DB_CLIENT_CONNECTION_USE_TIME = 'db.client.connection.use_time';

export const ATTR_MESSAGING_SYSTEM_NAME = 'messaging.system.name';
export const ATTR_MESSAGING_OPERATION_TYPE = 'messaging.operation.type';
export const ATTR_MESSAGING_OPERATION_NAME = 'messaging.operation.name';
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name';
export const ATTR_MESSAGING_DESTINATION_TEMPLATE = 'messaging.destination.template';
export const ATTR_MESSAGING_MESSAGE_BODY_SIZE = 'messaging.message.body.size';
export const ATTR_MESSAGING_MESSAGE_ID = 'messaging.message.id';
export const ATTR_MESSAGING_BATCH_MESSAGE_COUNT = 'messaging.batch.message_count';
export const ATTR_MESSAGING_CONSUMER_GROUP_NAME = 'messaging.consumer.group.name';
export const METRIC_MESSAGING_SENT_MESSAGES = 'messaging.client.sent.messages';
export const METRIC_MESSAGING_CONSUMED_MESSAGES = 'messaging.client.consumed.messages';
export const METRIC_MESSAGING_OPERATION_DURATION = 'messaging.client.operation.duration';
export const METRIC_MESSAGING_PROCESS_DURATION = 'messaging.process.duration';

// Our own names: the conventions have none for these yet.
export const METRIC_MESSAGING_PROCESS_IN_FLIGHT = 'messaging.process.in_flight';
export const ATTR_CACHE_HIT = 'cache.hit';
export const ATTR_CACHE_HIT_COUNT = 'cache.hit_count';
export const ATTR_CACHE_MISS_COUNT = 'cache.miss_count';
export const ATTR_CACHE_RESULT = 'cache.result';
export const ATTR_CACHE_LOCAL = 'cache.local';
export const ATTR_CACHE_FILL = 'cache.fill';
export const ATTR_CACHE_LOAD_DURATION_MS = 'cache.load.duration_ms';
export const ATTR_CACHE_STAMPEDE_WIDTH = 'cache.stampede_width';
export const ATTR_CACHE_MISS_REASON = 'cache.miss.reason';
export const ATTR_CACHE_TTL = 'cache.ttl';
export const METRIC_CACHE_REQUESTS = 'cache.requests';
export const METRIC_CACHE_MISSES = 'cache.misses';
export const METRIC_CACHE_UNFILLED_MISSES = 'cache.unfilled_misses';
export const METRIC_CACHE_LOAD_DURATION = 'cache.load.duration';
export const METRIC_CACHE_STAMPEDE_WIDTH = 'cache.stampede.width';
export const METRIC_CACHE_WRITES = 'cache.writes';
export const METRIC_CACHE_VALUE_SIZE = 'cache.value.size';

export const METRIC_REDIS_CONNECTIONS = 'redis.client.connection.count';
export const EVENT_REDIS_CONNECTION_LOST = 'redis.client.connection.lost';
export const METRIC_REDIS_RECONNECTS = 'redis.client.reconnects';
export const METRIC_REDIS_CONNECTION_ERRORS = 'redis.client.connection.errors';
export const METRIC_REDIS_OFFLINE_QUEUE_DEPTH = 'redis.client.offline_queue.depth';
// The names of node-redis for its client-side cache.
export const ATTR_REDIS_CSC_RESULT = 'redis.client.csc.result';
export const ATTR_REDIS_CSC_REASON = 'redis.client.csc.reason';
export const METRIC_REDIS_CSC_REQUESTS = 'redis.client.csc.requests';
export const METRIC_REDIS_CSC_EVICTIONS = 'redis.client.csc.evictions';
export const METRIC_REDIS_CSC_ITEMS = 'redis.client.csc.items';
export const METRIC_REDIS_CSC_NETWORK_SAVED = 'redis.client.csc.network_saved';

// What Redis's own clients call these: node-redis from 5.12 on, go-redis, redis-py.
export const ATTR_REDIS_ERRORS_CATEGORY = 'redis.client.errors.category';
export const ATTR_REDIS_ERRORS_INTERNAL = 'redis.client.errors.internal';
export const ATTR_REDIS_CLOSE_REASON = 'redis.client.connection.close.reason';
export const ATTR_REDIS_NOTIFICATION = 'redis.client.connection.notification';
export const ATTR_REDIS_PUBSUB_CHANNEL = 'redis.client.pubsub.channel';
export const ATTR_REDIS_PUBSUB_DIRECTION = 'redis.client.pubsub.message.direction';
export const ATTR_REDIS_PUBSUB_SHARDED = 'redis.client.pubsub.sharded';
export const ATTR_REDIS_STREAM_NAME = 'redis.client.stream.name';
export const ATTR_REDIS_STREAM_GROUP = 'redis.client.stream.consumer_group';
export const METRIC_REDIS_CLIENT_ERRORS = 'redis.client.errors';
export const METRIC_REDIS_CONNECTION_CLOSED = 'redis.client.connection.closed';
export const METRIC_REDIS_CONNECTION_HANDOFF = 'redis.client.connection.handoff';
export const METRIC_REDIS_CONNECTION_RELAXED_TIMEOUT = 'redis.client.connection.relaxed_timeout';
export const METRIC_REDIS_MAINTENANCE_NOTIFICATIONS = 'redis.client.maintenance.notifications';
export const METRIC_REDIS_PUBSUB_MESSAGES = 'redis.client.pubsub.messages';
export const METRIC_REDIS_STREAM_LAG = 'redis.client.stream.lag';

// The names in node-redis's own metrics.
export const ATTR_REDIS_OPERATION_BLOCKING = 'redis.client.operation.blocking';
export const ATTR_REDIS_RETRY_ATTEMPTS = 'redis.client.operation.retry_attempts';
export const ATTR_REDIS_REDIRECTION_KIND = 'redis.client.redirection.kind';
export const METRIC_REDIS_RETRIES = 'redis.client.retries';
export const METRIC_REDIS_LARGE_REPLIES = 'redis.client.large_replies';
export const ATTR_REDIS_LARGE_KIND = 'redis.client.large_replies.kind';
export const METRIC_REDIS_REPEATED_CALLS = 'redis.client.repeated_calls';
export const ATTR_REDIS_REPEATED_CALLS = 'db.redis.repeated_calls';
export const ATTR_REDIS_COMPOSITE_COUNT = 'db.redis.composite.count';
export const ATTR_REDIS_COMPOSITE_SUM_MS = 'db.redis.composite.sum_ms';
export const ATTR_REDIS_COMPOSITE_MAX_MS = 'db.redis.composite.max_ms';
export const ATTR_REDIS_COMPOSITE_VALUE_BYTES = 'db.redis.composite.value_bytes';
export const ATTR_REDIS_CALLS = 'db.redis.calls';
export const ATTR_REDIS_DURATION_MS = 'db.redis.duration_ms';
export const ATTR_REDIS_ERRORS = 'db.redis.errors';
export const ATTR_REDIS_CACHE_LOCAL = 'db.redis.cache.local';
export const ATTR_REDIS_INTERNAL = 'db.redis.internal';
export const ATTR_REDIS_VALUE_LENGTH = 'db.redis.value_length';
export const ATTR_REDIS_TTL_SECONDS = 'db.redis.ttl_seconds';
export const ATTR_REDIS_KEYS_DELETED = 'db.redis.keys_deleted';
export const ATTR_REDIS_KEY_EXISTS = 'db.redis.key_exists';
export const ATTR_REDIS_KEY = 'db.redis.key';
export const ATTR_REDIS_KEY_FAMILY = 'db.redis.key_family';
export const ATTR_REDIS_ARGS_COUNT = 'db.redis.args_count';
export const ATTR_REDIS_QUEUE_MS = 'db.redis.queue_ms';
export const ATTR_REDIS_WIRE_MS = 'db.redis.wire_ms';
export const ATTR_REDIS_EVENT_LOOP_DELAY_MS = 'db.redis.event_loop_delay_ms';
export const ATTR_REDIS_LOCK_KEY = 'db.redis.lock.key';
export const ATTR_REDIS_LOCK_TTL = 'db.redis.lock.ttl';
export const ATTR_REDIS_LOCK_ACQUIRED = 'db.redis.lock.acquired';
export const ATTR_REDIS_LOCK_RENEWED = 'db.redis.lock.renewed';
export const ATTR_REDIS_LOCK_RELEASED = 'db.redis.lock.released';
export const ATTR_REDIS_LOCK_LOST = 'db.redis.lock.lost';
export const METRIC_REDIS_LOCK_WAIT_DURATION = 'redis.lock.wait.duration';
export const METRIC_REDIS_LOCK_HOLD_DURATION = 'redis.lock.hold.duration';
export const METRIC_REDIS_LOCK_LOST = 'redis.lock.lost';
export const EVENT_REDIS_LOCK_LOST = 'redis.lock.lost';
export const ATTR_REDIS_BATCH_FAILED_COUNT = 'db.redis.batch.failed_count';
export const ATTR_REDIS_BATCH_FIRST_FAILED_INDEX = 'db.redis.batch.first_failed_index';
export const ATTR_REDIS_TRANSACTION_ABORTED = 'db.redis.transaction.aborted';

// The names from before the stable conventions, emitted in addition with `semconv: 'dup'`.
export const ATTR_OLD_DB_SYSTEM = 'db.system';
export const ATTR_OLD_DB_OPERATION = 'db.operation';
export const ATTR_OLD_DB_STATEMENT = 'db.statement';
export const ATTR_OLD_DB_REDIS_DATABASE_INDEX = 'db.redis.database_index';
export const ATTR_OLD_NET_PEER_NAME = 'net.peer.name';
export const ATTR_OLD_NET_PEER_PORT = 'net.peer.port';
// The names of the guide to tracing Redis caches that have another one in the conventions: see docs/guide.md.
export const ATTR_GUIDE_DURATION_MS = 'db.duration_ms';
export const ATTR_GUIDE_PIPELINE_COMMAND_COUNT = 'db.redis.pipeline.command_count';
export const ATTR_GUIDE_RESULT_COUNT = 'db.redis.result_count';
export const ATTR_GUIDE_MESSAGING_SYSTEM = 'messaging.system';
export const ATTR_GUIDE_PAYLOAD_SIZE = 'messaging.message.payload_size_bytes';
export const ATTR_GUIDE_OPERATION = 'operation';
export const GUIDE_METRIC_CONNECTIONS_TOTAL = 'redis.pool.connections.total';
export const GUIDE_METRIC_CONNECTIONS_ACTIVE = 'redis.pool.connections.active';
export const GUIDE_METRIC_CONNECTIONS_IDLE = 'redis.pool.connections.idle';
export const GUIDE_METRIC_OPERATIONS_TOTAL = 'redis.operations.total';
