#!/usr/bin/env python3
"""The unmodified OpenAI SDK for Python against the gateway: only its base URL and its key are changed."""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

from checks import Skip, aborted_within, check, counters, cue, holds, options, raises, run, same, tokens, user

args = options(__doc__)


def sdk(**more):
    """A client that asks once: repeats would hide errors."""
    return openai.OpenAI(**{"base_url": args.base_url, "api_key": args.key, "max_retries": 0, "timeout": 30, **more})


client = sdk()

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def create(messages=None, **more):
    return client.chat.completions.create(model=args.model, messages=messages or user(tokens=3), **more)


def works():
    """A success between two failures: a breaker counts failures in a row."""
    same(create().choices[0].message.content, tokens(3), "content")


@check("models are listed")
def models_are_listed():
    wanted = "mock" if args.direct else args.model
    ids = [model.id for model in client.models.list()]
    holds(wanted in ids, f"{wanted} is not among {ids}")


@check("one model is retrieved, an unknown one is NotFoundError")
def a_model_is_retrieved():
    wanted = "mock" if args.direct else args.model
    same(client.models.retrieve(wanted).id, wanted, "id")
    raises(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))


@check("a chat completion")
def chat():
    answer = create(user(tokens=5), temperature=0.5, max_tokens=64)
    same(answer.choices[0].message.content, tokens(5), "content")
    same(answer.choices[0].finish_reason, "stop", "finish reason")
    same((answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens), (7, 5, 12), "usage")


@check("unknown parameters and parts of messages reach the provider")
def all_parameters_pass():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}}
    content = [picture, {"type": "text", "text": cue(echo="body")}]
    answer = create([{"role": "user", "content": content}], extra_body={"x_vendor": {"a": [1, None]}}, seed=7)
    body = json.loads(answer.choices[0].message.content)
    same(body["x_vendor"], {"a": [1, None]}, "x_vendor")
    same(body["messages"][0]["content"][0], picture, "the picture")
    same(body["seed"], 7, "seed")


@check("a stream without usage")
def stream_without_usage():
    text, reasons = "", []
    for chunk in create(user(tokens=20), stream=True):
        holds("usage" not in chunk.model_fields_set, f"usage that nobody asked for: {chunk}")
        same(len(chunk.choices), 1, "choices")
        text += chunk.choices[0].delta.content or ""
        reasons.append(chunk.choices[0].finish_reason)
    same(text, tokens(20), "text")
    same((set(reasons[:-1]), reasons[-1]), ({None}, "stop"), "finish reasons")


@check("a stream with usage")
def stream_with_usage():
    asked = user(tokens=20)
    chunks = list(create(asked, stream=True, stream_options={"include_usage": True}))
    *others, last = chunks
    same((last.choices, last.usage.completion_tokens), ([], 20), "the last chunk")
    for chunk in others:
        holds("usage" in chunk.model_fields_set and chunk.usage is None, f"no null usage: {chunk}")


@check("a loop of tools")
def tool_loop():
    messages = user(tool_calls=[{"name": "weather", "arguments": {"city": "Zürich"}}])
    first = create(messages, tools=[WEATHER]).choices[0]
    same(first.finish_reason, "tool_calls", "finish reason")
    call = first.message.tool_calls[0]
    same((call.function.name, json.loads(call.function.arguments)), ("weather", {"city": "Zürich"}), "the call")
    messages += [first.message, {"role": "tool", "tool_call_id": call.id, "content": "-3 °C"}]
    last = create(messages, tools=[WEATHER]).choices[0]
    same((last.finish_reason, last.message.content), ("stop", f"results: {call.id}=-3 °C"), "the end")


