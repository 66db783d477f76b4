// Loads every version of every library as an application does: after the instrumentation, while it is enabled. What a module
// copies out of another when it loads (redis 5 and 6 copy `createClientPool`) must not depend on which test ran first.
import './tracing';
import { ALL_VERSIONS, loadRedis } from './versions';

for (const version of ALL_VERSIONS) loadRedis(version);
