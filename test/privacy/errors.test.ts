import assert from 'node:assert/strict';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet } from '../support/tracing';
import { until } from '../support/waiting';
import { type Connection, type Credentials, GENERATIONS, type Line } from './clients';
import { isMarked, leaksIn } from './marks';
import { type Recording, record } from './recording';

/** A user of these alone may hardly do anything. */
const NOBODY: Credentials = { username: 'canaryuser', password: 'CANARYpassword' };

interface Echo {
  readonly title: string;
  readonly line: Line;
  /** Sent by another connection before, and after. */
  readonly given?: readonly (string | number)[][];
  readonly undone?: readonly (string | number)[][];
  /** Sent by the user who may hardly do anything. */
  readonly as?: Credentials;
  /** What is kept of the text. */
  readonly kept: string;
  /** `error.type`, where the description does not begin with it. */
  readonly type?: RegExp;
  /** What Redis answers holds nothing of the call. */
  readonly isConstant?: true;
}

const evaluating = (script: string, ...args: string[]): Line => ['EVAL', script, '1', 'k', ...args];
const SCRIPT_WORD = /^(?:SimpleError|ErrorReply|ReplyError)$/;

/** What Redis says that has words of the call in it. */
const ECHOES: readonly Echo[] = [
  { title: 'an unknown command', line: ['NO.SUCH', 'CANARY1', 'canary2'], kept: 'ERR unknown command' },
  { title: 'a whole line as the name of a command', line: ['SET k canary', 'CANARY'], kept: 'ERR unknown command' },
  { title: 'an unknown sub-command', line: ['CONFIG', 'CANARY'], kept: 'ERR unknown subcommand' },
  { title: 'an unknown sub-command with an argument', line: ['CLIENT', 'canary', 'canary'], kept: 'ERR unknown subcommand' },
  { title: 'an option of a replica', line: ['REPLCONF', 'CANARY', '1'], kept: 'ERR (text hidden)' },
  { title: 'an unknown setting', line: ['CONFIG', 'SET', 'CANARY', 'canary'], kept: 'ERR (text hidden)' },
  {
    title: 'a setting that is refused',
    line: ['CONFIG', 'SET', 'maxmemory-policy', 'CANARY'],
    kept: 'ERR (text hidden)',
    isConstant: true,
  },
  { title: 'a rule of an ACL', line: ['ACL', 'SETUSER', 'canary', '+CANARY'], kept: 'ERR (text hidden)' },
  { title: 'a selector of an ACL', line: ['ACL', 'SETUSER', 'canary', '(+CANARY'], kept: 'ERR (text hidden)' },
  { title: 'a user who does not exist', line: ['ACL', 'DRYRUN', 'CANARY', 'GET', 'canary'], kept: 'ERR (text hidden)' },
  { title: 'a category', line: ['ACL', 'CAT', 'canary'], kept: 'ERR (text hidden)' },
  { title: 'an event', line: ['LATENCY', 'GRAPH', 'canary'], kept: 'ERR (text hidden)' },
  {
    title: 'a wrong password',
    line: ['AUTH', 'canary', 'CANARY'],
    kept: `WRONGPASS invalid username-password pair or user is disabled.`,
    isConstant: true,
  },
  {
    title: 'a wrong password in HELLO',
    line: ['HELLO', '2', 'AUTH', 'canary', 'CANARY', 'SETNAME', 'x'],
    kept: 'WRONGPASS invalid username-password pair or user is disabled.',
    isConstant: true,
  },
  { title: 'a name of a client in HELLO', line: ['HELLO', '2', 'canary'], kept: 'ERR (text hidden)' },
  {
    title: 'a missing group',
    line: ['XREADGROUP', 'GROUP', 'canary', 'c', 'STREAMS', 'k', '>'],
    kept: 'NOGROUP No such key or consumer group',
  },
  {
    title: 'a bad payload',
    line: ['RESTORE', 'fresh', '0', 'CANARY'],
    kept: 'ERR DUMP payload version or checksum are wrong',
    isConstant: true,
  },
  {
    title: 'a wrong type',
    given: [['RPUSH', 'k', 'canary']],
    line: ['INCRBY', 'k', '7391846'],
    kept: 'WRONGTYPE Operation against a key holding the wrong kind of value',
    isConstant: true,
  },
  {
    title: 'an invalid number',
    given: [['SET', 'k', 'canary']],
    line: ['INCRBYFLOAT', 'k', 'CANARY'],
    kept: 'ERR value is not a valid float',
    isConstant: true,
  },
  { title: 'a place on earth', line: ['GEOADD', 'k', '7391846', '7391846', 'canary'], kept: 'ERR (text hidden)' },
  { title: 'an expiry', line: ['SET', 'k', 'canary', 'EX', '0'], kept: "ERR invalid expire time in 'set' command", isConstant: true },
  {
    title: 'no memory',
    given: [['CONFIG', 'SET', 'maxmemory', '1']],
    undone: [['CONFIG', 'SET', 'maxmemory', '0']],
    line: ['SET', 'k', 'canary'],
    kept: "OOM command not allowed when used memory > 'maxmemory'.",
    isConstant: true,
  },
  {
    title: 'a server without cluster mode',
    line: ['CLUSTER', 'FORGET', 'canary'],
    kept: 'ERR This instance has cluster support disabled',
    isConstant: true,
  },
  { title: 'an unknown function', line: ['FCALL', 'f', '0', 'CANARY'], kept: 'ERR Function not found', isConstant: true },
  {
    title: 'a library without a name',
    line: ['FUNCTION', 'LOAD', 'CANARY canary'],
    kept: 'ERR Missing library metadata',
    isConstant: true,
  },
  { title: 'a library of an unknown engine', line: ['FUNCTION', 'LOAD', '#!CANARY name=canary\nx'], kept: 'ERR (text hidden)' },
  {
    title: 'a library that does not compile',
    line: ['FUNCTION', 'LOAD', '#!lua name=canary\nCANARY canary'],
    kept: 'ERR the script does not compile',
  },
  {
    title: 'a library that fails when loaded',
    line: ['FUNCTION', 'LOAD', '#!lua name=canary\ncanary.x()'],
    kept: 'ERR (text hidden)',
  },
  { title: 'a script that does not compile', line: ['EVAL', 'CANARY canary', '0'], kept: 'ERR the script does not compile' },
  {
    title: 'a missing script',
    line: ['EVALSHA', 'CANARY', '0', 'canary'],
    kept: 'NOSCRIPT No matching script. Please use EVAL.',
    isConstant: true,
  },
  { title: 'an error of Lua', line: evaluating('error(ARGV[1])', 'CANARY is it'), kept: 'ERR (text hidden)' },
  { title: 'an error of Lua with a table', line: evaluating('error({ err = ARGV[1] })', 'CANARY is it'), kept: '', type: SCRIPT_WORD },
  { title: 'an unknown name in Lua', line: evaluating('return canary.x'), kept: 'ERR (text hidden)' },
  { title: 'an error that is an argument', line: evaluating('return redis.error_reply(ARGV[1])', 'CANARY'), kept: 'ERR (text hidden)' },
  {
    title: 'an error that begins like an argument',
    line: evaluating('return redis.error_reply(ARGV[1])', 'CANARY canary'),
    kept: '',
    type: SCRIPT_WORD,
  },
  {
    title: 'an error that begins like an argument, and goes on after a tab',
    line: evaluating('return redis.error_reply(ARGV[1])', 'CANARY\tcanary canary'),
    kept: '',
    type: SCRIPT_WORD,
  },
  {
    title: 'an error that is an argument in capitals',
    line: evaluating('return redis.error_reply(string.upper(ARGV[1]))', 'canary x'),
    kept: '',
    type: SCRIPT_WORD,
  },
  {
    title: 'an error that is a stored value',
    given: [['SET', 'k', 'CANARY is it']],
    line: evaluating('return redis.error_reply(redis.call("GET", KEYS[1]))'),
    kept: '',
    type: SCRIPT_WORD,
  },
  {
    title: 'an error that the script spells out',
    line: evaluating('return redis.error_reply("CANARY is it")'),
    kept: '',
    type: SCRIPT_WORD,
  },
  {
    title: 'an error with a prefix of Redis',
    line: evaluating('return redis.error_reply("OOM " .. ARGV[1])', 'canary'),
    kept: 'OOM (text hidden)',
  },
  {
    title: 'a sentence of Redis that goes on',
    line: evaluating('return redis.error_reply("ERR syntax error" .. ARGV[1])', ' canary'),
    kept: 'ERR (text hidden)',
  },
  {
    title: 'a sentence of Redis with another command',
    line: evaluating(`return redis.error_reply("ERR wrong number of arguments for '" .. ARGV[1] .. "' command")`, 'canary'),
    kept: 'ERR wrong number of arguments',
  },
  { title: 'a redirection', line: evaluating('return redis.error_reply("MOVED 1 " .. ARGV[1])', 'canary:1'), kept: 'MOVED (text hidden)' },
  {
    title: 'an unknown command in a script',
    line: evaluating('return redis.call(ARGV[1])', 'CANARY'),
    kept: 'ERR (text hidden)',
    isConstant: true,
  },
  {
    title: 'a wrong type in a script',
    given: [['RPUSH', 'k', 'canary']],
    line: evaluating('return redis.call("INCRBY", KEYS[1], ARGV[1])', '7391846'),
    kept: 'WRONGTYPE Operation against a key holding the wrong kind of value',
    isConstant: true,
  },
  {
    title: 'a command that is not allowed',
    as: NOBODY,
    line: ['SET', 'k', 'CANARY'],
    kept: 'NOPERM no permission to run the command',
    isConstant: true,
  },
  {
    title: 'a key that is not allowed',
    as: NOBODY,
    line: ['GET', 'k'],
    kept: 'NOPERM this user has no permissions to access one of the keys used as arguments',
    isConstant: true,
  },
  {
    title: 'a channel that is not allowed',
    as: NOBODY,
    line: ['PUBLISH', 'c', 'CANARY'],
    kept: 'NOPERM this user has no permissions to access one of the channels used as arguments',
    isConstant: true,
  },
  {
    title: 'a denial in a script',
    as: NOBODY,
    line: ['EVAL', 'return redis.call("SET", "own:k", ARGV[1])', '0', 'CANARY'],
    kept: 'ERR (text hidden)',
    isConstant: true,
  },
];

