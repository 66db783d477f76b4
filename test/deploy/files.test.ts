import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { parseDocument } from 'yaml';
import { ensureBinary } from '../../scripts/binaries.mjs';

const ROOT = join(__dirname, '../..');

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { readonly volumes?: readonly string[]; readonly depends_on?: Readonly<Record<string, unknown>>; readonly ports?: readonly string[] }
    >
  >;
}

interface Collector {
  readonly receivers: object;
  readonly processors: object;
  readonly exporters: Readonly<Record<string, { readonly endpoint: string }>>;
  readonly service: {
    readonly pipelines: Readonly<Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', readonly string[]>>>>;
  };
}

interface Prometheus {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly { readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
}

function read<T>(file: string): T {
  const document = parseDocument(readFileSync(join(ROOT, 'deploy', file), 'utf8'), { merge: true });
  assert.deepEqual([...document.errors, ...document.warnings], [], file);
  return document.toJS() as T;
}

/** `collector:8889` and `http://jaeger:16686` are of a service. */
function serviceIn(address: string): string {
  return /^(?:https?:\/\/)?([\w-]+):\d+/.exec(address)?.[1] ?? address;
}

describe('the files for a deployment', () => {
  const compose = read<Compose>('compose.yml');
  const collector = read<Collector>('collector.yml');
  const prometheus = read<Prometheus>('prometheus.yml');

  it('are valid YAML', () => {
    const files = readdirSync(join(ROOT, 'deploy'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yml'));
    assert.deepEqual(files.sort(), ['collector.yml', 'compose.yml', 'grafana/dashboards.yml', 'grafana/datasources.yml', 'prometheus.yml']);
    for (const file of files) read(file);
  });

  it('mount and build existing files, and wait for existing services', () => {
    for (const [name, { volumes = [], depends_on: others = {} }] of Object.entries(compose.services)) {
      for (const volume of volumes) assert.ok(existsSync(join(ROOT, 'deploy', volume.split(':')[0] ?? '')), `${name}: ${volume}`);
      for (const other of Object.keys(others)) assert.ok(compose.services[other], `${name}: ${other}`);
    }
    const { build } = compose.services.shop as { build: { context: string; dockerfile: string } };
    assert.ok(existsSync(join(ROOT, 'deploy', build.context, build.dockerfile)));
  });

  it('are reachable from this machine alone', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    assert.ok(ports.length > 0);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/);
  });

  it('have a collector whose pipelines use its components and send to running services', () => {
    for (const [name, pipeline] of Object.entries(collector.service.pipelines)) {
      for (const part of ['receivers', 'processors', 'exporters'] as const) {
        for (const one of pipeline[part]) assert.ok(one in collector[part], `${name}: ${one}`);
      }
    }
    assert.ok(compose.services[serviceIn(collector.exporters['otlp/jaeger']?.endpoint ?? '')]);
  });

  it('have a Prometheus that accepts its configuration with our rules, and scrapes the collector', () => {
    const [rules] = prometheus.rule_files;
    assert.ok(compose.services.prometheus?.volumes?.includes(`../dashboards/prometheus/rules.yml:/etc/prometheus/${rules}:ro`));
    const targets = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
    assert.deepEqual(targets, [`collector:${collector.exporters.prometheus?.endpoint.split(':')[1]}`]);
    const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
    try {
      cpSync(join(ROOT, 'deploy/prometheus.yml'), join(folder, 'prometheus.yml'));
      cpSync(join(ROOT, 'dashboards/prometheus/rules.yml'), join(folder, rules ?? ''));
      const { status, stdout, stderr } = spawnSync(ensureBinary('promtool'), ['check', 'config', join(folder, 'prometheus.yml')], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('have a Grafana that finds its data and its dashboard', () => {
    const { datasources } = read<{ datasources: { type: string; url: string }[] }>('grafana/datasources.yml');
    for (const { url } of datasources) assert.ok(compose.services[serviceIn(url)], url);
    assert.ok(datasources.some(({ type }) => type === 'prometheus'));
    const { providers } = read<{ providers: { options: { path: string } }[] }>('grafana/dashboards.yml');
    const mounts = (compose.services.grafana?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
    for (const { options } of providers)
      assert.ok(
        mounts.some((mount) => posix.normalize(mount) === options.path),
        options.path,
      );
  });
});
