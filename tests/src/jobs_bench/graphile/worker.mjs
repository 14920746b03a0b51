// graphile-worker for the jobs' bench: makes its schema, runs jobs that do nothing, or times how soon they start.
//
// Called with one argument, a JSON object: {do, tools, url, concurrency, batched, window_ms, count, period_ms}. `tools`
// is the folder whose node_modules has it. Its last line on stdout is a JSON object with what was seen; the Rust side
// (mod.rs) reads it.

import { createRequire } from "node:module";

const ask = JSON.parse(process.argv[2]);
const { Logger, makeWorkerUtils, run, runMigrations } = createRequire(`${ask.tools}/`)("graphile-worker");
const quiet = new Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});

const preset = {
  worker: {
    connectionString: ask.url,
    concurrentJobs: ask.concurrency ?? 1,
    maxPoolSize: (ask.concurrency ?? 1) + 2,
    // What its own documentation names for most jobs per second.
    ...(ask.batched && {
      localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    }),
  },
};

const now = () => process.hrtime.bigint();
const seconds = (from, to) => Number(to - from) / 1e9;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (seen) => console.log(JSON.stringify(seen));

/** Runs what lies ready until the window ends or nothing is left. How many that were is the database's to say. */
async function work() {
  let first, cpu, done = 0;
  const noop = () => {
    first ??= now();
    cpu ??= process.cpuUsage();
  };
  const runner = await run({ preset, logger: quiet, noHandleSignals: true, taskList: { noop } });
  runner.events.on("job:complete", () => {
    done += 1;
  });
  const end = now() + BigInt(ask.window_ms) * 1_000_000n;
  while (now() < end && done < ask.count) await pause(5);
  // An event tells that a job was run; that it is finished is written later, at the latest by a stop.
  await runner.stop();
  const used = process.cpuUsage(cpu);
  say({ seconds: seconds(first, now()), cpu_us: used.user + used.system });
}

/** Enqueues one job each period, and notes how long each took from the call to the start. */
async function start() {
  const sent = [], took = [];
  const noop = ({ n }) => {
    took.push(Number(now() - sent[n]));
  };
  const runner = await run({ preset, logger: quiet, noHandleSignals: true, taskList: { noop } });
  const utils = await makeWorkerUtils({ connectionString: ask.url, logger: quiet });
  // The first call connects and looks the task up.
  sent.push(now());
  await utils.addJob("noop", { n: 0 });
  await pause(500);
  took.length = 0;
  const begin = performance.now();
  for (let n = 1; n <= ask.count; n += 1) {
    await pause(Math.max(0, begin + n * ask.period_ms - performance.now()));
    sent[n] = now();
    await utils.addJob("noop", { n });
  }
  for (let look = 0; look < 200 && took.length < ask.count; look += 1) await pause(20);
  await runner.stop();
  await utils.release();
  say({ took_ns: took });
}

async function migrate() {
  await runMigrations({ preset, logger: quiet });
  say({});
}

await { migrate, work, start }[ask.do]();
process.exit(0);