describe('echoes in errors', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
    const rules = [`>${NOBODY.password}`, '~own:*', '&own:*', '+@connection', '+info', '+multi', '+exec', '+get', '+publish', '+eval'];
    await server.request('ACL', 'SETUSER', NOBODY.username, 'reset', 'on', ...rules);
  });
  after(() => server.stop());

  for (const generation of GENERATIONS) {
    describe(generation.title, () => {
      let own: Connection;
      let nobody: Connection;
      let recording: Recording;
      before(async () => {
        own = await generation.open(server);
        nobody = await generation.open(server, NOBODY);
      });
      after(() => Promise.all([own.close(), nobody.close()]));
      beforeEach(async () => {
        await server.request('FLUSHALL');
        // Errors echo identifiers too: hidden in the text, they would be seen in a description.
        recording = record({ keys: 'hidden', batchCommands: true, semconv: 'dup' });
      });
      afterEach(async () => {
        assertQuiet();
        await recording.end();
      });

      for (const echo of ECHOES) {
        it(`${echo.title}: ${echo.kept || 'nothing'} is kept`, async () => {
          for (const line of echo.given ?? []) await server.request(...line);
          const { single, transaction, pipeline } = echo.as === undefined ? own : nobody;
          const message = await messageOf(single(echo.line));
          await messageOf(transaction([echo.line, ['GET', 'own:k']]));
          await messageOf(pipeline([echo.line, ['GET', 'own:k']]));
          for (const line of echo.undone ?? []) await server.request(...line);
          assert.equal(isMarked(message), echo.isConstant !== true, `Redis said: ${message}`);
          await assertKept(recording, echo);
        });
      }
    });
  }

  for (const generation of GENERATIONS) {
    it(`keeps the message of Redis while a script runs: ${generation.title}`, async () => {
      const connection = await generation.open(server);
      await server.request('CONFIG', 'SET', 'busy-reply-threshold', '1');
      const running = server.request('EVAL', 'while true do end', '0').catch(() => {});
      const recording = record({});
      await until(async () => (await messageOf(connection.single(['SET', 'k', 'CANARY']))).startsWith('BUSY'));
      await server.request('SCRIPT', 'KILL');
      await running;
      const exported = await recording.exported();
      await recording.end();
      await connection.close();
      const busy = exported.spans.find(({ attributes }) => attributes['error.type'] === 'BUSY');
      assert.equal(busy?.status.message, 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.');
      assert.deepEqual(leaksIn(exported), []);
    });
  }

  // The others do not connect without the password.
  for (const generation of GENERATIONS.filter(({ title }) => /RESP 2|4\.7/.test(title))) {
    it(`keeps that a password is required: ${generation.title}`, async () => {
      const locked = await startStandalone({ args: ['--requirepass', 'CANARYpassword'] });
      const connection = await generation.open(locked);
      const recording = record({});
      await messageOf(connection.single(['SET', 'k', 'CANARY']));
      await messageOf(connection.single(['AUTH', 'CANARYwrong']));
      await connection.single(['AUTH', 'CANARYpassword']);
      const exported = await recording.exported();
      await recording.end();
      await connection.close();
      await locked.stop();
      assert.deepEqual(leaksIn(exported), []);
      assert.deepEqual(
        exported.spans.map(({ attributes, status }) => [attributes['db.query.text'], status.message]),
        [
          ['SET k ?', 'NOAUTH Authentication required.'],
          ['AUTH ?', 'WRONGPASS invalid username-password pair or user is disabled.'],
          ['AUTH ?', undefined],
        ],
      );
    });
  }
});

async function assertKept(recording: Recording, { kept, type = /^[A-Z]+$/ }: Echo): Promise<void> {
  const exported = await recording.exported();
  assert.deepEqual(leaksIn(exported), []);
  // A missing script is no failure of a single call, only of a batch.
  const first = exported.spans.find(({ attributes }) => attributes['error.type'] !== undefined);
  assert.match(String(first?.attributes['error.type']), type);
  assert.equal(first?.status.message, kept || first?.attributes['error.type']);
  assert.ok(exported.events.length > 0 && exported.events.every(({ name }) => name === 'db.client.operation.exception'));
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}
