// Knows: all taps of all libraries.
// Must not know: which file of which version is patched by which tap, or when.
import type { ClientName } from '../config';
import type { MessageTap } from '../core/delivery';
import type { ConnectionRecorder, MaintenanceRecorder, NativeMetrics, PoolRecorder, Report } from '../core/recorder';
import type { ReplyShapes } from '../core/replies';
import type { Switch, Tap } from '../core/tap';
import { ioredisTap } from './ioredis';
import { Channels } from './node-redis/bundled/channels';
import { LegacyClientTap } from './node-redis/callback/client';
import { RedisClientTap } from './node-redis/client/client';
import { maintenanceOf } from './node-redis/client/maintenance';
import { FanOuts } from './node-redis/client/multi-shard';
import { NativeMetricsTap } from './node-redis/client/native-metrics';
import { PoolTap } from './node-redis/client/pool';
import { SentinelPoolTap } from './node-redis/client/sentinel-pool';
import { Connections } from './node-redis/promise/connections';
import { GroupCalls } from './node-redis/promise/group-calls';
import { PubSubTap } from './node-redis/promise/pub-sub';
import { ReplyShapesTap } from './node-redis/promise/reply-shapes';
import { Sentinels } from './node-redis/promise/sentinels';
import { Groups } from './node-redis/promise/topology';
import { CommandQueueTap } from './node-redis/queue/command-queue';
import { IsolationPoolTap } from './node-redis/queue/isolation-pool';
import { WatchedPools } from './shared/pools';

/** Where the taps of one library send what they see. A stopped one records nothing. */
interface Library {
  readonly tap: Tap & Switch;
  readonly messages: MessageTap & Switch;
}

/** Where taps send what they see. */
export interface Sinks {
  readonly libraries: Readonly<Record<ClientName, Library>>;
  readonly pools: PoolRecorder;
  readonly connections: ConnectionRecorder;
  readonly native: (metrics: NativeMetrics) => void;
  readonly maintenance: MaintenanceRecorder;
  readonly report: Report;
}

interface Inner extends Sinks {
  readonly replies: ReplyShapes;
  /** Called when a channel reports something. */
  readonly settle: () => void;
  readonly meetLoaded: () => boolean;
}

/** The taps of each seam, private to one instrumentation. */
export type Taps = ReturnType<typeof tapsTo>;

export function tapsTo(sinks: Inner) {
  const { ioredis, iovalkey } = sinks.libraries;
  return {
    ...nodeRedis(sinks),
    ioredis: ioredisTap(ioredis.tap, ioredis.messages, sinks.connections, sinks.replies),
    iovalkey: ioredisTap(iovalkey.tap, iovalkey.messages, sinks.connections, sinks.replies),
  };
}

function nodeRedis(sinks: Inner) {
  const { pools, connections: recorder, native, report, settle, meetLoaded } = sinks;
  const { tap, messages } = sinks.libraries.redis;
  const channels = new Channels(tap, report, settle, meetLoaded);
  const watched = new WatchedPools(pools);
  const sentinelPool = new SentinelPoolTap(watched);
  const groupCalls = new GroupCalls(tap, () => fanOuts.inside);
  const sentinels = new Sentinels(groupCalls, (...made) => sentinelPool.meet(...made));
  const groups = new Groups(groupCalls, sentinels);
  const pubSub = new PubSubTap(messages, groups);
  const connections = new Connections(recorder);
  const fanOuts = new FanOuts(tap, (slots) => groups.factsOf(slots));
  return {
    groups,
    sentinels,
    fanOuts,
    channels,
    connections,
    client: new RedisClientTap(tap, groups, fanOuts, connections, recorder, (client) => channels.leave(client)),
    queue: new CommandQueueTap(tap, groups, connections),
    legacy: new LegacyClientTap(tap, messages, recorder),
    pool: new PoolTap(watched),
    isolation: new IsolationPoolTap(watched),
    sentinelPool,
    native: new NativeMetricsTap(native),
    maintenance: maintenanceOf(sinks.maintenance, recorder, (id) => connections.factsOf(id), report),
    pubSub,
    replies: new ReplyShapesTap(sinks.replies),
  };
}
