// The unmodified OpenAI SDK for Node against the gateway: only its base URL and its key are changed.
// Takes --base-url URL --key KEY --model NAME [--mock-admin URL] [--limited-key KEY] [--direct].

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values: args } = parseArgs({
  options: {
    "base-url": { type: "string" },
    key: { type: "string" },
    model: { type: "string" },
    "mock-admin": { type: "string" },
    "limited-key": { type: "string" },
    direct: { type: "boolean", default: false },
  },
});
// The SDK lies in the build folder, not beside this file.
const modules = process.env.SDK_NODE_DIR ?? process.cwd();
const found = createRequire(join(modules, "package.json")).resolve("openai");
const { default: OpenAI } = await import(pathToFileURL(found).href);

const sdk = (more = {}) =>
  new OpenAI({ baseURL: args["base-url"], apiKey: args.key, maxRetries: 0, timeout: 30_000, ...more });
const client = sdk();
const model = args.model;

// A prompt that tells the mock how to behave; its streams have usage where it is asked for, as OpenAI's do.
const cue = (behaviour) => `Say a few words. [[mock ${JSON.stringify({ usage: "asked_with_nulls", ...behaviour })}]]`;
const user = (behaviour) => [{ role: "user", content: cue(behaviour) }];
const tokens = (count) => Array.from({ length: count }, (_, n) => `t${n} `).join("");
const create = (messages, more = {}) => client.chat.completions.create({ model, messages, ...more });
const weather = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

// A success between two failures: a breaker counts failures in a row.
async function works() {
  const answer = await create(user({ tokens: 3 }));
  assert.equal(answer.choices[0].message.content, tokens(3));
}

async function textOf(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  return text;
}

async function rejects(kind, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.constructor.name, kind.name, `wanted ${kind.name}, got ${error}`);
    assert.ok(error instanceof kind);
    return error;
  }
  throw new Error(`wanted ${kind.name}, got an answer`);
}

async function counters() {
  if (!args["mock-admin"]) throw new Skip("there is no --mock-admin");
  const answer = await fetch(`${args["mock-admin"]}/mock/stats`);
  return answer.json();
}

async function abortedWithin(before, seconds) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const now = await counters();
    if (now.aborted > before.aborted) return;
    assert.ok(performance.now() < end, `the provider saw nobody go within ${seconds} s: ${JSON.stringify(now)}`);
    await sleep(20);
  }
}

class Skip extends Error {}

const checks = [];
const check = (about, run) => checks.push({ about, run });
// What the mock by itself has nothing to show for.
const checkGateway = (about, run) => checks.push({ about, run, gatewayOnly: true });

check("models are listed and retrieved", async () => {
  const wanted = args.direct ? "mock" : model;
  const ids = [];
  for await (const one of client.models.list()) ids.push(one.id);
  assert.ok(ids.includes(wanted), `${wanted} is not among ${ids}`);
  assert.equal((await client.models.retrieve(wanted)).id, wanted);
  await rejects(OpenAI.NotFoundError, () => client.models.retrieve("no-such-model"));
});

check("a chat completion", async () => {
  const answer = await create(user({ tokens: 5 }), { temperature: 0.5 });
  assert.equal(answer.choices[0].message.content, tokens(5));
  assert.deepEqual(answer.usage, { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 });
});

check("unknown parameters reach the provider", async () => {
  const answer = await create(user({ echo: "body" }), { x_vendor: { a: [1, null] }, seed: 7 });
  const body = JSON.parse(answer.choices[0].message.content);
  assert.deepEqual([body.x_vendor, body.seed], [{ a: [1, null] }, 7]);
});

check("a stream without usage", async () => {
  let text = "";
  for await (const chunk of await create(user({ tokens: 20 }), { stream: true })) {
    assert.ok(!("usage" in chunk), `usage that nobody asked for: ${JSON.stringify(chunk)}`);
    assert.equal(chunk.choices.length, 1);
    text += chunk.choices[0].delta.content ?? "";
  }
  assert.equal(text, tokens(20));
});

check("a stream with usage", async () => {
  const chunks = [];
  const more = { stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await create(user({ tokens: 20 }), more)) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual([last.choices, last.usage.completion_tokens], [[], 20]);
  for (const chunk of chunks) assert.equal(chunk.usage, null);
});

check("a loop of tools", async () => {
  const messages = user({ tool_calls: [{ name: "weather", arguments: { city: "Zürich" } }] });
  const first = (await create(messages, { tools: [weather] })).choices[0];
  assert.equal(first.finish_reason, "tool_calls");
  const [call] = first.message.tool_calls;
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Zürich" });
  messages.push(first.message, { role: "tool", tool_call_id: call.id, content: "-3 °C" });
  const last = (await create(messages, { tools: [weather] })).choices[0];
  assert.deepEqual([last.finish_reason, last.message.content], ["stop", `results: ${call.id}=-3 °C`]);
});

check("the SDK's own loop of tools", async () => {
  const runner = client.chat.completions.runTools({
    model,
    messages: user({ tool_calls: [{ name: "weather", arguments: { city: "Oslo" } }] }),
    tools: [
      {
        type: "function",
        function: { ...weather.function, parse: JSON.parse, function: ({ city }) => `cold in ${city}` },
      },
    ],
  });
  assert.equal(await runner.finalContent(), "results: call_0=cold in Oslo");
});

