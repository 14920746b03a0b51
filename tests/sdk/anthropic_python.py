#!/usr/bin/env python3
"""The unmodified Anthropic SDK for Python against the gateway: only its base URL and its key are changed."""

import asyncio
import json
import sys

import anthropic

from checks import aborted_within, check, counters, cue, holds, options, raises, run, same, tokens, user

args = options(__doc__)


def root():
    """This SDK puts /v1 in front of its paths by itself."""
    return args.base_url.rstrip("/").removesuffix("/v1")


def sdk(**more):
    """A client that asks once: repeats would hide errors."""
    return anthropic.Anthropic(**{"base_url": root(), "api_key": args.key, "max_retries": 0, "timeout": 30, **more})


client = sdk()

WEATHER = {
    "name": "weather",
    "description": "The weather of now",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def create(messages=None, **more):
    asked = {"model": args.model, "max_tokens": 256, "messages": messages or user(tokens=3), **more}
    return client.messages.create(**asked)


def works():
    """A success between two failures: a breaker counts failures in a row."""
    same(create().content[0].text, tokens(3), "text")


@check("a message")
def message():
    answer = create(user(tokens=5), extra_body={"temperature": 0.5})
    same([(block.type, block.text) for block in answer.content], [("text", tokens(5))], "content")
    same((answer.type, answer.role, answer.stop_reason, answer.stop_sequence), ("message", "assistant", "end_turn", None), "the message")
    same((answer.usage.input_tokens, answer.usage.output_tokens), (7, 5), "usage")


@check("the system prompt, as text and as blocks")
def system():
    for prompt in ("Be brief.", [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]):
        seen = json.loads(create(user(echo="messages"), system=prompt).content[0].text)
        same(seen[0]["role"], "system", "the first role")
        holds("Be brief." in json.dumps(seen[0]["content"]), f"the system prompt: {seen[0]}")


@check("parameters are carried over")
def parameters():
    asked = user(echo="body")
    body = json.loads(create(asked, max_tokens=77, stop_sequences=["END"], extra_body={"top_p": 0.5}).content[0].text)
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    same((limit, body["top_p"], body["stop"]), (77, 0.5, ["END"]), "the parameters")


@check("a picture is carried over")
def picture():
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    content = [{"type": "image", "source": source}, {"type": "text", "text": cue(echo="messages")}]
    seen = create([{"role": "user", "content": content}]).content[0].text
    holds("data:image/png;base64,aGk=" in seen, f"the picture: {seen}")


@check("a stream, by the SDK's own helper")
def stream():
    with client.messages.stream(model=args.model, max_tokens=256, messages=user(tokens=30)) as stream:
        text = "".join(stream.text_stream)
        answer = stream.get_final_message()
    same(text, tokens(30), "text")
    same((answer.content[0].text, answer.stop_reason), (tokens(30), "end_turn"), "the message")
    same(answer.usage.output_tokens, 30, "usage")


@check("the events of a stream are in order")
def events():
    kinds = [event.type for event in create(user(tokens=3), stream=True)]
    kinds = [kind for kind in kinds if kind != "ping"]
    wanted = ["message_start", "content_block_start", *["content_block_delta"] * 3, "content_block_stop", "message_delta", "message_stop"]
    same(kinds, wanted, "events")


@check("a loop of tools")
def tool_loop():
    messages = user(tool_calls=[{"name": "weather", "arguments": {"city": "Zürich"}}])
    first = create(messages, tools=[WEATHER], tool_choice={"type": "auto"})
    same(first.stop_reason, "tool_use", "stop reason")
    call = first.content[-1]
    same((call.type, call.name, call.input), ("tool_use", "weather", {"city": "Zürich"}), "the call")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "-3 °C"}]}
    messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    last = create(messages, tools=[WEATHER])
    same((last.stop_reason, last.content[0].text), ("end_turn", f"results: {call.id}=-3 °C"), "the end")


@check("parallel tools, whole and streamed, with text before them")
def parallel_tools():
    cities = ["Oslo", "Lima", "日本"]
    asked = user(text="Let me see.", tool_calls=[{"name": "weather", "arguments": {"city": city}} for city in cities])

    def seen(answer):
        text, *calls = answer.content
        same((text.type, text.text, answer.stop_reason), ("text", "Let me see.", "tool_use"), "the text")
        return [call.input["city"] for call in calls]

    same(seen(create(asked, tools=[WEATHER])), cities, "the calls")
    with client.messages.stream(model=args.model, max_tokens=256, messages=asked, tools=[WEATHER]) as stream:
        same(seen(stream.get_final_message()), cities, "the streamed calls")


