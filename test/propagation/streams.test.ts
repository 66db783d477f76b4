import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { context, trace } from '@opentelemetry/api';
import { partsByStream, shownEntries } from '../../src/catalog';
import { MAX_CARRIER_LENGTH } from '../../src/propagation/carrier';
import { fieldOf } from '../../src/propagation/field';
import { RecentEntries } from '../../src/propagation/recent';
import { StreamPropagator } from '../../src/propagation/streams';
import { tracer } from '../support/tracing';

const FIELD = 'otel-redis/1';
const CLIENT = {
  facts: { serverAddress: 'h', serverPort: 1, peerAddress: undefined, peerPort: undefined, namespace: '0' },
};
const propagator = (): StreamPropagator => new StreamPropagator((name) => String(name).startsWith('orders:'), assert.fail);
const sender = trace.setSpan(context.active(), tracer.startSpan('sender'));

/** What is sent in place of a command, the field and its value aside. */
function injected(args: readonly unknown[]): readonly unknown[] | undefined {
  const transfer = propagator().transferOf(args);
  const sent = transfer?.kind === 'send' ? transfer.inject(sender) : undefined;
  assert.equal(sent?.at(-2), sent && FIELD);
  return sent?.slice(0, -2);
}

describe('streams on the wire', () => {
  const whole: readonly (readonly unknown[])[] = [
    ['XADD', 'orders:1', '*', 'a', '1'],
    ['xadd', Buffer.from('orders:1'), '5-*', 'a', Buffer.from([0])],
    ['XADD', 'orders:1', 'NOMKSTREAM', 'MAXLEN', '~', '10', 'LIMIT', '5', '1-1', 'a', '1', 'b', '2'],
    ['XADD', 'orders:1', 'KEEPREF', 'MINID', '=', '5-0', '*', 'MAXLEN', '*'],
    ['XADD', 'orders:1', 'IDMP', 'shop', 'order-7', '*', 'a', '1'],
    ['XADD', 'orders:1', 7, 'a', 1],
  ];
  for (const args of whole) {
    it(`adds the field to ${inspect(args)}`, () => {
      const before = args.slice();
      assert.deepEqual(injected(args), before);
      assert.deepEqual(args, before, 'the application’s own list');
    });
  }

  const untouched: readonly (readonly [why: string, args: readonly unknown[]])[] = [
    ['it is not on the list', ['XADD', 'plain', '*', 'a', '1']],
    ['a field has no value', ['XADD', 'orders:1', '*', 'a']],
    ['there is no field', ['XADD', 'orders:1', '*']],
    ['there is no id', ['XADD', 'orders:1', 'a', '1']],
    ['an option is not known', ['XADD', 'orders:1', 'SOON', '*', 'a', '1']],
    ['Redis tells by all fields whether it has the entry', ['XADD', 'orders:1', 'idmpauto', 'shop', '*', 'a', '1']],
    ['there is nothing', ['XADD']],
    ['it adds nothing', ['XLEN', 'orders:1']],
  ];
  for (const [why, args] of untouched) it(`adds nothing where ${why}`, () => assert.equal(injected(args), undefined));

  it('adds nothing if the field is too long for an entry', () => {
    assert.equal(fieldOf({ baggage: 'b'.repeat(MAX_CARRIER_LENGTH) }), undefined);
    assert.deepEqual(fieldOf({ a: 'é' }), [FIELD, '{"a":"é"}']);
  });

  it('finds entries in every shape of a reply', () => {
    const list = [['1-1', ['a', '1']]];
    const expected = [
      ['x', list],
      ['y', []],
    ];
    const shapes = [
      [
        ['x', list],
        ['y', []],
      ],
      ['x', list, 'y', []],
      new Map<string, unknown>([
        ['x', list],
        ['y', []],
      ]),
      { x: list, y: [] },
    ];
    for (const shape of shapes) assert.deepEqual(partsByStream(shape), expected);
    for (const nothing of [null, undefined, 'QUEUED', 7, [], {}, [null], [['x']]]) assert.deepEqual(partsByStream(nothing), []);
    assert.deepEqual(shownEntries(['length', 1, 'first-entry', list[0], 'last-entry', null]), [
      [undefined, list],
      [undefined, [null]],
    ]);
  });

  it('accepts invalid replies silently', () => {
    for (const args of [
      ['XREAD', 'STREAMS', 'orders:1', '0'],
      ['XRANGE', 'orders:1', '-', '+'],
      ['XAUTOCLAIM', 'orders:1', 'g', 'c', '0', '0'],
      ['XINFO', 'STREAM', 'orders:1'],
    ]) {
      for (const reply of [
        null,
        'x',
        1,
        [],
        {},
        [null],
        ['1-1'],
        [[]],
        [[null, [null, [], ['1-1'], ['1-1', null], [1, ['a', 'b', FIELD, 7]]]]],
      ]) {
        const transfer = propagator().transferOf(args);
        assert.ok(transfer !== undefined && transfer.kind !== 'send');
        transfer.extract(reply, CLIENT);
        assert.deepEqual([...(transfer.receipt?.senders() ?? [])], []);
      }
    }
  });

  it('removes the field once, and only from listed streams', () => {
    const value = '{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}';
    const fields = (): string[] => ['a', '1', FIELD, value, FIELD, value];
    const reply = { 'orders:1': [['1-1', fields()]], 'x:orders:1': [['1-1', fields()]] };
    const transfer = propagator().transferOf(['XREAD', 'STREAMS', 'orders:1', 'x:orders:1', '0', '0']);
    assert.ok(transfer?.kind === 'receive');
    transfer.extract(reply, CLIENT);
    transfer.extract(reply, CLIENT);
    assert.deepEqual(reply, { 'orders:1': [['1-1', fields().slice(0, 4)]], 'x:orders:1': [['1-1', fields()]] });
    assert.deepEqual(transfer.receipt?.counts, new Map([['orders:1', 1]]));
    assert.equal([...(transfer.receipt?.senders() ?? [])].length, 1);
  });
});