check("parallel tool calls, whole and streamed", async () => {
  const cities = ["Oslo", "Lima", "日本"];
  const asked = user({ tool_calls: cities.map((city) => ({ name: "weather", arguments: { city } })) });
  const whole = (await create(asked, { tools: [weather] })).choices[0].message.tool_calls;
  const city = (call) => JSON.parse(call.function.arguments).city;
  assert.deepEqual(whole.map(city), cities);
  const stream = client.chat.completions.stream({ model, messages: asked, tools: [weather] });
  const collected = (await stream.finalChatCompletion()).choices[0].message.tool_calls;
  assert.deepEqual(collected.map(city), cities);
});

check("embeddings", async () => {
  // Unasked, this SDK asks for base64 and takes what comes for it.
  for (const encoding of [{}, { encoding_format: "float" }]) {
    const answer = await client.embeddings.create({ model, input: ["one", "two"], ...encoding });
    assert.deepEqual(answer.data.map((item) => [...item.embedding]), Array(2).fill(Array(8).fill(0.125)));
  }
});

check("completions of old", async () => {
  const answer = await client.completions.create({ model, prompt: cue({ tokens: 4 }) });
  assert.equal(answer.choices[0].text, tokens(4));
  let text = "";
  const stream = await client.completions.create({ model, prompt: cue({ tokens: 4 }), stream: true });
  for await (const chunk of stream) text += chunk.choices[0].text;
  assert.equal(text, tokens(4));
});

checkGateway("AuthenticationError for a wrong key", async () => {
  const error = await rejects(OpenAI.AuthenticationError, () => sdk({ apiKey: "sk-wrong" }).models.list());
  assert.deepEqual([error.status, error.code], [401, "invalid_api_key"]);
});

checkGateway("NotFoundError for a model that nobody serves", async () => {
  const call = () => client.chat.completions.create({ model: "no-such-model", messages: user({}) });
  const error = await rejects(OpenAI.NotFoundError, call);
  assert.deepEqual([error.status, error.code], [404, "model_not_found"]);
  assert.match(error.message, /no-such-model/);
});

check("BadRequestError and RateLimitError of the provider", async () => {
  const error = await rejects(OpenAI.BadRequestError, () => create(user({ status: 400 })));
  assert.match(error.message, /asked to fail/);
  await works();
  const limited = await rejects(OpenAI.RateLimitError, () => create(user({ status: 429 })));
  assert.ok(limited.headers.get("retry-after"));
  await works();
});

checkGateway("RateLimitError of the gateway's own limits", async () => {
  if (!args["limited-key"]) throw new Skip("there is no --limited-key");
  const limited = sdk({ apiKey: args["limited-key"] });
  const error = await rejects(OpenAI.RateLimitError, async () => {
    for (let n = 0; n < 3; n += 1) await limited.chat.completions.create({ model, messages: user({ tokens: 1 }) });
  });
  assert.ok(Number(error.headers.get("retry-after")) >= 1);
});

check("InternalServerError for 500 and 503", async () => {
  for (const status of [500, 503]) {
    for (const stream of [false, true]) {
      const error = await rejects(OpenAI.InternalServerError, () => create(user({ status }), { stream }));
      assert.ok(error.status >= 500);
      await works();
    }
  }
});

check("a stream that breaks is an error, not an end", async () => {
  const stream = await create(user({ tokens: 10, cut_after: 4, interval_ms: 20 }), { stream: true });
  await assert.rejects(() => textOf(stream));
  await works();
});

check("APIConnectionTimeoutError, and the provider is let go", async () => {
  const before = await counters();
  const call = () =>
    sdk({ timeout: 400 }).chat.completions.create({ model, messages: user({ first_token_ms: 20_000 }) });
  await rejects(OpenAI.APIConnectionTimeoutError, call);
  await abortedWithin(before, 1);
  await works();
});

check("a stream that is left reaches the provider within a second", async () => {
  const before = await counters();
  const stream = await create(user({ tokens: 2000, interval_ms: 20 }), { stream: true });
  let seen = 0;
  for await (const _ of stream) {
    seen += 1;
    if (seen === 4) stream.controller.abort();
  }
  await abortedWithin(before, 1);
  await works();
});

checkGateway("headers tell the request and the LLM", async () => {
  const { data, response } = await create(user({ tokens: 1 })).withResponse();
  assert.equal(response.headers.get("x-mcpctl-llm"), model);
  assert.ok(data._request_id);
  assert.equal(data._request_id, response.headers.get("x-request-id"));
});

check("twenty streams at once", async () => {
  const one = async (n) => textOf(await create(user({ tokens: 20 + n, interval_ms: 5 }), { stream: true }));
  const texts = await Promise.all(Array.from({ length: 20 }, (_, n) => one(n)));
  texts.forEach((text, n) => assert.equal(text, tokens(20 + n)));
});

let failed = 0;
for (const { about, run, gatewayOnly } of checks) {
  if (gatewayOnly && args.direct) {
    console.log(`  -  ${about}: left out, there is no gateway`);
    continue;
  }
  try {
    await run();
    console.log(` ok  ${about}`);
  } catch (error) {
    if (error instanceof Skip) {
      console.log(`  -  ${about}: left out, ${error.message}`);
      continue;
    }
    failed += 1;
    console.log(`FAIL ${about}: ${error?.constructor?.name}: ${String(error?.message).replaceAll("\n", " ")}`);
  }
}
console.log(`${checks.length} checks, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
