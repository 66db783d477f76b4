// Knows: the pages that are open, and that each gets the state once a second.
// Must not know: the content of the state.
import type { ServerResponse } from 'node:http';

const INTERVAL_MS = 1_000;
const MAX_WATCHERS = 20;

export class Feed {
  private readonly watchers = new Set<ServerResponse>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly state: () => unknown) {}

  /** Keeps the response open. Returns false if there are too many already. */
  watch(response: ServerResponse): boolean {
    if (this.watchers.size >= MAX_WATCHERS) return false;
    this.watchers.add(response);
    response.once('close', () => this.leave(response));
    this.timer ??= setInterval(() => this.sendAll(), INTERVAL_MS);
    response.write(this.message());
    return true;
  }

  stop(): void {
    for (const watcher of this.watchers) watcher.end();
  }

  private leave(response: ServerResponse): void {
    this.watchers.delete(response);
    if (this.watchers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** A slow page misses some messages: each contains the whole state. */
  private sendAll(): void {
    const message = this.message();
    for (const watcher of this.watchers) if (!watcher.writableNeedDrain) watcher.write(message);
  }

  private message(): string {
    return `data: ${JSON.stringify(this.state())}\n\n`;
  }
}
