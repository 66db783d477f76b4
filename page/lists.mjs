// Knows: the lists of what needs attention, the slowest keys, pools, locks and channels.
import { course } from './charts.mjs';
import { byId, h, keep, setText } from './dom.mjs';
import { ago, count, ms, plural } from './format.mjs';

function showAttention({ attention }, openTrace) {
  byId('attention-none').hidden = attention.length > 0;
  keep(
    byId('attention'),
    attention,
    ({ kind, text }) => `${kind} ${text}`,
    (entry) => makeAttention(entry, openTrace),
  );
}

function makeAttention({ kind, text }, openTrace) {
  const times = h('span', { class: 'times' });
  const when = h('time');
  let traceId;
  const button = h('button', { type: 'button', click: () => openTrace(traceId) }, text);
  const element = h('li', { class: `kind-${kind}` }, button, h('span', { class: 'about' }, times, when));
  return {
    element,
    update(entry) {
      traceId = entry.traceId;
      button.disabled = traceId === undefined;
      const callers = entry.callers === undefined ? '' : `up to ${entry.callers} callers, `;
      setText(times, `${entry.count === 1 ? '' : `${count(entry.count)} times, `}${callers}`);
      setText(when, ago(now - entry.lastMs));
    },
  };
}

/** The clock of the sending machine. The clock of a phone that shows the page may differ. */
let now = 0;

export function showLists(overview, openTrace) {
  now = overview.atMs;
  byId('slowest-none').hidden = overview.slowest.length > 0;
  showAttention(overview, openTrace);
  keep(
    byId('slowest'),
    overview.slowest,
    ({ family }) => family,
    (item) => makeSlowest(item, openTrace),
  );
  keep(byId('pools'), overview.pools, ({ pool }) => pool, makePool);
  keep(byId('servers'), overview.servers, ({ server }) => server, makeServer);
  keep(byId('locks'), overview.locks, ({ family }) => family, makeLock);
  keep(byId('channels'), overview.channels, ({ channel }) => channel, makeChannel);
  for (const ids of [['locks'], ['channels'], ['pools', 'servers']]) {
    byId(`${ids[0]}-title`).classList.toggle(
      'nothing',
      ids.every((id) => byId(id).children.length === 0),
    );
  }
}

function makeSlowest({ family }, openTrace) {
  const keys = h('ol');
  const element = h('li', {}, h('code', { class: 'family' }, family), keys);
  return {
    element,
    update({ slow }) {
      keep(
        keys,
        slow,
        ({ text }) => text,
        (item) => makeSlow(item, openTrace),
      );
    },
  };
}

function makeSlow({ text }, openTrace) {
  let traceId;
  const duration = h('span', { class: 'number' });
  const element = h('li', {}, h('button', { type: 'button', click: () => openTrace(traceId) }, text), duration);
  return {
    element,
    update(slow) {
      traceId = slow.traceId;
      setText(duration, ms(slow.durationMs));
    },
  };
}

function makePool({ pool }) {
  const chart = course();
  const meter = h('meter', { min: 0 });
  const facts = h('span', { class: 'about' });
  const element = h('li', {}, h('code', {}, pool), meter, chart.element, facts);
  return {
    element,
    update({ used, idle, limit, waiting, timeouts, meanWaitMs, usedCourse }) {
      meter.max = limit ?? Math.max(1, used + idle);
      meter.high = meter.max * 0.9;
      meter.value = used;
      meter.setAttribute('aria-label', `connections of ${pool} in use`);
      chart.update(usedCourse, `connections of ${pool} in use, over time`);
      const wait = meanWaitMs === undefined ? '' : `, ${ms(meanWaitMs)} wait`;
      setText(
        facts,
        `${used} in use, ${idle} idle${limit === undefined ? '' : `, at most ${limit}`}, ${waiting} waiting${wait}${timeouts > 0 ? `, ${plural(timeouts, 'timeout')}` : ''}`,
      );
    },
  };
}

function makeServer({ server }) {
  return fact(
    server,
    ({ connections, queued }) =>
      `${plural(connections, 'connection')}${queued > 0 ? `, ${plural(queued, 'command')} waiting for one` : ''}`,
  );
}

function makeLock({ family }) {
  return fact(family, ({ acquired, refused, renewed, lost, meanHeldMs, meanWaitedMs }) => {
    const parts = [`${count(acquired)} acquired`, `${count(refused)} refused`];
    if (renewed > 0) parts.push(`${count(renewed)} renewed`);
    if (lost > 0) parts.push(`${count(lost)} lost`);
    if (meanHeldMs !== undefined) parts.push(`held ${ms(meanHeldMs)}`);
    if (meanWaitedMs !== undefined) parts.push(`waited ${ms(meanWaitedMs)}`);
    return parts.join(', ');
  });
}

function makeChannel({ channel }) {
  return fact(channel, ({ sent, consumed, meanProcessMs }) => {
    const processed = meanProcessMs === undefined ? '' : `, ${ms(meanProcessMs)} each`;
    return `${count(sent)} sent, ${count(consumed)} received${processed}`;
  });
}

function fact(name, describe) {
  const about = h('span', { class: 'about' });
  const element = h('li', {}, h('code', {}, name), about);
  return { element, update: (item) => setText(about, describe(item)) };
}