@check("both results of parallel tools reach the provider")
def parallel_results():
    calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"city": "x"}} for n in (1, 2)]
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": f"{n}°"} for n in (1, 2)]
    history = [*user(), {"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    same(create(history, tools=[WEATHER]).content[0].text, "results: toolu_1=1°; toolu_2=2°", "the results")


@check("thinking, whole and streamed")
def thinking():
    asked = user(reasoning="Let me think.", text="Done.")

    def seen(answer):
        return [(block.type, getattr(block, "thinking", None) or getattr(block, "text", None)) for block in answer.content]

    wanted = [("thinking", "Let me think."), ("text", "Done.")]
    more = {"max_tokens": 2048, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    same(seen(create(asked, **more)), wanted, "content")
    with client.messages.stream(model=args.model, messages=asked, **more) as stream:
        same(seen(stream.get_final_message()), wanted, "the streamed content")


@check("a cut answer says max_tokens")
def cut():
    same(create(user(text="Half a", finish_reason="length")).stop_reason, "max_tokens", "stop reason")


@check("AuthenticationError for a wrong key")
def wrong_key():
    def call():
        sdk(api_key="sk-wrong").messages.create(model=args.model, max_tokens=1, messages=user())

    error = raises(anthropic.AuthenticationError, call)
    same((error.body["type"], error.body["error"]["type"]), ("error", "authentication_error"), "the body")


@check("NotFoundError for a model that nobody serves")
def unknown_model():
    error = raises(anthropic.NotFoundError, lambda: create(model="no-such-model"))
    same((error.body["type"], error.body["error"]["type"]), ("error", "not_found_error"), "the body")
    holds("no-such-model" in error.body["error"]["message"], f"the message: {error.body}")


@check("BadRequestError, the gateway's and the provider's")
def bad_request():
    error = raises(anthropic.BadRequestError, lambda: create([{"role": "user", "content": 5}]))
    same(error.body["error"]["type"], "invalid_request_error", "the type")
    error = raises(anthropic.BadRequestError, lambda: create(user(status=400)))
    same(error.body["error"]["type"], "invalid_request_error", "the provider's type")
    works()


@check("RateLimitError of the provider")
def rate_limit():
    error = raises(anthropic.RateLimitError, lambda: create(user(status=429)))
    same(error.body["error"]["type"], "rate_limit_error", "the type")
    works()


@check("errors of the server, before a stream too")
def server_errors():
    for status in (500, 503):
        for more in ({}, {"stream": True}):
            try:
                create(user(status=status), **more)
            except anthropic.APIStatusError as error:
                holds(error.status_code >= 500, f"status {error.status_code}")
                holds(isinstance(error, anthropic.InternalServerError) or error.status_code in (503, 529), f"{type(error)}")
                same(error.body["type"], "error", "the body's type")
            else:
                raise AssertionError("an answer")
            works()


@check("a stream that breaks is an error, not an end")
def broken_stream():
    try:
        with client.messages.stream(model=args.model, max_tokens=64, messages=user(tokens=10, cut_after=4, interval_ms=20)) as stream:
            text = "".join(stream.text_stream)
            stop = stream.get_final_message().stop_reason
    except Exception as error:  # noqa: BLE001 - the SDK's or its HTTP library's
        holds("http" in type(error).__module__ or isinstance(error, anthropic.APIError), f"{type(error)}: {error}")
    else:
        raise AssertionError(f"it looked complete: {text} {stop}")
    works()


@check("APITimeoutError, and the provider is let go")
def timeout():
    before = counters(args)

    def call():
        impatient = sdk(timeout=0.4)
        impatient.messages.create(model=args.model, max_tokens=9, messages=user(first_token_ms=20000))

    raises(anthropic.APITimeoutError, call)
    aborted_within(args, before, 1.0)
    works()


@check("a stream that is left reaches the provider within a second")
def abort():
    before = counters(args)
    with client.messages.stream(model=args.model, max_tokens=9, messages=user(tokens=2000, interval_ms=20)) as stream:
        for n, _ in enumerate(stream.text_stream):
            if n == 3:
                break
    aborted_within(args, before, 1.0)
    works()


@check("headers tell the request and the LLM")
def headers():
    raw = client.messages.with_raw_response.create(model=args.model, max_tokens=9, messages=user(tokens=1))
    same(raw.headers["x-mcpctl-llm"], args.model, "x-mcpctl-llm")
    holds(raw.headers["x-request-id"], "no x-request-id")


@check("the asynchronous client, ten streams at once")
def async_client():
    async def streamed(sdk_, count):
        asked = user(tokens=count, interval_ms=5)
        async with sdk_.messages.stream(model=args.model, max_tokens=256, messages=asked) as stream:
            return "".join([text async for text in stream.text_stream])

    async def all_of_them():
        async with anthropic.AsyncAnthropic(base_url=root(), api_key=args.key, max_retries=0, timeout=60) as sdk_:
            return await asyncio.gather(*(streamed(sdk_, 10 + n) for n in range(10)))

    for n, text in enumerate(asyncio.run(all_of_them())):
        same(text, tokens(10 + n), f"stream {n}")


if __name__ == "__main__":
    sys.exit(run(args))