@check("parallel tool calls, whole and streamed")
def parallel_tools():
    cities = ["Oslo", "Lima", "日本"]
    asked = user(tool_calls=[{"name": "weather", "arguments": {"city": city}} for city in cities])
    whole = create(asked, tools=[WEATHER], parallel_tool_calls=True).choices[0].message.tool_calls
    same([json.loads(call.function.arguments)["city"] for call in whole], cities, "the calls")
    calls = {}
    for chunk in create(asked, tools=[WEATHER], stream=True):
        for piece in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(piece.index, {"id": piece.id, "name": piece.function.name, "arguments": ""})
            call["arguments"] += piece.function.arguments or ""
    same([json.loads(call["arguments"])["city"] for call in calls.values()], cities, "the streamed calls")
    same([call["id"] for call in calls.values()], [call.id for call in whole], "their ids")


@check("the SDK's own collector of streams")
def stream_helper():
    with client.chat.completions.stream(model=args.model, messages=user(text="Grüße aus Zürich. 🦀")) as stream:
        kinds = {event.type for event in stream}
        answer = stream.get_final_completion()
    holds({"chunk", "content.delta", "content.done"} <= kinds, f"events: {kinds}")
    same(answer.choices[0].message.content, "Grüße aus Zürich. 🦀", "content")


class City(BaseModel):
    name: str
    people: int


@check("structured output")
def structured_output():
    asked = user(text='{"name": "Oslo", "people": 724290}')
    answer = client.chat.completions.parse(model=args.model, messages=asked, response_format=City)
    same(answer.choices[0].message.parsed, City(name="Oslo", people=724290), "parsed")


@check("reasoning is kept")
def reasoning():
    asked = user(reasoning="Let me think.", text="Done.")
    message = create(asked).choices[0].message
    same((message.reasoning_content, message.content), ("Let me think.", "Done."), "the message")
    deltas = [chunk.choices[0].delta for chunk in create(asked, stream=True)]
    thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    same(thought, "Let me think.", "the streamed thought")


@check("embeddings")
def embeddings():
    # Unasked, this SDK asks for base64.
    for encoding in ({}, {"encoding_format": "float"}):
        answer = client.embeddings.create(model=args.model, input=["one", "two"], **encoding)
        same([list(item.embedding) for item in answer.data], [[0.125] * 8] * 2, f"the numbers, {encoding}")
        same((answer.data[1].index, answer.usage.total_tokens), (1, 7), "the second")


@check("completions of old")
def completions():
    answer = client.completions.create(model=args.model, prompt=cue(tokens=4))
    same((answer.choices[0].text, answer.usage.completion_tokens), (tokens(4), 4), "the answer")
    stream = client.completions.create(model=args.model, prompt=cue(tokens=4), stream=True)
    same("".join(chunk.choices[0].text for chunk in stream), tokens(4), "the stream")


@check("AuthenticationError for a wrong key", gateway_only=True)
def wrong_key():
    error = raises(openai.AuthenticationError, lambda: sdk(api_key="sk-wrong").models.list())
    same((error.status_code, error.code), (401, "invalid_api_key"), "the error")


@check("NotFoundError for a model that nobody serves", gateway_only=True)
def unknown_model():
    def call():
        client.chat.completions.create(model="no-such-model", messages=user())

    error = raises(openai.NotFoundError, call)
    same((error.status_code, error.code), (404, "model_not_found"), "the error")
    holds(error.type and "no-such-model" in error.message, f"type and message: {error.body}")


@check("BadRequestError for a body without a model", gateway_only=True)
def bad_request():
    error = raises(openai.BadRequestError, lambda: client.post("/chat/completions", body={}, cast_to=object))
    holds(error.body and error.body["message"], f"no message: {error.body}")


@check("BadRequestError as the provider words it")
def bad_request_of_the_provider():
    error = raises(openai.BadRequestError, lambda: create(user(status=400)))
    holds("asked to fail" in error.message, f"the message: {error.message}")
    works()


@check("RateLimitError of the provider, with its Retry-After")
def rate_limit():
    error = raises(openai.RateLimitError, lambda: create(user(status=429)))
    holds(error.response.headers.get("retry-after"), f"no Retry-After: {error.response.headers}")
    works()


