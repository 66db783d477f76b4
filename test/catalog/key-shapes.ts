// Knows: keys as real software writes them, made at random but the same at every run, and the family an operator wants.
// Must not know: how families are found.

/** A seeded source of the parts of keys. */
export class Source {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  int(from: number, to: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return from + Math.floor((this.state / 2 ** 32) * (to - from + 1));
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)] as T;
  }

  of(characters: string, length: number): string {
    return Array.from({ length }, () => characters[this.int(0, characters.length - 1)]).join('');
  }

  hex = (length: number): string => this.of('0123456789abcdef', length);
  low36 = (length: number): string => this.of(`${LOWER}${DIGITS}`, length);
  b62 = (length: number): string => this.of(`${LOWER}${UPPER}${DIGITS}`, length);
  b64url = (length: number): string => this.of(`${LOWER}${UPPER}${DIGITS}-_`, length);
  ulid = (): string => `01${this.of('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}`;
  uuid = (): string => `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  ip = (): string => [this.int(1, 223), this.int(0, 255), this.int(0, 255), this.int(1, 254)].join('.');
  date = (): string => `2026-${two(this.int(1, 12))}-${two(this.int(1, 28))}`;
  word = (): string => this.pick(WORDS);
  name = (): string => this.pick(NAMES);
  slug = (): string => `${this.word()}-${this.word()}-${this.word()}`;
  email = (): string => `${this.name()}.${this.word()}@${this.word()}.example`;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const WORDS =
  'amber anchor apple arrow autumn badge bamboo basket beacon berry blossom bottle branch bridge bronze button cactus camera candle canyon castle cedar cherry circle clover cobalt coffee copper coral cotton cradle crystal dagger daisy delta desert diamond dragon eagle ember engine falcon feather fern forest galaxy garden garnet ginger glacier granite hammer harbor hazel honey indigo island jacket jasmine jungle kettle lantern laurel lemon lilac lotus magnet maple marble meadow mirror nutmeg ocean olive onyx orchid otter paddle panda pebble pepper pine planet poplar prism quartz rabbit river rocket ruby saddle salmon satin shadow silver sparrow summer sunset teapot thunder timber tulip turtle valley velvet walnut willow winter zephyr'.split(
    ' ',
  );
const NAMES =
  'alice bob carol dave erin frank grace heidi ivan judy karl laura mallory oscar peggy quentin rupert sybil trent victor wendy'.split(' ');

function two(number: number): string {
  return String(number).padStart(2, '0');
}

const md5 = (r: Source): string => r.hex(32);
const ts = (r: Source): number => 1_760_000_000 + r.int(0, 9_000_000);

export interface Shape {
  readonly name: string;
  readonly make: (r: Source) => string;
  /** The family; of each key where words are kinds. */
  readonly family: string | ((key: string) => string);
  /** One that is as good. */
  readonly other: string | undefined;
}

type Row = readonly [name: string, make: Shape['make'], family: Shape['family'], other?: string];

const ROWS: readonly Row[] = [
  ['sidekiq queue', (r) => `queue:${r.pick(['default', 'mailers', 'critical'])}`, (k) => k],
  ['sidekiq stat', (r) => `stat:processed:${r.date()}`, 'stat:processed:{}'],
  ['celery result', (r) => `celery-task-meta-${r.uuid()}`, 'celery-task-meta-{}'],
  ['kombu', (r) => `_kombu.binding.${r.pick(['celery', 'celeryev', 'reply'])}`, (k) => k],
  ['horizon job', (r) => `laravel_horizon:${r.uuid()}`, 'laravel_horizon:{}'],
  [
    'rails fragment',
    (r) => `views/products/index:${md5(r)}/products/${r.int(1, 9e5)}-202611${two(r.int(1, 28))}120000000000`,
    'views/products/index:{}/products/{}-{}',
  ],
  ['next-auth account', (r) => `user:account:by-user-id:${r.uuid()}`, 'user:account:by-user-id:{}'],
  ['next-auth e-mail', (r) => `user:email:${r.email()}`, 'user:email:{}'],
  ['socket.io room', (r) => `socket.io#/#${r.b64url(20)}#`, 'socket.io#/#{}#'],
  ['kong limit', (r) => `ratelimit:${r.uuid()}:${r.uuid()}:${r.ip()}:${ts(r)}:minute`, 'ratelimit:{}:{}:{}:{}:minute'],
  ['magento', (r) => `zc:k:40d_${md5(r).toUpperCase()}`, 'zc:k:40d_{}', 'zc:k:{}'],
  ['wordpress post', (r) => `wp:post_meta:${r.int(1, 9e5)}`, 'wp:post_meta:{}'],
  ['gitlab session', (r) => `session:gitlab:2::${r.hex(64)}`, 'session:gitlab:{}::{}'],
  ['bullmq repeat', (r) => `bull:reports:repeat:${md5(r)}:${ts(r)}000`, 'bull:reports:repeat:{}:{}'],
  ['bee-queue', (r) => `bq:addition:${r.pick(['jobs', 'waiting', 'active', 'succeeded'])}`, (k) => k],
  ['limiter by ip', (r) => `login_fail_ip_per_day:${r.ip()}`, 'login_fail_ip_per_day:{}'],
  ['nest url', (r) => `/api/products?page=${r.int(1, 90)}&limit=20`, '/api/products?page={}&limit={}'],
  ['medusa product', (r) => `ps:prod_${r.ulid()}`, 'ps:prod_{}'],
  ['mapped address', (r) => `rl:::ffff:${r.ip()}`, 'rl:{}', 'rl:::ffff:{}'],
  ['spring cache', (r) => `users::${r.int(1, 9e5)}`, 'users::{}'],
  ['rack attack', (r) => `rack::attack:${r.int(28e6, 29e6)}:req/ip:${r.ip()}`, 'rack::attack:{}:req/ip:{}'],
  ['telephone', (r) => `otp:+49170${r.int(1e6, 9e6)}`, 'otp:{}'],
  ['currencies', (r) => `rate:${r.pick(['EUR:USD', 'USD:JPY', 'GBP:EUR'])}`, (k) => k],
  ['owner and name', (r) => `repo:${r.name()}${r.word()}/${r.word()}-${r.word()}:stars`, 'repo:{}/{}:stars'],
  ['slug and number', (r) => `blog:${r.slug()}:comment:${r.int(1, 9e5)}`, 'blog:{}:comment:{}'],
  ['sku', (r) => `stock:${r.of('ABCDEFGHKLMNP', 2)}-${r.int(1000, 9999)}-${r.pick(['S', 'M', 'L', 'XL'])}`, 'stock:{}'],
  ['mac', (r) => `device:${[1, 2, 3, 4, 5, 6].map(() => r.hex(2)).join(':')}:state`, 'device:{}:state'],
  ['week', (r) => `kpi:2026-W${two(r.int(1, 52))}:signups`, 'kpi:{}:signups'],
  ['host name', (r) => `dns:${r.word()}.${r.word()}.example`, 'dns:{}', 'dns:{}.{}.example'],
  ['escaped path', (r) => `html:%2Fproducts%2F${r.slug()}`, 'html:{}'],
  ['ksuid', (r) => `evt:${r.b62(27)}`, 'evt:{}'],
  ['stripe event', (r) => `stripe:evt_${r.b62(24)}`, 'stripe:evt_{}'],
  ['snowflakes', (r) => `guild:${r.int(1e8, 9e8)}${r.int(1e8, 9e8)}:member:${r.int(1e8, 9e8)}${r.int(1e8, 9e8)}`, 'guild:{}:member:{}'],
  ['totp', (r) => `totp:${r.of('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`, 'totp:{}'],
  ['version', (r) => `bundle:web:${r.int(1, 30)}.${r.int(0, 40)}.${r.int(0, 9)}`, 'bundle:web:{}'],
  ['locales and pages', (r) => `t:${r.pick(['en', 'de', 'fr'])}:${r.pick(['home', 'cart', 'faq'])}`, (k) => k],
  ['free text', (r) => `search:${r.word()} ${r.word()} ${r.word()}`, 'search:{}'],
  ['cyrillic', (r) => `пользователь:${r.int(1, 9e5)}:имя`, 'пользователь:{}:имя'],
  ['rest with version', (r) => `v3/users/${r.int(1, 9e5)}/posts`, 'v3/users/{}/posts'],
  ['spree', (r) => `spree/variants/${r.int(1, 9e5)}-202611${two(r.int(1, 28))}/stock`, 'spree/variants/{}-{}/stock'],
  ['tag of a queue', (r) => `bull:{mail}:${r.int(1, 9e5)}`, 'bull:{mail}:{}'],
  ['tag with a name', (r) => `{${r.name()}${r.word()}}:inbox`, '{{}}:inbox'],
  ['coordinates', (r) => `near:${r.int(40, 60)}.${r.int(100, 999)},${r.int(1, 20)}.${r.int(100, 999)}`, 'near:{}.{},{}.{}'],
  [
    'django session',
    (r) => `:1:django.contrib.sessions.cached_db${r.low36(32)}`,
    ':1:django.contrib.sessions.cached_db{}',
    ':1:django.contrib.sessions.cached_{}',
  ],
  ['team and member', (r) => `team:${r.word()}:member:${r.word()}${r.name()}`, 'team:{}:member:{}'],
  ['shards', (r) => `queue-shard${r.int(1, 8)}`, 'queue-shard{}'],
  ['jwt', (r) => `jwt:eyJ${r.b64url(30)}.eyJ${r.b64url(60)}.${r.b64url(43)}:claims`, 'jwt:{}:claims'],
  ['mail stats', (r) => `mail.stats.${r.pick(['sent', 'bounced', 'opened'])}`, (k) => k],
  ['one fixed key', () => 'leaderboard', 'leaderboard'],
  ['pod', (r) => `heartbeat:api-${r.hex(10)}-${r.of('bcdfghjklmnpqrstvwxz2456789', 5)}`, 'heartbeat:{}', 'heartbeat:api-{}'],
  ['tenant first', (r) => `${r.word()}${r.word()}:invoices:${r.int(1, 9e5)}`, '{}:invoices:{}'],
  ['dated file', (r) => `export:2026/${two(r.int(1, 12))}/${two(r.int(1, 28))}/${r.hex(8)}.csv`, 'export:{}/{}.csv'],
  ['git branch', (r) => `ci:${r.pick(['feature', 'fix'])}/${r.slug()}:status`, (k) => k.replace(/\/.*:/, '/{}:')],
  ['iso hour', (r) => `hits:${r.date()}T${two(r.int(0, 23))}`, 'hits:{}'],
];

export const SHAPES: readonly Shape[] = ROWS.map(([name, make, family, other]) => ({ name, make, family, other }));
