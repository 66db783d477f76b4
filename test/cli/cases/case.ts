// Knows: what a case of the doctor is, and the programs that many cases share.
// Must not know: any of the cases.
import { NAME, ours, type Program, type Setup } from '../programs';

export interface Case {
  readonly title: string;
  /** The rows of the doctor's table that answer, in order. */
  readonly finds: readonly string[];
  /** What it must say of it. */
  readonly says: RegExp;
  /** What it examines; a function, where that needs the surroundings. */
  readonly program: Program | ((setup: Setup) => Program);
  /** Who collects, if it is not our receiver: one that answers with this status, or one that speaks gRPC or TLS alone. */
  readonly collector?: number | 'grpc' | 'tls';
}

export const REGISTER = ['--require', `${NAME}/register`];
export const HOOK = ['--require', `${NAME}/hook`];

/** Defines `use`, which connects and reads. */
export const USE = `
  const { createClient } = require('redis');
  const use = async (options = { url: process.env.REDIS_URL }) => {
    const client = createClient(options);
    client.on('error', () => {});
    await client.connect();
    await client.get('user:7');
    await client.close();
  };`;

/** Starts an SDK with options, given as source. */
export const startSdk = (options = ''): string => `
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  const sdk = new NodeSDK(${options});
  sdk.start();
  process.once('beforeExit', () => sdk.shutdown());`;

/** A program with our class in its code, with options, given as source. */
export const inCode = (options: string): string => `
  const { RedisInstrumentation } = require('${NAME}');
  const instrumentation = new RedisInstrumentation(${options});
  ${startSdk('{ instrumentations: [instrumentation] }')} ${USE}`;

/** Starts a tracer provider with options, given as source, and no more of an SDK. */
export const startTracing = (options = ''): string => `
  const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require(${JSON.stringify(ours('@opentelemetry/sdk-trace-node'))});
  new NodeTracerProvider(${options}).register();`;
