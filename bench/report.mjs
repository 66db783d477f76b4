// Knows: how results become tables, and what the targets are.
// Must not know: how anything is measured.

const CONTENDERS = ['bare', 'sdk', 'same', 'record', 'floor', 'incumbent', 'dd-trace', 'ours', 'compressed', 'totals'];

/** Targets of the design, as medians of one run: overhead is what a contender adds to the bare client. */
const TARGETS = [
  { title: 'unsampled parent: CPU ours / bare, single GETs', at: 1.02, read: (of) => of.both('unsampled', SINGLES, ratio('ours', 'bare')) },
  { title: 'no SDK: CPU ours / bare, single GETs', at: 1.02, read: (of) => of.both('no-sdk', SINGLES, ratio('ours', 'bare')) },
  {
    title: 'sampled: CPU overhead ours / floor, GETs at once',
    at: 0.8,
    read: (of) => of.fake('sampled', CONCURRENT, overhead('ours', 'floor')),
    share: (of) => of.fake('sampled', CONCURRENT, overhead('same', 'floor')),
  },
  {
    title: 'sampled: CPU overhead ours / floor, GETs one by one',
    at: 0.8,
    read: (of) => of.fake('sampled', SEQUENTIAL, overhead('ours', 'floor')),
    share: (of) => of.fake('sampled', SEQUENTIAL, overhead('same', 'floor')),
  },
  { title: 'sampled: CPU ours / bare, MULTI and pipeline', at: 1.1, read: (of) => of.both('sampled', BATCHES, ratio('ours', 'bare')) },
  {
    title: 'sampled: CPU overhead ours / incumbent, GETs at once',
    at: 0.72,
    read: (of) => of.fake('sampled', CONCURRENT, overhead('ours', 'incumbent')),
    share: (of) => of.fake('sampled', CONCURRENT, overhead('same', 'incumbent')),
  },
  {
    title: 'sampled: CPU overhead ours / incumbent, GETs one by one',
    at: 0.72,
    read: (of) => of.fake('sampled', SEQUENTIAL, overhead('ours', 'incumbent')),
    share: (of) => of.fake('sampled', SEQUENTIAL, overhead('same', 'incumbent')),
  },
  {
    title: 'sampled: CPU overhead ours / dd-trace, single GETs',
    at: 1.05,
    read: (of) => of.fake('sampled', SINGLES, overhead('ours', 'dd-trace')),
    share: (of) => of.fake('sampled', SINGLES, overhead('same', 'dd-trace')),
  },
  {
    title: 'sampled: bytes beyond bare ours / incumbent, single GETs',
    at: 0.5,
    read: (of) => of.fake('sampled', SINGLES, overhead('ours', 'incumbent', bytes)),
    share: (of) => of.fake('sampled', SINGLES, overhead('same', 'incumbent', bytes)),
  },
  {
    title: 'a request of 200 GETs: CPU overhead compressed / dd-trace',
    at: 0.5,
    read: (of) => of.fake('sampled', IN_PARENT, overhead('compressed', 'dd-trace')),
  },
  {
    title: 'a request of 200 GETs: CPU overhead compressed / incumbent',
    at: 0.25,
    read: (of) => of.fake('sampled', IN_PARENT, overhead('compressed', 'incumbent')),
  },
  {
    title: 'MGET and MSET of 200 keys, and MGET of 50,000: CPU ours / bare',
    at: 1.3,
    read: (of) => MANY_KEYS.flatMap((shape) => of.fake('sampled', [shape], ratio('ours', 'bare'), `${shape} `)),
    share: (of) => of.fake('sampled', MANY_KEYS, ratio('same', 'bare')),
  },
  {
    title: 'the first 12,000 transactions of 3: CPU ours / bare',
    at: 1.5,
    read: (of) => of.fake('sampled', COLD, ratio('ours', 'bare')),
  },
  {
    title: 'everything on: CPU overhead ours / floor, single GETs',
    at: 1.1,
    read: (of) => of.fake('everything', SINGLES, overhead('ours', 'floor')),
  },
  {
    title: 'unsampled: bytes beyond bare, single GETs',
    at: 100,
    digits: 0,
    read: (of) => of.fake('unsampled', SINGLES, difference('ours', 'bare', bytes)),
  },
  {
    title: 'metrics only: CPU overhead / the incumbent’s with spans',
    at: 0.26,
    read: (of) => of.against('ours', 'metrics', 'sampled', SINGLES),
    share: (of) => of.against('record', 'metrics', 'sampled', SINGLES),
  },
];