describe('recent entries', () => {
  it('are found by id, and by stream if two streams have the same id', () => {
    const recent = new RecentEntries<string>();
    recent.add('1-1', 'a', 'of a', 0, 0);
    assert.deepEqual(recent.find('1-1', undefined, 0)?.value, 'of a');
    recent.add('1-1', 'b', 'of b', 0, 0);
    assert.equal(recent.find('1-1', undefined, 0), undefined);
    assert.deepEqual([recent.find('1-1', 'a', 0)?.value, recent.find('1-1', 'b', 0)?.value], ['of a', 'of b']);
    recent.add('1-1', 'a', 'again', 0, 0);
    assert.equal(recent.find('1-1', 'a', 0)?.value, 'again');
    assert.equal(recent.find('1-1', 'c', 0), undefined);
    assert.equal(recent.find('2-1', undefined, 0), undefined);
  });

  it('are forgotten after ten minutes', () => {
    const recent = new RecentEntries<string>();
    recent.add('1-1', 'a', 'x', 0, 0);
    assert.equal(recent.find('1-1', 'a', 599_999)?.value, 'x');
    assert.equal(recent.find('1-1', 'a', 600_000), undefined);
    recent.add('2-1', 'a', 'y', 0, 600_000);
    assert.equal(recent.size, 1);
  });

  it('are limited to the newest 5,000 ids of 8 streams', () => {
    const recent = new RecentEntries<number>();
    for (let index = 0; index < 6_000; index++) recent.add(`${index}-0`, 'a', index, 0, 0);
    assert.equal(recent.size, 5_000);
    assert.deepEqual([recent.find('999-0', 'a', 0), recent.find('1000-0', 'a', 0)?.value], [undefined, 1_000]);
    for (let index = 0; index < 10; index++) recent.add('1-1', `s${index}`, index, 0, 0);
    assert.deepEqual([recent.find('1-1', 's1', 0), recent.find('1-1', 's2', 0)?.value], [undefined, 2]);
  });

  it('are limited to four million characters, the newest first', () => {
    const recent = new RecentEntries<number>();
    for (let index = 0; index < 1_000; index++) recent.add(`${index}-0`, 'a', index, 10_000, 0);
    assert.equal(recent.size, 400);
    assert.deepEqual([recent.find('599-0', 'a', 0), recent.find('600-0', 'a', 0)?.value], [undefined, 600]);
    // What takes the place of another, or is old, counts no more.
    for (let index = 0; index < 1_000; index++) recent.add('999-0', 'a', index, 10_000, 0);
    assert.equal(recent.size, 400);
    recent.add('1-1', 'a', 1, 10_000, 600_000);
    assert.equal(recent.size, 1);
    for (let index = 0; index < 5_000; index++) recent.add(`${index}-0`, 'a', index, 700, 600_000);
    assert.equal(recent.size, 5_000);
  });
});
