// Knows: a cluster for the tests of a file, how a client of it is compared with a control, and what its spans have in common.
// Must not know: what a test does with a client.
import assert from 'node:assert/strict';
import type { Attributes } from '@opentelemetry/api';
import { type ClusterNode, type RedisCluster, startCluster } from './redis-server';
import { inSpan, instrumentation, recorded, redisSpans, resetTracing } from './tracing';
import { type Client, end, loadRedis, type Version } from './versions';

/** A key of the first of three masters. */
export const KEY = 'b';

export class ClusterStage {
  private cluster!: RedisCluster;
  masters: ClusterNode[] = [];
  replicas: ClusterNode[] = [];

  /** Starts the cluster once, and empties it before each test. */
  constructor() {
    before(async () => {
      await this.start();
    });
    after(() => this.cluster.stop());
    beforeEach(async () => {
      await this.reset();
      resetTracing();
    });
  }

  private async start(): Promise<void> {
    this.cluster = await startCluster();
    this.masters = this.cluster.nodes.filter(({ role }) => role === 'master');
    this.replicas = this.cluster.nodes.filter(({ role }) => role === 'replica');
  }

  async reset(): Promise<void> {
    await Promise.all(this.masters.map((master) => master.request('FLUSHALL')));
  }

  owner(index: number): ClusterNode {
    return this.masters[index] ?? assert.fail();
  }

  get rootNodes(): readonly { url: string }[] {
    return this.cluster.rootNodes;
  }

  /** The address on every span. */
  get seeds(): string {
    const hosts = this.cluster.rootNodes.map(({ url }) => new URL(url).host);
    return hosts.sort().join(',');
  }

  private async withCluster(version: Version, run: (client: Client) => Promise<unknown>, options: object): Promise<unknown> {
    const client = loadRedis(version).createCluster({ rootNodes: this.cluster.rootNodes, ...options });
    client.on('error', () => {});
    await client.connect();
    try {
      return await run(client.client);
    } finally {
      await end(client);
    }
  }

  /** Runs without us and with us: the results must be equal. Returns what was answered. */
  async compared(version: Version, run: (client: Client) => Promise<unknown>, options: object = {}): Promise<unknown> {
    const safely = (client: Client) => run(client).catch((error: Error) => `rejected with ${error.constructor.name}: ${error.message}`);
    const before = redisSpans().length;
    instrumentation.disable();
    const control = await this.withCluster(version, safely, options);
    assert.equal(redisSpans().length, before, 'a disabled instrumentation made spans');
    await this.reset();
    instrumentation.enable();
    const traced = await inSpan(() => this.withCluster(version, safely, options));
    assert.deepEqual(traced, control);
    return traced;
  }

  /** What each span says, by which node, which is the last that was asked, how often it was sent again, and why. */
  spans(): { text: unknown; at: ClusterNode | undefined; again: readonly unknown[]; more: Attributes; error?: string }[] {
    return redisSpans().map((span) => {
      const { attributes, error } = recorded(span);
      const { 'db.query.text': text, 'network.peer.port': port, 'server.address': address, ...more } = attributes;
      assert.equal(address, this.seeds, JSON.stringify({ text, ...attributes }));
      const again = [more['redis.client.operation.retry_attempts'], more['redis.client.redirection.kind']];
      const at = this.cluster.nodes.find((node) => node.port === port);
      return error === undefined ? { text, at, again, more } : { text, at, again, more, error };
    });
  }
}
