// Knows: how evidence and findings are presented to a person.
// Must not know: how they were found.
import { relative } from 'node:path';

import type { Reach } from './endpoint';
import { configFile, type Evidence, measuredIn, redisIn, spansOf } from './evidence';
import type { Found } from './findings';
import { packageOf } from './loaded';

const API = '@opentelemetry/api';

export function reportOf(evidence: Evidence, found: readonly Found[]): string {
  const lines = [
    ['Redis', redisLine(evidence)],
    ['Instrumentation', instrumentationLine(evidence)],
    ['OpenTelemetry', sdkLine(evidence)],
    ['Export', exportLine(evidence)],
    ['Commands', commandsLine(evidence)],
    ['Spans', spansLine(evidence)],
  ].map(([title = '', text]) => `${title.padEnd(16)} ${text}`);
  return [...lines, '', ...findingLines(found, healthOf(evidence))].join('\n');
}

/** @param health the last line for a program without problems */
export function findingLines(found: readonly Found[], health: string): string[] {
  const isHealthy = found.every(({ kind }) => kind === 'note');
  return [...found.flatMap(linesOf), isHealthy ? `healthy: ${health}` : 'not healthy'];
}

function linesOf({ kind, id, text, change, advice }: Found): string[] {
  const remedies = Object.entries({ change, advice }).filter(([, remedy]) => remedy !== undefined);
  return [`${kind} (${id}): ${text}`, ...remedies.map(([title, remedy]) => `  ${title}: ${remedy}`), ''];
}

function healthOf(evidence: Evidence): string {
  const { made, dropped } = spansOf(evidence);
  if (made + dropped > 0) return 'Redis commands are traced';
  return measuredIn(evidence) > 0 ? 'Redis commands are measured' : 'nothing prevents recording';
}

function redisLine(evidence: Evidence): string {
  const { instrumentation } = evidence;
  const copies = redisIn(evidence).map(({ name, version, folder, order }) => {
    const when =
      instrumentation === undefined
        ? ''
        : `, loaded ${order < instrumentation.order ? 'before' : 'after'} the instrumentation`;
    return `${name} ${version} from ${shown(folder, evidence)}${when}`;
  });
  return copies.length === 0 ? 'not loaded as a package' : copies.join('; ');
}

function instrumentationLine(evidence: Evidence): string {
  const { instrumentation } = evidence;
  if (instrumentation === undefined) return evidence.own === undefined ? 'not loaded' : 'loaded by another loader';
  const { version, folder, entries } = instrumentation;
  const by = entries.find((entry) => entry !== 'instrumentation') ?? 'the code of the program';
  return `${version} from ${shown(folder, evidence)}, by ${by}`;
}

function sdkLine(evidence: Evidence): string {
  const file = configFile(evidence);
  return `${sdkText(evidence)}${file === undefined ? '' : `, configured by ${file}`}`;
}

function sdkText({ api, own, packages }: Evidence): string {
  // The API notes its version when something registers.
  const loaded = packages.find(({ name }) => name === API)?.version;
  const version = api.version ?? (loaded === undefined ? 'not seen' : `${loaded} loaded`);
  if (own?.provider === undefined) return `${api.registered.includes('trace') ? 'an SDK' : 'no SDK'}, API ${version}`;
  const { sdkVersion, sampler } = own.provider;
  const sampling = sampler === '' ? '' : `, samples with ${sampler}`;
  return `SDK ${sdkVersion ?? 'of unknown version'}, API ${version}${sampling}`;
}

function exportLine({ own, reaches }: Evidence): string {
  const exporters = own?.provider?.exporters ?? [];
  if (exporters.length === 0) return own?.provider === undefined ? 'none' : 'none that can be seen';
  const names = exporters.map(({ name }) => name).join(', ');
  return reaches.length === 0 ? names : `${names} to ${reaches.map(reachText).join(', ')}`;
}

function reachText({ origin, error, status, grpcStatus, spoken }: Reach): string {
  if (spoken !== undefined) return `${origin} (a port for ${spoken === 'grpc' ? 'gRPC' : 'HTTP'})`;
  const answer = status ?? (grpcStatus === undefined ? undefined : `gRPC status ${grpcStatus}`);
  return `${origin} (${error ?? (answer === undefined ? 'takes connections' : `answers ${answer}`)})`;
}

function commandsLine({ commands }: Evidence): string {
  if (commands.length === 0) return 'none seen';
  return commands
    .map(({ sender, count, names }) => `${count} by ${packageOf(sender)?.name ?? sender} (${names.join(', ')})`)
    .join('; ');
}

function spansLine(evidence: Evidence): string {
  const { made, dropped, names } = spansOf(evidence);
  const measured = measuredIn(evidence);
  if (made + dropped === 0) return measured > 0 ? `none; ${measured} calls measured` : 'none';
  return `${made}${dropped > 0 ? `, and ${dropped} dropped by the sampler` : ''}: ${names.join(', ')}`;
}

/** The path as the user would write it, relative to the program's folder. */
function shown(folder: string, { cwd }: Evidence): string {
  if (cwd === undefined) return folder;
  const path = relative(cwd, folder) || '.';
  return path.startsWith('..') ? folder : path;
}
