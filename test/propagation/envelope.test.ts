import assert from 'node:assert/strict';
import fc from 'fast-check';
import { unwrap, wrap } from '../../src/propagation/envelope';

const CARRIER = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', baggage: 'user=ann' };

describe('envelope', () => {
  it('returns text unchanged, whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (payload, fields) => {
        const carrier = { ...fields };
        assert.deepEqual(unwrap(wrap(payload, carrier)), { carrier, payload });
      }),
    );
  });

  it('returns bytes unchanged, and text as the bytes that are sent', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: 'binary' }), (bytes, text) => {
        const payload = Buffer.from(bytes);
        assert.deepEqual(unwrap(wrap(payload, CARRIER)), { carrier: CARRIER, payload });
        const sent = Buffer.from(String(wrap(text, { ...CARRIER, 'x-ü': '€😀' })));
        assert.deepEqual(unwrap(sent)?.payload, Buffer.from(text));
      }),
    );
  });

  it('has the documented form on the wire', () => {
    assert.equal(wrap('hello', { a: 'é' }), 'otel-redis/1 14 {"a":"\\u00e9"}hello');
  });

  it('wraps nothing if the fields are too long for a message', () => {
    assert.equal(wrap('x', { baggage: 'b'.repeat(10_000) }), undefined);
    assert.notEqual(wrap('x', { baggage: 'b'.repeat(9_000) }), undefined);
  });

  const foreign: readonly unknown[] = [
    '',
    'hello',
    '{"traceparent":"00-0-0-01"}',
    'otel-redis/1',
    'otel-redis/1 ',
    'otel-redis/1 2 ',
    'otel-redis/1 2 {',
    'otel-redis/1 2 []x',
    'otel-redis/1 4 nullx',
    'otel-redis/1 7 {"a":1}x',
    'otel-redis/1 99 {}x',
    'otel-redis/1 -2 {}x',
    'otel-redis/1 123456 {}x',
    'otel-redis/2 2 {}x',
    ' otel-redis/1 2 {}x',
    null,
    undefined,
    7,
    ['otel-redis/1 2 {}x'],
  ];
  for (const body of foreign) {
    it(`leaves ${JSON.stringify(body)} alone`, () => {
      assert.equal(unwrap(body), undefined);
      if (typeof body === 'string') assert.equal(unwrap(Buffer.from(body)), undefined);
    });
  }

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20_000), (rest, length) => {
        unwrap(`otel-redis/1 ${length} ${rest}`);
        unwrap(Buffer.from(`otel-redis/1 ${length} ${rest}`));
      }),
    );
  });
});
