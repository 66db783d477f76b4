// Loads every version of every library as an application does: after the instrumentation, while it is enabled. What a module
// copies out of another when it loads (redis 5 and 6 copy `createClientPool`) must not depend on which test ran first.
import './tracing';
import { IOREDIS_VERSIONS, LEGACY_VERSIONS, loadRedis, VERSIONS } from './versions';

for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_VERSIONS]) loadRedis(version);
