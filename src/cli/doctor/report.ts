// Knows: how evidence and findings are told to a person.
// Must not know: how either was come by.
import { relative } from 'node:path';

import type { Reach } from './endpoint';
import { type Evidence, redisIn, spansOf } from './evidence';
import type { Found } from './findings';
import { packageOf } from './loaded';

export function reportOf(evidence: Evidence, found: readonly Found[]): string {
  const lines = [
    ['Redis', redisLine(evidence)],
    ['Instrumentation', instrumentationLine(evidence)],
    ['OpenTelemetry', sdkLine(evidence)],
    ['Export', exportLine(evidence)],
    ['Commands', commandsLine(evidence)],
    ['Spans', spansLine(evidence)],
  ].map(([title = '', text]) => `${title.padEnd(16)} ${text}`);
  return [...lines, '', ...findingLines(found)].join('\n');
}

export function findingLines(found: readonly Found[]): string[] {
  const isHealthy = found.every(({ kind }) => kind === 'note');
  return [...found.flatMap(linesOf), isHealthy ? 'healthy: Redis commands are traced' : 'not healthy'];
}

function linesOf({ kind, id, text, change }: Found): string[] {
  return [`${kind} (${id}): ${text}`, ...(change === undefined ? [] : [`  change: ${change}`]), ''];
}

function redisLine(evidence: Evidence): string {
  const { instrumentation } = evidence;
  const copies = redisIn(evidence).map(({ name, version, folder, order }) => {
    const when = instrumentation === undefined ? '' : `, loaded ${order < instrumentation.order ? 'before' : 'after'} the instrumentation`;
    return `${name} ${version} from ${shown(folder, evidence)}${when}`;
  });
  return copies.length === 0 ? 'not loaded as a package' : copies.join('; ');
}

function instrumentationLine(evidence: Evidence): string {
  const { instrumentation } = evidence;
  if (instrumentation === undefined) return 'not loaded';
  const { version, folder, entries } = instrumentation;
  const by = entries.find((entry) => entry !== 'instrumentation') ?? 'the code of the program';
  return `${version} from ${shown(folder, evidence)}, by ${by}`;
}

function sdkLine({ api, sdk }: Evidence): string {
  const sampler = sdk?.sampler ? `, samples with ${sdk.sampler}` : '';
  return `${sdk === undefined ? 'no SDK' : `SDK ${sdk.version ?? 'of unknown version'}`}, API ${api.version ?? 'not used'}${sampler}`;
}

function exportLine({ sdk, reaches }: Evidence): string {
  if (sdk === undefined || sdk.exporters.length === 0) return 'none';
  const names = sdk.exporters.map(({ name }) => name).join(', ');
  return reaches.length === 0 ? names : `${names} to ${reaches.map(reachText).join(', ')}`;
}

function reachText({ origin, error, status }: Reach): string {
  return `${origin} (${error ?? (status === undefined ? 'takes connections' : `answers ${status}`)})`;
}

function commandsLine({ commands }: Evidence): string {
  if (commands.length === 0) return 'none seen';
  return commands.map(({ sender, count, names }) => `${count} by ${packageOf(sender)?.name ?? sender} (${names.join(', ')})`).join('; ');
}

function spansLine(evidence: Evidence): string {
  const { made, dropped, names } = spansOf(evidence);
  if (made + dropped === 0) return 'none';
  return `${made}${dropped > 0 ? `, and ${dropped} dropped by the sampler` : ''}: ${names.join(', ')}`;
}

/** As the user would say it, from where the program runs. */
function shown(folder: string, { cwd }: Evidence): string {
  const path = relative(cwd, folder);
  return path.startsWith('..') ? folder : path;
}
