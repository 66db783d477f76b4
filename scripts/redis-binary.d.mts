/** Path of a redis-server or valkey-server binary; throws with the commands to run when there is none. */
export declare function ensureRedisBinary(): string;