const SEQUENTIAL = ['GET one by one'];
const CONCURRENT = ['100 GETs at once'];
const SINGLES = [...SEQUENTIAL, ...CONCURRENT];
const IN_PARENT = ['200 GETs in one parent'];
/** Shapes of one command with many keys. */
export const MANY_KEYS = [
  'MGET of 200 new keys',
  'MGET of 200 new UUIDs',
  'MGET of 200 known keys',
  'MGET of 200 missing keys',
  'MSET of 200 keys',
  'MGET of 50000 keys',
];
const COLD = ['MULTI of 3 while cold'];
const BATCHES = ['MULTI of 100', 'pipeline of 100'];
const START_UP_RATIO = 0.5;

const cpu = ({ nsPerCommand }) => nsPerCommand;
const bytes = ({ bytesPerCommand }) => bytesPerCommand;

const ratio =
  (a, b, quantity = cpu) =>
  (value) =>
    value(a, quantity) / value(b, quantity);
const difference =
  (a, b, quantity = cpu) =>
  (value) =>
    value(a, quantity) - value(b, quantity);
const overhead =
  (a, b, quantity = cpu) =>
  (value) =>
    (value(a, quantity) - value('bare', quantity)) / (value(b, quantity) - value('bare', quantity));

export function renderMarkdown({ command, minutes, lines, results, startUps, cpu: machine }) {
  const rounds = [...new Set(results.map((result) => result.rounds.length))].sort((a, b) => b - a).join(' or ');
  const parts = [
    '# What it costs',
    '',
    `Measured by \`${command}\` in ${minutes} minutes on ${machine}: ${rounds} interleaved rounds, a fresh process each. Every cell is`,
    'CPU time and bytes allocated per command: median (min–max) of the rounds. Ratios compare within one run; absolutes depend on the machine.',
    '`fake` is a socket in the same process that answers at once: what the client and its instrumentation cost without a network. `server` is a real Redis.',
    '`sdk` is a span started and ended without an attribute, and nothing else: less is not possible. `same` is the SDK’s calls for the very',
    'span that ours is, and `record` one measurement of the duration histogram, with nothing found out and nothing followed: what is left of',
    'ours is ours. `floor` is the least that makes a useful span per command: four attributes, its context entered. Redis 6 runs with',
    '`commandOptions: { timeout: 0 }` for everybody: its timer per command would cost more than any tracing.',
  ];
  for (const line of lines) parts.push('', `## ${line.title}`, '', versionsOf(line), ...renderLine(line, results, startUps));
  return parts.join('\n');
}

/** What a reader of the README wants to know: how many times the client alone, on a real server, with the newer SDK. */
export function renderSummary({ lines, results }) {
  const { number, title } = lines.at(-1);
  const shown = results.filter(({ line, transport, redis }) => line === number && transport === 'server' && redis === '6.3');
  const rows = [`| ${title} | this package | \`@opentelemetry/instrumentation-redis\` |`, '|---|---|---|'];
  for (const [situation, about] of SITUATIONS)
    for (const [shape, what] of SHAPES) {
      const group = groupOf(shown, { situation, shape });
      const [ours, other] = ['ours', 'incumbent'].map((name) => timesBare(group, name));
      rows.push(`| ${what}, ${about} | ${ours} | ${other} |`);
    }
  return rows.join('\n');
}

const SITUATIONS = [
  ['unsampled', 'below a parent that was not sampled'],
  ['sampled', 'every span recorded'],
];
const SHAPES = [
  ['GET one by one', 'GETs, one after another'],
  ['100 GETs at once', '100 GETs at once'],
  ['MULTI of 100', 'a transaction of 100'],
];

function timesBare(group, name) {
  if (group.bare === undefined || group[name] === undefined) return '–';
  return `${number(evaluate([group], ratio(name, 'bare'))?.median)} ×`;
}

function versionsOf({ versions }) {
  return Object.entries(versions)
    .map(([name, version]) => `${name.replace('@opentelemetry/', '')} ${version}`)
    .join(', ');
}

function renderLine({ number }, results, startUps) {
  const own = results.filter(({ line }) => line === number);
  const parts = ['', '### Targets', '', ...renderTargets(own), ...renderStartUp(startUps.find(({ line }) => line === number))];
  for (const transport of valuesIn(own, 'transport'))
    for (const redis of valuesIn(own, 'redis')) {
      const shown = own.filter((result) => result.transport === transport && result.redis === redis);
      if (shown.length > 0) parts.push('', `### redis ${redis}, ${transport}`, '', ...renderTable(shown));
    }
  return parts;
}

/** In the order in which they were measured. */
function valuesIn(results, name) {
  return [...new Set(results.map((result) => result[name]))];
}

