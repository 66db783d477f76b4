// Knows: the tables of families and commands.
import { course, range } from './charts.mjs';
import { byId, h, keep, setText } from './dom.mjs';
import { count, ms, percent, plural } from './format.mjs';

export function showFamilies({ families }) {
  byId('families-none').hidden = families.length > 0;
  keep(byId('families'), families, ({ family }) => family, makeFamily);
}

function makeFamily({ family }) {
  const chart = course({ top: 1 });
  const [ratio, lookups, load, stampedes] = [0, 1, 2, 3].map(() => h('td', { class: 'number' }));
  const warning = h('small', { class: 'warning' });
  const element = h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('code', {}, family), warning),
    h('td', {}, chart.element),
    ratio,
    lookups,
    load,
    stampedes,
  );
  return {
    element,
    update(row) {
      chart.update(row.hitRatioCourse, `hit ratio of ${family}, ${percent(row.hitRatio)}`);
      setText(ratio, percent(row.hitRatio));
      setText(lookups, count(row.hits + row.misses));
      setText(load, ms(row.meanLoadMs));
      setText(stampedes, row.stampedes === 0 ? '–' : count(row.stampedes));
      stampedes.classList.toggle('fair', row.stampedes > 0);
      setText(warning, warningOf(row));
    },
  };
}

function warningOf({ unfilled, immortal }) {
  const parts = [];
  if (unfilled > 0) parts.push(`${plural(unfilled, 'miss', 'misses')} not filled by this process`);
  if (immortal > 0) parts.push(`${plural(immortal, 'write')} without a time to live`);
  return parts.join(', ');
}

export function showCommands({ commands }) {
  byId('commands-none').hidden = commands.length > 0;
  const scale = scaleOf(commands);
  setText(byId('range-title'), scale === undefined ? '' : `${ms(scale.least)} to ${ms(scale.most)}, logarithmic`);
  keep(
    byId('commands'),
    commands.map((row) => ({ ...row, scale })),
    ({ command }) => command,
    makeCommand,
  );
}

function makeCommand({ command }) {
  const chart = range();
  const [calls, p50, p95, p99, errors] = [0, 1, 2, 3, 4].map(() => h('td', { class: 'number' }));
  const element = h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('code', {}, command)),
    calls,
    h('td', { class: 'range-cell' }, chart.element),
    p50,
    p95,
    p99,
    errors,
  );
  return {
    element,
    update(row) {
      chart.update([row.p50, row.p95, row.p99], row.scale, `${command}: p50 ${ms(row.p50)}, p95 ${ms(row.p95)}, p99 ${ms(row.p99)}`);
      setText(calls, count(row.calls));
      setText(p50, ms(row.p50));
      setText(p95, ms(row.p95));
      setText(p99, ms(row.p99));
      setText(errors, row.errors === 0 ? '–' : count(row.errors));
      errors.classList.toggle('bad', row.errors > 0);
    },
  };
}

/** One scale for all commands, between two powers of ten. */
function scaleOf(commands) {
  const values = commands.flatMap(({ p50, p99 }) => (p50 > 0 ? [p50, p99] : []));
  if (values.length === 0) return undefined;
  const least = 10 ** Math.floor(Math.log10(Math.min(...values)));
  return { least, most: Math.max(least * 10, 10 ** Math.ceil(Math.log10(Math.max(...values)))) };
}
