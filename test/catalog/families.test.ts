import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Family, KeyFamilies, type KeyFamilyOptions, OTHER_FAMILY } from '../../src/catalog/families';
import { familyOf } from '../../src/catalog/templates';

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

/** Families and the counts of their keys, told as metrics are: what was counted since, under the name of now. */
class Counting {
  readonly told = new Map<string, number>();
  readonly families: KeyFamilies<{ count: number }>;
  private readonly all = new Set<Family<{ count: number }>>();

  constructor(options: KeyFamilyOptions<{ count: number }> = {}) {
    this.families = new KeyFamilies({
      ...options,
      merge: (from, into) => {
        this.all.delete(from);
        this.count(into, from.held?.count ?? 0);
      },
    });
  }

  see(...keys: readonly unknown[]): this {
    for (const key of keys) this.count(this.families.of(key), 1);
    return this;
  }

  collect(): Record<string, number> {
    this.families.decide();
    for (const family of this.all) {
      const { held, name } = family;
      if (held === undefined || held.count === 0) continue;
      this.told.set(name, (this.told.get(name) ?? 0) + held.count);
      held.count = 0;
    }
    return Object.fromEntries(this.told);
  }

  private count(family: Family<{ count: number }>, count: number): void {
    family.held ??= { count: 0 };
    family.held.count += count;
    this.all.add(family);
  }
}