function renderTable(results) {
  const shown = CONTENDERS.filter((name) => results.some(({ contender }) => contender === name));
  const rows = [
    `| | | ${shown.join(' | ')} | ours / bare | overhead ours / floor | ours / incumbent |`,
    `|---|---|${shown.map(() => '---|').join('')}---|---|---|`,
  ];
  for (const situation of valuesIn(results, 'situation'))
    for (const shape of valuesIn(results, 'shape')) {
      const group = groupOf(results, { situation, shape });
      const cells = shown.map((name) => cellOf(group[name]));
      const ratios = [ratio('ours', 'bare'), overhead('ours', 'floor'), overhead('ours', 'incumbent')].map((read) =>
        number(evaluate([group], read)?.median),
      );
      rows.push(`| ${[situation, shape, ...cells, ...ratios].join(' | ')} |`);
    }
  return rows;
}

function cellOf(result) {
  if (result === undefined) return '–';
  const { median, min, max } = spread(result.rounds.map(cpu));
  return `${median} ns (${min}–${max}), ${spread(result.rounds.map(bytes)).median} B`;
}

function renderTargets(results) {
  const versions = valuesIn(results, 'redis');
  const rows = [
    `| target | at most | ${versions.map((redis) => `redis ${redis}`).join(' | ')} |`,
    `|---|---|${versions.map(() => '---|').join('')}`,
  ];
  for (const { title, at, digits = 2, read, share } of TARGETS) {
    const cells = versions.map((redis) => {
      const of = reader(results.filter((result) => result.redis === redis));
      const found = read(of).map(({ label, found }) => `${label}${verdict(found, at, digits)}`);
      const least = share?.(of).map(({ found }) => `the SDK’s share: ${found.median.toFixed(digits)}`);
      return [...found, ...(least ?? [])].join('; ');
    });
    rows.push(`| ${title} | ${at} | ${cells.map((cell) => cell || 'not measured').join(' | ')} |`);
  }
  return rows;
}

function verdict({ median, min, max }, at, digits) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)}) ${median <= at ? 'reached' : 'MISSED'}`;
}

/** How a target asks for what it needs. Groups of several shapes are judged by the mean of their values. */
function reader(results) {
  const groups = (transport, situation, shapes) =>
    shapes
      .map((shape) => groupOf(results, { transport, situation, shape }))
      .filter((group) => group.bare !== undefined && group.ours !== undefined);
  const on = (transport, situation, shapes, read, label = '') => {
    const found = evaluate(groups(transport, situation, shapes), read);
    return found === undefined ? [] : [{ label, found }];
  };
  return {
    fake: (situation, shapes, read, label) => on('fake', situation, shapes, read, label),
    both: (situation, shapes, read) => [
      ...on('server', situation, shapes, read, 'server '),
      ...on('fake', situation, shapes, read, 'fake '),
    ],
    against: (contender, situation, other, shapes) => {
      const measured = groups('fake', situation, shapes);
      const compared = groups('fake', other, shapes);
      const added = evaluate(measured, difference(contender, 'bare'));
      const incumbent = evaluate(compared, difference('incumbent', 'bare'));
      if (added === undefined || incumbent === undefined) return [];
      const { median } = incumbent;
      return [{ label: '', found: { median: added.median / median, min: added.min / median, max: added.max / median } }];
    },
  };
}

/** The median is that of each contender's median; min and max are the rounds, each judged by itself. */
function evaluate(groups, read) {
  if (groups.length === 0) return undefined;
  const rounds = Math.min(...groups.flatMap((group) => Object.values(group).map((result) => result.rounds.length)));
  const valueIn = (round) => {
    const values = groups.map((group) => read((name, quantity) => amountOf(group[name], quantity, round)));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const { min, max } = spread(Array.from({ length: rounds }, (_, round) => valueIn(round)));
  const median = valueIn(undefined);
  return Number.isNaN(median) ? undefined : { median, min, max };
}

function amountOf(result, quantity, round) {
  if (result === undefined) return Number.NaN;
  return round === undefined ? spread(result.rounds.map(quantity)).median : quantity(result.rounds[round]);
}

function groupOf(results, wanted) {
  const found = results.filter((result) => Object.entries(wanted).every(([name, value]) => result[name] === value));
  return Object.fromEntries(found.map((result) => [result.contender, result]));
}

function renderStartUp(startUp) {
  if (startUp === undefined) return [];
  // Milliseconds tell how busy the machine was: what a process loads before us, in the same breath, is the measure.
  const ratio = spread(startUp.rounds.map(({ baseMs, requireMs }) => requireMs / baseMs));
  const loaded = spread(startUp.rounds.map(({ requireMs }) => requireMs));
  const constructed = spread(startUp.rounds.map(({ constructMs }) => constructMs));
  return [
    '',
    `Requiring the package, against requiring \`@opentelemetry/instrumentation\` before it: ${verdict(ratio, START_UP_RATIO, 2)}, at most ${START_UP_RATIO} (${loaded.median.toFixed(1)} ms of CPU); constructing the instrumentation: ${constructed.median.toFixed(1)} ms more.`,
  ];
}

function number(value) {
  return value === undefined ? '–' : value.toFixed(2);
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted[sorted.length - 1] };
}