@check("RateLimitError of the gateway's own limits", gateway_only=True)
def own_rate_limit():
    if not args.limited_key:
        raise Skip("there is no --limited-key")
    limited = sdk(api_key=args.limited_key)

    def call():
        for _ in range(3):
            limited.chat.completions.create(model=args.model, messages=user(tokens=1))

    error = raises(openai.RateLimitError, call)
    holds(int(error.response.headers["retry-after"]) >= 1, "no Retry-After")
    holds(error.code and error.type, f"no code or type: {error.body}")


@check("InternalServerError for 500 and 503, before and in a stream")
def server_errors():
    for status in (500, 503):
        error = raises(openai.InternalServerError, lambda: create(user(status=status)))
        holds(error.status_code >= 500, f"status {error.status_code}")
        works()
        raises(openai.InternalServerError, lambda: create(user(status=status), stream=True))
        works()


@check("a stream that breaks is an error, not an end")
def broken_stream():
    asked = user(tokens=10, cut_after=4, interval_ms=20)
    text = ""
    try:
        for chunk in create(asked, stream=True):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError:
        holds(text and tokens(4).startswith(text), f"what came before: {text}")
    except Exception as error:  # the SDK lets its HTTP library's error through
        holds("http" in type(error).__module__, f"{type(error)}: {error}")
    else:
        raise AssertionError(f"it looked complete: {text}")
    works()


@check("APITimeoutError, and the provider is let go")
def timeout():
    before = counters(args)
    asked = user(first_token_ms=20000)
    raises(openai.APITimeoutError, lambda: sdk(timeout=0.4).chat.completions.create(model=args.model, messages=asked))
    aborted_within(args, before, 1.0)
    works()


@check("a stream that is left reaches the provider within a second")
def abort():
    before = counters(args)
    stream = create(user(tokens=2000, interval_ms=20), stream=True)
    for n, _ in enumerate(stream):
        if n == 3:
            break
    stream.close()
    aborted_within(args, before, 1.0)
    works()


@check("headers tell the request and the LLM", gateway_only=True)
def headers():
    raw = client.chat.completions.with_raw_response.create(model=args.model, messages=user(tokens=1))
    same(raw.headers["x-mcpctl-llm"], args.model, "x-mcpctl-llm")
    same(raw.headers["x-mcpctl-attempts"], "1", "x-mcpctl-attempts")
    holds(raw.headers["x-request-id"], "no x-request-id")
    same(raw.parse()._request_id, raw.headers["x-request-id"], "_request_id")
    error = raises(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))
    holds(error.request_id, "an error has no request id")


def asynchronous(**more):
    return openai.AsyncOpenAI(base_url=args.base_url, api_key=args.key, max_retries=0, timeout=60, **more)


async def streamed(sdk_, count):
    """The text of one stream, and whether it began before it ended."""
    asked = user(tokens=count, interval_ms=5)
    stream = await sdk_.chat.completions.create(model=args.model, messages=asked, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@check("the asynchronous client")
def async_client():
    async def both():
        async with asynchronous() as sdk_:
            answer = await sdk_.chat.completions.create(model=args.model, messages=user(tokens=2))
            same(answer.choices[0].message.content, tokens(2), "content")
            same(await streamed(sdk_, 6), tokens(6), "stream")
            same([m.id async for m in sdk_.models.list()] != [], True, "models")

    asyncio.run(both())


@check("twenty streams at once")
def twenty_streams():
    async def all_of_them():
        async with asynchronous() as sdk_:
            return await asyncio.gather(*(streamed(sdk_, 20 + n) for n in range(20)))

    for n, text in enumerate(asyncio.run(all_of_them())):
        same(text, tokens(20 + n), f"stream {n}")


if __name__ == "__main__":
    sys.exit(run(args))
