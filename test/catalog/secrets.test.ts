import assert from 'node:assert/strict';
import { KeyFamilies } from '../../src/catalog/families';
import { keyMask } from '../../src/catalog/keys';
import { familyOf } from '../../src/catalog/templates';

/** Each key with what `safe` shows of it. Made up, in the shape of real ones. */
const SECRET: readonly [key: string, shown: string][] = [
  ['aws:AKIAIOSFODNN7EXAMPLE', 'aws:?'],
  ['apikey:sk_live_51H8xYzQ', 'apikey:?'],
  ['key:AIzaSyA-1234567890abcdefghijklmnopqrstu', 'key:?'],
  ['gh:ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'gh:?'],
  ['bot:xoxb-123456789012-abcdef', 'bot:?'],
  ['npm:npm_abcd1234efgh5678ijkl', 'npm:?'],
  ['gl:glpat-x7Kq2Zk9', 'gl:?'],
  ['shop:shpat_1a2b3c4d', 'shop:?'],
  ['llm:sk-proj-a1B2c3D4', 'llm:?'],
  ['/api/users/42?access_token=sekret', '/api/users/42?access_token=?'],
  ['dl:/f/7?X-Amz-Signature=9f86d081884c7d65&X-Amz-Date=20261129', 'dl:/f/7?X-Amz-Signature=?&X-Amz-Date=20261129'],
  ['cfg:password=hunter2', 'cfg:password=?'],
  ['cfg:PASSWORD=hunter2', 'cfg:PASSWORD=?'],
  ['user:john:pw:hunter2', 'user:john:pw:?'],
  ['user:john:pwd:hunter2', 'user:john:pwd:?'],
  ['db:secret:tiger', 'db:secret:?'],
  ['app/password/tiger', 'app/password/?'],
  ['db:client_secret:tiger', 'db:client_secret:?'],
  ['aws:access_key:tiger', 'aws:access_key:?'],
  ['dbPassword:tiger', 'dbPassword:?'],
  ['clientSecret:tiger', 'clientSecret:?'],
  ['clientsecret:tiger', 'clientsecret:?'],
  ['USERPWD:tiger', 'USERPWD:?'],
  ['userPw:tiger', 'userPw:?'],
  ['stripeApiKey:tiger', 'stripeApiKey:?'],
  ['signing_key:tiger', 'signing_key:?'],
  ['password1:tiger', 'password1:?'],
  ['password_2:tiger', 'password_2:?'],
  ['secrets::tiger', 'secrets::?'],
  ['{app:secret}:tiger', '{app:secret}:?'],
  ['db:secret:tiger/paw.claw:age', 'db:secret:?:age'],
  ['cfg:password1=tiger', 'cfg:password1=?'],
  ['secret-hunter2', 'secret-?'],
  ['reset_password_hunter2', 'reset_password_?'],
  ['dbPass.hunter2', 'dbPass.?'],
  ['db_pass:app:hunter2', 'db_pass:app:?'],
  ['passwordReset:1a2b3c:sent', 'passwordReset:?:sent'],
  ['mfa_secret:joe:JBSWY3DPEHPK3PXP', 'mfa_secret:?:?'],
  ['mfa_secret:joe:JBSWYLDPEHPKKPXP', 'mfa_secret:?:?'],
  ['secret:joe:x%2Fhunter2', 'secret:?:?'],
  ['cache:postgres://app:s3cret@db/shop', 'cache:postgres://?@db/shop'],
  ['sess:s%3AabcdEFGH1234.sig', 'sess:?'],
  ['card:4111111111111111', 'card:?'],
  ['card:4111-1111-1111-1111', 'card:?'],
  ['card:378282246310005', 'card:?'],
  ['card:4222222222222', 'card:?'],
  ['sms:+491701234567', 'sms:?'],
  ['sms:%2B491701234567', 'sms:?'],
  ['ssn:078-05-1120', 'ssn:?'],
  ['iban:DE89370400440532013000', 'iban:?'],
  ['iban:NO9386011117947', 'iban:?'],
  ['acl_users@joe@mail.example', 'acl_users@?'],
  [`{"query":"SELECT * FROM users WHERE name='Max'"}`, '?'],
  ['cache:{"id":7}', 'cache:?'],
  ['q:select name from users', 'q:?'],
  ['search:Max Mustermann Berlin', 'search:?'],
  ['search:Max%20Mustermann', 'search:?'],
];

const READABLE = [
  'acl_users@joe',
  'user:42:profile',
  'app.users.42.name',
  'k8s-prod-web3-s3-cache-v2-i18n',
  'feature:checkout-v2-rollout-2026',
  'bull:email-notifications-high-priority:wait',
  'report:2026-11-29:eu-west-1',
  'token:refresh:42',
  'password-reset:42',
  'password_reset_v2:42',
  'secret-santa:2026:players',
  'secretary:room7',
  'pass:42:gate',
  'passport:AB12:page',
  'pw-strength:stats',
  'window:login:1764432000123',
  'card:4111111111111112',
  'npm_package_cache:7',
  'monkey:7:name',
  'stats:2024-01-15-10-30-00',
  'near:+1.5',
];

describe('keys that hold a secret or a person', () => {
  const safe = keyMask('safe', assert.fail);
  for (const [key, shown] of SECRET) {
    it(`shows ${key} as ${shown}`, () => {
      assert.equal(safe(key), shown);
      const from = shown.lastIndexOf('?');
      const hidden = key.slice(from, key.length - (shown.length - from - 1));
      const parts = hidden.split(/[^A-Za-z0-9]+/).filter((text) => text.length > 2 && !shown.includes(text));
      const learnt = new KeyFamilies();
      for (let time = 0; time < 40; time++) learnt.of(key);
      learnt.decide();
      for (const family of [familyOf(key), learnt.of(key).name]) for (const part of parts) assert.ok(!family.includes(part), family);
    });
  }
  for (const key of READABLE) it(`leaves ${key} as it is`, () => assert.equal(safe(key), key));
});
