// Knows: the few numbers that show whether everything works.
import { course } from './charts.mjs';
import { byId, h, setText } from './dom.mjs';
import { count, ms, percent, plural, rate } from './format.mjs';

const TILES = [
  {
    title: 'Commands',
    tone: 'accent',
    read: ({ totals, stepMs }) => {
      const recent = totals.callsCourse.slice(-6, -1);
      const perSecond = sum(recent) / ((recent.length * stepMs) / 1_000);
      return { value: `${rate(perSecond)} /s`, detail: `${count(totals.calls)} in all`, values: totals.callsCourse };
    },
  },
  {
    title: 'Hit ratio',
    tone: 'accent',
    top: 1,
    read: ({ totals }) => ({
      value: percent(totals.hitRatio),
      detail: `${count(totals.hits)} of ${plural(totals.hits + totals.misses, 'look-up')}`,
      values: totals.hitRatioCourse,
    }),
  },
  {
    title: 'Latency (p95)',
    tone: 'accent',
    read: ({ totals: { latency, p95Course } }) => ({
      value: ms(latency?.p95),
      detail: `p50 ${brief(latency?.p50)}, p99 ${ms(latency?.p99)}`,
      values: p95Course,
    }),
  },
  {
    title: 'Errors',
    tone: 'bad',
    read: ({ totals, errorTypes }) => ({
      value: count(totals.errors),
      detail: errorTypes.map(({ type }) => type).join(', ') || 'none',
      values: totals.errorsCourse,
      isAlarming: totals.errors > 0,
    }),
  },
  {
    title: 'Stampedes',
    tone: 'fair',
    read: ({ totals, families }) => ({
      value: count(totals.stampedes),
      values: totals.stampedesCourse,
      detail:
        totals.stampedes === 0
          ? 'none'
          : families
              .filter(({ stampedes }) => stampedes > 0)
              .map(({ family }) => family)
              .join(', '),
    }),
  },
  {
    title: 'Connections',
    tone: 'accent',
    read: ({ servers, pools, connectionsCourse }) => {
      const used = sum(pools.map((pool) => pool.used));
      const limit = sum(pools.map((pool) => pool.limit ?? 0));
      return {
        value: count(sum(servers.map(({ connections }) => connections))),
        values: connectionsCourse.some((open) => open > 0) ? connectionsCourse : undefined,
        detail: pools.length === 0 ? 'no pools' : `pools: ${used}${limit > 0 ? ` of ${limit}` : ''} in use`,
        isAlarming: limit > 0 && used >= limit,
      };
    },
  },
];

const tiles = TILES.map(({ title, tone, top, read }) => {
  const value = h('strong');
  const detail = h('span', { class: 'detail' });
  const chart = course({ top, tone });
  const element = h('div', { class: 'tile card' }, h('h2', {}, title), value, detail, chart.element);
  return {
    element,
    update(overview) {
      const now = read(overview);
      setText(value, now.value);
      setText(detail, now.detail);
      element.classList.toggle('alarming', now.isAlarming === true);
      chart.element.classList.toggle('none', now.values === undefined);
      if (now.values !== undefined) chart.update(now.values, `${title} over time`);
    },
  };
});

byId('tiles').append(...tiles.map(({ element }) => element));

export function showTiles(overview) {
  for (const tile of tiles) tile.update(overview);
}

/** Without a unit, for use beside a duration that has one. */
function brief(value) {
  return ms(value).replace(' ms', '');
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
