export interface RedisServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly socketPath: string | undefined;
  readonly folder: string;
  /** Changes with `restart()`. */
  readonly pid: number;
  /** One command on a connection of its own, without any client library. An error reply rejects. */
  request(...command: (string | number)[]): Promise<Reply>;
  /** SIGTERM, SIGKILL after two seconds; removes the folder. */
  stop(): Promise<void>;
  /** SIGKILL, as in a crash; removes the folder. */
  kill(): Promise<void>;
  /** SIGKILL, then the same port again with no data. */
  restart(): Promise<void>;
  /** SIGKILL; the folder and the port stay, for `revive()`. */
  crash(): Promise<void>;
  /** Starts a server that has crashed again, on the same port. */
  revive(): Promise<void>;
  /** SIGSTOP: connections stay, and nothing is answered. */
  pause(): Promise<void>;
  /** SIGCONT */
  resume(): void;
}

export type Reply = string | number | null | Reply[];

export interface StandaloneOptions {
  /** Further arguments of the server, e.g. `['--requirepass', 'secret']`. */
  args?: readonly string[];
  /** Listen on a unix socket too: `socketPath`. */
  unixSocket?: boolean;
}

export interface Place {
  readonly folder: string;
  readonly port: number;
}

export declare function startStandalone(options?: StandaloneOptions): Promise<RedisServer>;
export declare function startServer(argsFor: (place: Place) => string[] | Promise<string[]>): Promise<RedisServer>;
export declare function baseArgs(folder: string, port: number): string[];
