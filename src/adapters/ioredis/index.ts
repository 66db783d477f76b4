// Knows: the parts of ioredis and iovalkey, and the tap of each of their files.
// Must not know: versions, what a part does.
import type { MessageTap } from '../../core/delivery';
import type { ConnectionRecorder } from '../../core/recorder';
import type { ReplyShapes } from '../../core/replies';
import type { Redirection } from '../../core/resends';
import type { Tap } from '../../core/tap';
import { Ambient } from '../shared/ambient';
import type { PatchLedger, Target } from '../shared/patch';
import { Commands } from './client';
import { Clusters } from './clusters';
import { ConnectionWatch } from './connections';
import { Messages } from './messages';
import { OwnTraffic } from './own-traffic';
import { Pipelines } from './pipelines';
import { ResentScripts, Scripts } from './scripts';
import { Servers } from './servers';

type File = readonly [moduleExports: Target, ledger: PatchLedger];

export type IoredisTap = ReturnType<typeof ioredisTap>;

/** Taps ioredis 4.17 to 6, and iovalkey, which is a copy of 5. */
export function ioredisTap(tap: Tap, messageTap: MessageTap, recorder: ConnectionRecorder, replies: ReplyShapes) {
  const own = new OwnTraffic(() => servers);
  const scripts = new Scripts();
  const following = { tap, unknown: new ResentScripts(), redirecting: new Ambient<Redirection>(), replies };
  const connections = new ConnectionWatch(tap, recorder, () => servers);
  const servers: Servers = new Servers(
    (client, server) => connections.watch(client, server),
    () => own.isMaking,
  );
  const commands = new Commands(following, servers, own, scripts);
  const pipelines = new Pipelines(following, servers, commands, own, scripts);
  const clusters = new Clusters(following, servers, commands, own);
  const messages = new Messages(messageTap, servers);
  return {
    patchRedis: (...file: File) => [commands, own, connections].every((part) => part.patchRedis(...file)),
    patchCluster: (...file: File) => [clusters, own].every((part) => part.patchCluster(...file)),
    patchHandlers: (...file: File) => [own, connections].every((part) => part.patchHandlers(...file)),
    patchPool: (...file: File) => own.patchPool(...file),
    patchSentinels: (...file: File) => own.patchSentinels(...file),
    patchPipeline: (...file: File) => pipelines.patchPipeline(...file),
    patchScript: (...file: File) => scripts.patchScript(...file),
    patchData: (...file: File) => messages.patchHandler(...file),
  };
}
