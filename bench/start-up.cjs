// Knows: how long it takes to load our package into a process that has the base of every instrumentation.
// Must not know: redis.
const { createRequire } = require('node:module');

const load = createRequire(`${process.argv[2]}/package.json`);

/** CPU time: on a busy machine the clock tells who else was running. */
function timed(run) {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** Cold or warm in the file cache, it is the same files: those of the base go first. */
const baseMs = timed(() => load('@opentelemetry/instrumentation'));
let ours;
const requireMs = timed(() => {
  ours = load('opentelemetry-instrumentation-redis');
});
const constructMs = timed(() => new ours.RedisInstrumentation());
console.log(JSON.stringify({ baseMs, requireMs, constructMs }));
