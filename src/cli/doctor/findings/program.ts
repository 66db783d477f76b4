// Knows: programs in which there was nothing to record.
// Must not know: OpenTelemetry.
import { longer } from '../advice';
import { commandsBy, type Evidence, redisIn, spansOf } from '../evidence';
import { note, problem, type Row } from '../finding';
import { packageOf } from '../loaded';
import { wrongPreload } from './preloads';

const SUBSCRIPTIONS = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);

export const PROGRAM: readonly Row[] = [
  {
    id: 'preload-not-found',
    look: (evidence) => {
      if (!endedEarly(evidence)) return undefined;
      const wrong = wrongPreload(evidence);
      if (wrong === undefined) return undefined;
      return problem(`${wrong.name}, which Node.js should preload, was not found.`, wrong.remedy);
    },
  },
  {
    id: 'ended-early',
    look: (evidence) => {
      const { ending } = evidence;
      if (ending === undefined || !endedEarly(evidence) || wrongPreload(evidence) !== undefined) return undefined;
      const how = ending.code === null ? `by ${ending.signal}` : `with exit code ${ending.code}`;
      return problem(`The program ended ${how} before it sent a Redis command.`, { advice: 'see its output above' });
    },
  },
  {
    id: 'starting',
    look: (evidence) => {
      if (!isStarting(evidence)) return undefined;
      return problem(`The program was still starting after ${evidence.waitedSeconds} seconds.`, {
        change: longer(evidence),
      });
    },
  },
  {
    id: 'other-client',
    look: (evidence) => {
      const [other] = commandsBy('other', evidence);
      if (other === undefined || commandsBy('redis', evidence).length + commandsBy('bundle', evidence).length > 0)
        return undefined;
      const name = packageOf(other.sender)?.name ?? 'another client';
      return problem(`Redis commands are sent by ${name}, which this package does not support.`);
    },
  },
  {
    id: 'no-redis',
    look: (evidence) => {
      if (evidence.commands.length > 0 || redisIn(evidence).length > 0 || isFailure(evidence) || isStarting(evidence))
        return undefined;
      if (evidence.ending !== undefined)
        return problem('No Redis client was loaded before the program ended.', { advice: USE });
      const text =
        `No Redis client was loaded in ${evidence.waitedSeconds} seconds: the program is still starting, or ` +
        'loads one when it is used.';
      return problem(text, { change: longer(evidence) });
    },
  },
  {
    id: 'no-connection',
    look: ({ commands, connectionErrors: [error] }) => {
      if (commands.length > 0 || error === undefined) return undefined;
      return problem(`The client could not connect to Redis: ${error}.`, {
        advice: 'start Redis, or correct the address that the program uses',
      });
    },
  },
  {
    id: 'no-commands',
    look: (evidence) => {
      const { commands, connectionErrors, ending, waitedSeconds } = evidence;
      if (commands.length > 0 || connectionErrors.length > 0 || redisIn(evidence).length === 0) return undefined;
      if (isFailure(evidence) || isStarting(evidence)) return undefined;
      const period = ending === undefined ? `in ${waitedSeconds} seconds` : 'before the program ended';
      const text = `Redis was loaded, but no command was sent ${period}.`;
      return problem(text, ending === undefined ? { change: longer(evidence) } : { advice: USE });
    },
  },
  {
    id: 'only-subscribes',
    look: (evidence) => {
      if (!onlySubscribes(evidence) || evidence.own === undefined) return undefined;
      return note(
        'The program only subscribes. A message has a span when it is delivered, and none was while the doctor ' +
          'watched.',
      );
    },
  },
  {
    id: 'waiting',
    look: (evidence) => {
      const waiting = waitingIn(evidence);
      if (waiting.length === 0) return undefined;
      return note(
        `${waiting.join(', ')}: no reply came while the doctor watched, and a span is recorded at the reply.`,
      );
    },
  },
];

const USE = 'run the program in a way that uses Redis';

/** Whether nothing was recorded because there was nothing to record. */
export function isIdle(evidence: Evidence): boolean {
  return onlySubscribes(evidence) || waitingIn(evidence).length > 0;
}

/** Whether the program ended with an error before it used Redis. */
export function endedEarly(evidence: Evidence): boolean {
  return isFailure(evidence) && evidence.commands.length + evidence.connectionErrors.length === 0;
}

/** Whether the event loop has not turned yet: the program loads files, or runs without a pause. */
export function isStarting({ ending, hasTurned, commands }: Evidence): boolean {
  return ending === undefined && !hasTurned && commands.length === 0;
}

function onlySubscribes(evidence: Evidence): boolean {
  const names = evidence.commands.flatMap((seen) => seen.names);
  return names.length > 0 && names.every((name) => SUBSCRIPTIONS.has(name)) && spansOf(evidence).made === 0;
}

/** Commands without a reply, if no command had one. */
function waitingIn({ own }: Evidence): readonly string[] {
  return own === undefined || own.commands.ended > 0 || own.spans.made > 0 ? [] : own.commands.waiting;
}

function isFailure({ ending }: Evidence): boolean {
  return ending !== undefined && ending.code !== 0;
}
