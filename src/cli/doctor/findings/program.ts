// Knows: programs in which there was nothing to record.
// Must not know: OpenTelemetry.

import { commandsBy, type Evidence, redisIn } from '../evidence';
import { problem, type Row } from '../finding';
import { packageOf } from '../loaded';

export const PROGRAM: readonly Row[] = [
  {
    id: 'ended-early',
    look: ({ ending, commands, connectionErrors }) => {
      if (ending === undefined || ending.code === 0 || commands.length + connectionErrors.length > 0) return undefined;
      const how = ending.code === null ? `by ${ending.signal}` : `with exit code ${ending.code}`;
      return problem(`The program ended ${how} before it sent a Redis command.`, 'what it wrote above says why');
    },
  },
  {
    id: 'other-client',
    look: (evidence) => {
      const [other] = commandsBy('other', evidence);
      if (other === undefined || commandsBy('redis', evidence).length + commandsBy('bundle', evidence).length > 0) return undefined;
      const name = packageOf(other.sender)?.name ?? 'another client';
      return problem(`Redis commands are sent by ${name}. This package records node-redis.`, adviceFor(name));
    },
  },
  {
    id: 'no-redis',
    look: (evidence) => {
      if (evidence.commands.length > 0 || redisIn(evidence).length > 0 || isFailure(evidence)) return undefined;
      return problem(`No Redis client was loaded ${until(evidence)}.`, longer(evidence));
    },
  },
  {
    id: 'no-connection',
    look: ({ commands, connectionErrors: [error] }) => {
      if (commands.length > 0 || error === undefined) return undefined;
      return problem(`The client could not connect to Redis: ${error}.`, 'start Redis, or correct the address that the program uses');
    },
  },
  {
    id: 'no-commands',
    look: (evidence) => {
      const { commands, connectionErrors } = evidence;
      if (commands.length > 0 || connectionErrors.length > 0 || redisIn(evidence).length === 0 || isFailure(evidence)) return undefined;
      return problem(`Redis was loaded, but no command was sent ${until(evidence)}.`, longer(evidence));
    },
  },
];

function isFailure({ ending }: Evidence): boolean {
  return ending !== undefined && ending.code !== 0;
}

function until({ ending, waitedSeconds }: Evidence): string {
  return ending === undefined ? `in ${waitedSeconds} seconds` : 'before the program ended';
}

function longer({ ending }: Evidence): string {
  if (ending !== undefined) return 'run the program in a way that uses Redis';
  return 'use the program while the doctor watches, for longer: doctor --seconds 60 -- …';
}

function adviceFor(name: string): string | undefined {
  return name === 'ioredis' ? 'record it with @opentelemetry/instrumentation-ioredis' : undefined;
}
