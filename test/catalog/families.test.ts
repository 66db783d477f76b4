import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { familyOf, isRevealing, KeyFamilies, OTHER_FAMILY } from '../../src/catalog/families';

/** A word without digits, another for every number. */
function wordOf(index: number): string {
  let word = '';
  for (let rest = index + 1; rest > 0; rest = Math.floor(rest / 26)) word += String.fromCharCode(97 + (rest % 26));
  return `w${word}`;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe('the family of a key, by its looks', () => {
  const cases: readonly [key: string, family: string][] = [
    ['user:123:cart', 'user:{}:cart'],
    ['user.123.cart', 'user.{}.cart'],
    ['user/123/cart', 'user/{}/cart'],
    ['user|123|cart', 'user|{}|cart'],
    ['user-123-cart', 'user-{}-cart'],
    ['user_123_cart', 'user_{}_cart'],
    ['user#123#cart', 'user#{}#cart'],
    ['sess:550e8400-e29b-41d4-a716-446655440000', 'sess:{}'],
    ['sess:Ab3_dE-9xYz-_Q7vLkPmR2tW', 'sess:{}'],
    ['sess:01ARZ3NDEKTSV4RRFFQ69G5FAV', 'sess:{}'],
    ['etag:deadbe1f', 'etag:{}'],
    ['etag:deadbe1', 'etag:deadbe1'],
    ['mail:a@b.c:x', 'mail:{}:x'],
    ['jwt:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N', 'jwt:{}'],
    ['{user1}:a', '{}:a'],
    ['{user1000}.following', '{}.following'],
    ['{123}:a', '{}:a'],
    ['{user:123}:cart', '{user:{}}:cart'],
    ['{user}:123', '{user}:{}'],
    ['bull:{emails}:123', 'bull:{emails}:{}'],
    ['a{b', 'a{b'],
    ['a{}b', 'a{}b'],
    ['day:2024-01-15', 'day:{}'],
    ['ip:10.0.0.1:hits', 'ip:{}:hits'],
    ['page?id=5&lang=en', 'page?id={}&lang=en'],
    ['recommendations', 'recommendations'],
    ['user_profile_settings_v2', 'user_profile_settings_v2'],
    ['', ''],
  ];
  for (const [key, family] of cases) it(`is ${family} for ${key}`, () => assert.equal(familyOf(key), family));

  it('is its own family, so that a family can be looked up again', () => {
    for (const [, family] of cases) assert.equal(familyOf(family), family);
  });

  it('tells which segments reveal', () => {
    for (const segment of ['a@b.c', '550e8400-e29b-41d4-a716-446655440000', 'Ab3_dE-9xYz-_Q7vLkPmR2tW']) assert.ok(isRevealing(segment));
    for (const segment of ['user', '123', 'deadbe1f', 'recommendations', 'user_profile_settings_v2', '']) assert.ok(!isRevealing(segment));
  });
});

describe('families as they are learnt', () => {
  it('keeps what few values a position has', () => {
    const families = new KeyFamilies();
    for (let index = 0; index < 20; index++) assert.equal(families.of(`config:${wordOf(index)}`), `config:${wordOf(index)}`);
    assert.equal(families.of(`config:${wordOf(0)}`), `config:${wordOf(0)}`);
  });

  it('collapses a position with the 21st value, also for keys it remembers', () => {
    const families = new KeyFamilies();
    for (let index = 0; index < 20; index++) families.of(`user:${wordOf(index)}`);
    assert.equal(families.of(`user:${wordOf(20)}`), 'user:{}');
    assert.equal(families.of(`user:${wordOf(0)}`), 'user:{}');
    assert.equal(families.of('user:somebody'), 'user:{}');
    assert.equal(families.of('other:somebody'), 'other:somebody');
  });

  it('collapses a position in the middle, and knows what stands behind it', () => {
    const families = new KeyFamilies();
    for (let index = 0; index < 30; index++) {
      families.of(`user:${wordOf(index)}:cart`);
      families.of(`user:${wordOf(index)}:profile`);
    }
    assert.equal(families.of('user:somebody:cart'), 'user:{}:cart');
    assert.equal(families.of('user:somebody:profile'), 'user:{}:profile');
  });

  it('keeps kinds of things apart, of which there may be more: up to 100', () => {
    const families = new KeyFamilies();
    for (let round = 0; round < 3; round++) {
      for (let kind = 0; kind < 100; kind++) assert.equal(families.of(`app:${wordOf(kind)}:${round}`), `app:${wordOf(kind)}:{}`);
    }
    assert.equal(families.of(`app:${wordOf(100)}:1`), 'app:{}:{}');
    assert.equal(families.of(`app:${wordOf(0)}:1`), 'app:{}:{}');
  });

  it('keeps kinds when single keys beside them are many', () => {
    const families = new KeyFamilies();
    for (let index = 0; index < 50; index++) {
      families.of(`app:user:${index}`);
      families.of(`app:${wordOf(index)}`);
    }
    assert.equal(families.of('app:user:7'), 'app:user:{}');
    assert.equal(families.of('app:anything'), 'app:{}');
    assert.equal(families.of('app:cart:7'), 'app:cart:{}');
  });

  it('knows 200 families, then `_other`', () => {
    const families = new KeyFamilies();
    const seen = new Set<string>();
    for (let first = 0; first < 15; first++) {
      for (let second = 0; second < 15; second++) seen.add(families.of(`${wordOf(first)}:${wordOf(second)}:7`));
    }
    assert.equal(seen.size, 201);
    assert.ok(seen.has(OTHER_FAMILY));
    assert.equal(families.of(`${wordOf(0)}:${wordOf(0)}:8`), `${wordOf(0)}:${wordOf(0)}:{}`, 'what is known stays known');
    assert.equal(families.of('late:7'), OTHER_FAMILY);
  });

  it('takes another limit', () => {
    const families = new KeyFamilies({ maxFamilies: 2 });
    assert.deepEqual(
      ['a:1', 'b:1', 'c:1', 'a:2'].map((key) => families.of(key)),
      ['a:{}', 'b:{}', OTHER_FAMILY, 'a:{}'],
    );
  });

  it('gives the families of a collapsed position back, once over at most', () => {
    const families = new KeyFamilies({ maxFamilies: 30 });
    const seen = new Set<string>();
    for (let group = 0; group < 20; group++) {
      for (let index = 0; index < 30; index++) seen.add(families.of(`group${wordOf(group)}:${wordOf(index)}`));
    }
    assert.ok(seen.has(`group${wordOf(0)}:{}`), 'it took the place of what it replaced');
    assert.ok(seen.size <= 61, `${seen.size} families in all`);
  });

  it('gives the same families for the same keys in the same order', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => {
      const hash = createHash('sha1').update(String(index)).digest();
      return [`user:${wordOf(hash[0] as number)}:${hash[1]}`, `config:${wordOf((hash[2] as number) % 40)}`, `{t${hash[3]}}:x`][
        index % 3
      ] as string;
    });
    const [one, two] = [new KeyFamilies(), new KeyFamilies()];
    assert.deepEqual(
      keys.map((key) => one.of(key)),
      keys.map((key) => two.of(key)),
    );
  });

  it('asks the application first, and never breaks with it', () => {
    const reports: string[] = [];
    const families = new KeyFamilies({
      familyOf: (key) => {
        if (key.startsWith('mine')) return 'MINE';
        if (key.startsWith('bad')) return 5 as unknown as string;
        if (key.startsWith('throw')) throw new Error(key);
        return undefined;
      },
      report: (message) => reports.push(message),
    });
    assert.deepEqual(
      ['mine:1', 'bad:1', 'throw:1', 'throw:2', 'user:1'].map((key) => families.of(key)),
      ['MINE', 'bad:{}', 'throw:{}', 'throw:{}', 'user:{}'],
    );
    assert.deepEqual(reports, ['the `keyFamily` function returned no string: the key keeps its own family']);
  });

  it('holds the application to the same limits', () => {
    const families = new KeyFamilies({ familyOf: (key) => (key.length > 50 ? key : `own-${key}`), maxFamilies: 3 });
    assert.equal(families.of('x'.repeat(200)).length, 129);
    assert.deepEqual(
      ['a', 'b', 'c', 'a'].map((key) => families.of(key)),
      ['own-a', 'own-b', OTHER_FAMILY, 'own-a'],
    );
  });

  it('asks the application once for a key it remembers', () => {
    let asked = 0;
    const families = new KeyFamilies({
      familyOf: () => {
        asked++;
        return 'one family';
      },
    });
    for (let round = 0; round < 10; round++) families.of('user:1');
    assert.equal(asked, 1);
  });

  it('shows nothing of a key that no mask shows, nor learns where another answers for us', () => {
    assert.equal(new KeyFamilies().of('page:\n<p>secret</p>'), '_other');
    const families = new KeyFamilies({ familyOf: (key) => (key === 'a' ? 'mine' : undefined), otherwise: () => 'hidden' });
    assert.deepEqual(
      ['a', 'secret'].map((key) => families.of(key)),
      ['mine', 'hidden'],
    );
  });

  it('takes bytes and numbers, and says `_other` of what is no text', () => {
    const families = new KeyFamilies();
    assert.equal(families.of(Buffer.from('user:7')), 'user:{}');
    assert.equal(families.of(7), '{}');
    assert.equal(families.of(Buffer.from([0xff, 0])), OTHER_FAMILY);
    assert.equal(families.of(undefined), OTHER_FAMILY);
  });

  it('bounds what it makes of long keys and of many segments', () => {
    const families = new KeyFamilies();
    assert.ok(families.of('word:'.repeat(100_000)).length <= 129);
    assert.equal(families.of('a:b:c:d:e:f:g:h:i:j:k:l:m:n:o'), 'a:b:c:d:e:f:g:h:i:j:k:l:{}');
  });

  it('stays as small as it was however many keys it sees', function () {
    this.timeout(60_000);
    const families = new KeyFamilies();
    const learn = (from: number, to: number) => {
      for (let index = from; index < to; index++) {
        families.of(`user:${index}:cart`);
        families.of(`n${wordOf(index)}:${wordOf(index * 7)}-${wordOf(index * 13)}`);
        families.of(`${wordOf(index)}${':|-#/._'[index % 7]}${wordOf(index % 50)}${':|-#/._'[index % 5]}x${'|-'.repeat(index % 9)}y`);
      }
    };
    learn(0, 50_000);
    const before = heapMegabytes();
    learn(50_000, 250_000);
    const grown = heapMegabytes() - before;
    assert.ok(grown < 12, `${grown.toFixed(1)} MB more`);
    assert.equal(families.of('user:1:cart'), 'user:{}:cart');
  });

  it('does not keep alive what a key was cut from', () => {
    const families = new KeyFamilies();
    const before = heapMegabytes();
    for (let index = 0; index < 50; index++) {
      const request = `some:long:enough:key:${index}:${'x'.repeat(4_000_000)}`;
      families.of(request.slice(0, 24));
    }
    assert.ok(heapMegabytes() - before < 50);
  });
});
