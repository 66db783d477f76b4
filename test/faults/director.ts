// Knows: how an application in another process asks for a fault, and is told when it is there.
// Must not know: any fault.
import { createServer } from 'node:net';
import { listen } from '../support/proxy';

/** What can be asked for, by name. What it returns the application gets, as JSON. */
export type Faults = Readonly<Record<string, (...args: string[]) => unknown>>;

export interface Director {
  readonly port: number;
  stop(): Promise<void>;
}

/** One request a connection: `["name", …]`, and an end. */
export async function startDirector(faults: Faults): Promise<Director> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('end', async () => socket.end(JSON.stringify(await inflict(faults, JSON.parse(text)))));
  });
  const port = await listen(server);
  return { port, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function inflict(faults: Faults, [name = '', ...args]: string[]): Promise<{ value?: unknown; failure?: string }> {
  const fault = faults[name];
  if (fault === undefined) return { failure: `no such fault: ${name}` };
  try {
    return { value: (await fault(...args)) ?? null };
  } catch (error) {
    return { failure: `${name}: ${error}` };
  }
}
