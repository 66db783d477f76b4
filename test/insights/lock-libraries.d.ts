declare module 'redlock' {
  interface Lock {
    unlock(): Promise<void>;
  }
  export default class Redlock {
    constructor(clients: readonly object[], options: { retryCount: number; retryDelay: number; retryJitter: number });
    lock(resource: string, ttlMs: number): Promise<Lock>;
  }
}

declare module 'redis-lock' {
  export default function redisLock(client: object, retryDelayMs: number): (name: string, ttlMs: number) => Promise<() => Promise<unknown>>;
}