/** The same at every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function namesAfter(keys: readonly string[]): string[] {
  return Object.keys(new Counting().see(...keys).collect()).sort();
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

describe('the family of a key, by its own text', () => {
  const cases: readonly [key: string, family: string][] = [
    ['user:123:cart', 'user:{}:cart'],
    ['user.123.cart', 'user.{}.cart'],
    ['user/123/cart', 'user/{}/cart'],
    ['user|123|cart', 'user|{}|cart'],
    ['user-123-cart', 'user-{}-cart'],
    ['user_123_cart', 'user_{}_cart'],
    ['user#123#cart', 'user#{}#cart'],
    ['cart17', 'cart{}'],
    ['dev3/metric/9', 'dev{}/metric/{}'],
    ['sess:550e8400-e29b-41d4-a716-446655440000', 'sess:{}'],
    ['asset:550e8400e29b41d4a716446655440000', 'asset:{}'],
    ['sess:Ab3_dE-9xYz-_Q7vLkPmR2tW', 'sess:{}'],
    ['sess:01ARZ3NDEKTSV4RRFFQ69G5FAV', 'sess:{}'],
    ['evt:0ujsswThIGTUYm2K8FjOOfXtY1K', 'evt:{}'],
    ['session:cjld2cjxh0000qzrmn831i7rn', 'session:{}'],
    ['post:507f1f77bcf86cd799439011:likes', 'post:{}:likes'],
    ['tok:BQ/fvqCEr8vpWo2w', 'tok:{}'],
    ['tok:c2+ElomF/EeuT/DV', 'tok:{}'],
    ['video:J--A47yiwBM', 'video:{}'],
    ['short:aZ3x9KqL2m:stats', 'short:{}:stats'],
    ['customer:cus_NffrFeUfNV2Hib', 'customer:cus_{}'],
    ['login:s%3AabcdEFGH1234.sig+x/y=', 'login:{}'],
    ['etag:deadbe1f', 'etag:{}'],
    ['mail:a@b.c:x', 'mail:{}:x'],
    ['mail:a%40b.c:x', 'mail:{}:x'],
    ['jwt:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N', 'jwt:{}'],
    ['ip:10.0.0.1:hits', 'ip:{}:hits'],
    ['ip:2001:db8:1f2e:44::9a1:hits', 'ip:{}:hits'],
    ['device:aa:bb:cc:0d:ee:ff:state', 'device:{}:state'],
    ['day:2024-01-15', 'day:{}'],
    ['kpi:2026-W48:signups', 'kpi:{}:signups'],
    ['export:2026/11/28/total', 'export:{}/total'],
    ['slot:2026-11-29T10:15:00Z', 'slot:{}'],
    ['slot:10:15:30:free', 'slot:{}:free'],
    ['bundle:1.4.12:js', 'bundle:{}:js'],
    ['html:%2Fproducts%2Fblue', 'html:{}'],
    ['tile:-180.5:90.25', 'tile:-{}.{}:{}.{}'],
    ['{user1}:a', '{user{}}:a'],
    ['{123}:a', '{{}}:a'],
    ['{user:123}:cart', '{user:{}}:cart'],
    ['bull:{emails}:123', 'bull:{emails}:{}'],
    ['page?id=5&lang=en', 'page?id={}&lang=en'],
    ['page:https://shop.example/products/7?ref=x', 'page:https://shop.example/products/{}?ref=x'],
    [':1:views.cache_page.9ae0ea9e3c9c6e1b9b6252c8395efdc1.en', ':1:views.cache_page.{}.en'],
    ['k8s-prod-i18n-v2', 'k8s-prod-i18n-v2'],
    ['feature:checkout-v2', 'feature:checkout-v2'],
    ['a{b', 'a{b'],
    ['a{}b', 'a{}b'],
    ['recommendations', 'recommendations'],
    ['user_profile_settings_v2', 'user_profile_settings_v2'],
    ['用户:7:资料', '用户:{}:资料'],
    ['', '{}'],
  ];
  for (const [key, family] of cases) it(`is ${family} for ${key}`, () => assert.equal(familyOf(key), family));

  it('is as the documentation says', () => {
    const page = readFileSync('docs/cache.md', 'utf8');
    const [table = ''] = page.slice(page.indexOf('| Key | By its form')).split('\n\n');
    const rows = [...table.matchAll(/^\| `([^`]+)` \| `([^`]+)` \|/gm)];
    assert.equal(rows.length, 10);
    for (const [, key = '', family] of rows) assert.equal(familyOf(key), family);
  });

  it('is its own family, so that a family can be looked up again', () => {
    for (const [, family] of cases) assert.equal(familyOf(family), family);
  });
});

describe('learnt families', () => {
  it('keeps a word that is repeated as a name, and treats others as ids', () => {
    const flags = times(40, (index) => `flag:${['dark', 'beta', 'search'][index % 3]}`);
    const slugs = times(40, (index) => `article:${wordOf(index)}-${wordOf(index * 7)}`);
    assert.deepEqual(namesAfter([...flags, ...slugs]), ['article:{}', 'flag:beta', 'flag:dark', 'flag:search']);
  });

  it('treats words as ids if there are more than twenty, however often they repeat', () => {
    const seen = (count: number) => namesAfter(times(20 * count, (index) => `profile:${wordOf(index % count)}`));
    assert.equal(seen(20).length, 20);
    assert.deepEqual(seen(21), ['profile:{}']);
  });

  it('finds ids in the middle of a key, and keeps different parts behind them apart', () => {
    const keys = times(30, (index) => [`shop:${wordOf(index)}:cart`, `shop:${wordOf(index)}:profile`]).flat();
    assert.deepEqual(namesAfter(keys), ['shop:{}:cart', 'shop:{}:profile']);
  });

  it('finds two variable words in a key', () => {
    const keys = times(60, (index) => `team:${wordOf(index % 25)}:member:${wordOf(index * 31)}`);
    assert.deepEqual(namesAfter(keys), ['team:{}:member:{}']);
    assert.deepEqual(namesAfter(times(60, (index) => `repo:${wordOf(index)}/${wordOf(index * 31)}`)), ['repo:{}/{}']);
  });

  it('keeps the first word of keys that differ behind it', () => {
    const unlike = ['user:{}:cart', 'order:{}', 'config:app', 'bull:mail:{}:lock', 'stats:{}:views', 'sess:{}'];
    const keys = times(200, (index) => (unlike[index % unlike.length] as string).replace('{}', String(index)));
    const noise = times(60, (index) => `${wordOf(index)}:${wordOf(index * 3)}:${wordOf(index * 5)}`);
    const glued = times(60, (index) => [`cart${index}`, `cust${index}`, `t${index}`]).flat();
    const names = namesAfter([...keys, ...noise, ...glued]);
    for (const name of [...unlike, 'cart{}', 'cust{}', 't{}']) assert.ok(names.includes(name), `${name} of ${names}`);
  });

  it('keeps as many first words as an application has, each with ids', () => {
    const kinds = times(80, (index) => `${wordOf(index)}:{}`).sort();
    assert.deepEqual(namesAfter(times(800, (index) => `${wordOf(index % 80)}:${index}`)), kinds);
  });

  it('treats the first word as an id if many keys are alike behind it', () => {
    assert.deepEqual(namesAfter(times(40, (index) => `${wordOf(index)}:invoices:${index}`)), ['{}:invoices:{}']);
    assert.deepEqual(namesAfter(times(40, (index) => `${wordOf(index)}:inbox`)), ['{}:inbox']);
  });

  it('keeps a word beside ids if it comes often', () => {
    const keys = times(100, (index) => (index % 10 === 0 ? 'user:me' : `user:${index}`));
    assert.deepEqual(namesAfter([...keys, 'user:alice']), ['user:me', 'user:{}']);
  });

  it('keeps digits in a word only if they never change', () => {
    const keys = times(20, (index) => [`limit6:${index}`, `shard${index % 4}:keys`, `${'s3'}:object:${index}`]).flat();
    assert.deepEqual(namesAfter(keys), ['limit6:{}', 's3:object:{}', 'shard{}:keys']);
  });

  it('tells kinds apart within a word', () => {
    const keys = times(60, (index) => [`cache:user_${wordOf(index)}`, `cache:page_${wordOf(index * 3)}`]).flat();
    assert.deepEqual(namesAfter(keys), ['cache:page_{}', 'cache:user_{}']);
  });

  it('counts a write as use of a key only if the family is never read: a write usually follows a miss', () => {
    const families = new KeyFamilies();
    for (let index = 0; index < 10; index++) {
      families.of(`article:${wordOf(index)}`);
      families.of(`article:${wordOf(index)}`, true);
      for (let write = 0; write < 2; write++) families.of(`totals:${index % 3 === 0 ? 'day' : 'week'}`, true);
    }
    families.decide();
    assert.deepEqual(
      ['article:fresh', `article:${wordOf(1)}`, 'totals:day'].map((key) => families.of(key).name),
      ['article:{}', 'article:{}', 'totals:day'],
    );
  });

  it('counts each key once, and never decreases a count, while names change', () => {
    const counting = new Counting();
    const random = randomFrom(7);
    let before: Record<string, number> = {};
    let seen = 0;
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 200; index++) {
        counting.see(
          random(2) === 0 ? `page:${wordOf(random(10 ** Math.min(6, 1 + round)))}` : `user:${random(1e6)}:${wordOf(random(30))}`,
        );
        seen++;
      }
      const now = counting.collect();
      assert.equal(
        Object.values(now).reduce((sum, count) => sum + count, 0),
        seen,
      );
      for (const [name, count] of Object.entries(before)) assert.ok((now[name] ?? 0) >= count, name);
      before = now;
    }
  });

  it('names the same families whatever the order of keys', () => {
    const random = randomFrom(3);
    const keys = times(5_000, () => {
      const [id, name] = [random(1e6), wordOf(random(5_000))];
      return [`user:${id}:cart`, `article:${name}`, `config:${wordOf(random(6))}`, `t${id % 300}:orders:${id}`, `tenant:${name}:users`][
        random(5)
      ] as string;
    });
    const told = times(10, (seed) => {
      const shuffle = randomFrom(seed);
      const order = keys.map((key) => [shuffle(1e9), key] as const).sort((a, b) => a[0] - b[0]);
      const counting = new Counting().see(...order.slice(0, 4_000).map(([, key]) => key));
      return counting.see(...order.slice(4_000).map(([, key]) => key)).collect();
    });
    for (const other of told.slice(1)) assert.deepEqual(other, told[0]);
  });

  it('names a key at once as far as it is known: the only word so far, but not a second one', () => {
    const families = new KeyFamilies();
    assert.deepEqual(
      ['room:lobby', 'room:kitchen', 'user:7:cart', 'user:8:profile', 'room:lobby'].map((key) => families.of(key).name),
      ['room:lobby', 'room:{}', 'user:{}:cart', 'user:{}:{}', 'room:lobby'],
    );
  });

  it('names 200 families at one time, the most frequent, and then `_other`', () => {
    const counting = new Counting();
    for (let index = 0; index < 225; index++) {
      const isRare = index >= 25 && index < 50;
      for (let time = 0; time < (isRare ? 1 : 3); time++) counting.see(`${wordOf(index % 15)}:${wordOf(100 + index)}_{}:${time}`);
    }
    const told = counting.collect();
    assert.equal(Object.keys(told).length, 201);
    assert.equal(told[OTHER_FAMILY], 25);
  });

  it('takes another limit', () => {
    const families = new KeyFamilies({ maxFamilies: 2 });
    assert.deepEqual(
      ['a:1', 'b:1', 'c:1', 'a:2'].map((key) => families.of(key).name),
      ['a:{}', 'b:{}', OTHER_FAMILY, 'a:{}'],
    );
  });

  it('asks the application first, and survives its errors', () => {
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
      ['mine:1', 'bad:1', 'throw:1', 'throw:2', 'user:1'].map((key) => families.of(key).name),
      ['MINE', 'bad:{}', 'throw:{}', 'throw:{}', 'user:{}'],
    );
    assert.deepEqual(reports, ['the `keyFamilies` function returned no string: the key keeps its own family']);
  });

  it('limits the families of the application as well', () => {
    const families = new KeyFamilies({ familyOf: (key) => (key.length > 50 ? key : `own-${key}`), maxFamilies: 3 });
    assert.equal(families.of('x'.repeat(200)).name.length, 129);
    assert.deepEqual(
      ['a', 'b', 'c', 'a'].map((key) => families.of(key).name),
      ['own-a', 'own-b', OTHER_FAMILY, 'own-a'],
    );
  });

  it('asks the application once for a remembered key', () => {
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

  it('shows nothing of a key that the mask hides, and learns from the masked text', () => {
    assert.equal(new KeyFamilies().of('page:\n<p>secret</p>').name, '_other');
    const families = new KeyFamilies({
      familyOf: (key) => (key === 'a' ? 'mine' : undefined),
      shownOf: (key) => key.replace('secret', '?'),
    });
    assert.deepEqual(
      ['a', 'secret:7'].map((key) => families.of(key).name),
      ['mine', '?:{}'],
    );
    assert.equal(new KeyFamilies({ shownOf: () => OTHER_FAMILY }).of('user:7').name, OTHER_FAMILY);
  });

  it('accepts bytes and numbers, and names anything else `_other`', () => {
    const families = new KeyFamilies();
    assert.equal(families.of(Buffer.from('user:7')).name, 'user:{}');
    assert.equal(families.of(7).name, '{}');
    assert.equal(families.of(Buffer.from([0xff, 0])).name, OTHER_FAMILY);
    assert.equal(families.of(undefined).name, OTHER_FAMILY);
  });

  it('limits the names of long keys and of many segments', () => {
    const families = new KeyFamilies();
    assert.ok(families.of('word:'.repeat(100_000)).name.length <= 129);
    assert.equal(families.of('a:b:c:d:e:f:g:h:i:j:k:l:m:n:o').name, 'a:b:c:d:e:f:g:h:i:j:k:l:{}');
  });

  it('keeps its size, however many keys it sees', () => {
    const counting = new Counting();
    const names = new Set<string>();
    const learn = (from: number, to: number) => {
      for (let index = from; index < to; index++) {
        counting.see(
          `user:${index}:cart`,
          `n${wordOf(index)}:${wordOf(index * 7)}-${wordOf(index * 13)}`,
          `${wordOf(index)}${':|-#/._'[index % 7]}${wordOf(index % 50)}${':|-#/._'[index % 5]}x${'|-'.repeat(index % 9)}y`,
        );
      }
      for (const name of Object.keys(counting.collect())) names.add(name);
    };
    learn(0, 20_000);
    const before = heapMegabytes();
    learn(20_000, 60_000);
    const grown = heapMegabytes() - before;
    assert.ok(grown < 4, `${grown.toFixed(1)} MB more`);
    assert.ok(names.size <= 401, `${names.size} families ever`);
    assert.equal(counting.families.of('user:1:cart').name, 'user:{}:cart');
  });

  it('does not keep the string alive from which a key was cut', () => {
    const families = new KeyFamilies();
    const before = heapMegabytes();
    for (let index = 0; index < 50; index++) {
      const request = `some:long:enough:key:${index}:${'x'.repeat(4_000_000)}`;
      families.of(request.slice(0, 24));
    }
    assert.ok(heapMegabytes() - before < 50);
  });
});
