// Sends mails from a queue, and ends when all are sent. There is no tracing in it, on purpose.
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const connect = () => new Redis(url, { maxRetriesPerRequest: null });
const clients = [connect(), connect(), connect()];
const [queueClient, workerClient, eventsClient] = clients;

const queue = new Queue('mail', { connection: queueClient });
const events = new QueueEvents('mail', { connection: eventsClient });
await events.waitUntilReady();

const jobs = await queue.addBulk([7, 8, 9].map((user) => ({ name: 'welcome', data: { user } })));
const worker = new Worker('mail', async ({ data: { user } }) => `sent to ${user}`, { connection: workerClient });
for (const job of jobs) console.log(await job.waitUntilFinished(events));

await worker.close();
await queue.close();
await events.close();
await Promise.all(clients.map((client) => client.quit()));
