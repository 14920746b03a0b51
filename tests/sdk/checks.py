"""What both Python scripts share: the command line, cues for the mock, its counters, and one line per check."""

import argparse
import json
import time
import traceback
import urllib.request

CHECKS = []


def options(about):
    """The command line of a script."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--base-url", required=True, help="the endpoint, ending in /v1")
    parser.add_argument("--key", required=True, help="an access token")
    parser.add_argument("--model", required=True, help="the model to call")
    parser.add_argument("--mock-admin", help="base URL of the mock, to ask it what it saw")
    parser.add_argument("--limited-key", help="an access token that allows one request a minute")
    parser.add_argument("--direct", action="store_true", help="the endpoint is the mock itself, not the gateway")
    return parser.parse_args()


def check(about, gateway_only=False):
    """Makes a function a check. `gateway_only`: the mock by itself has nothing to show there."""

    def register(function):
        CHECKS.append((about, gateway_only, function))
        return function

    return register


def run(args):
    """Runs all checks in order; the exit code."""
    failed = 0
    for about, gateway_only, function in CHECKS:
        if gateway_only and args.direct:
            print(f"  -  {about}: left out, there is no gateway", flush=True)
            continue
        try:
            function()
        except Skip as why:
            print(f"  -  {about}: left out, {why}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next check runs too
            failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL {about}: {type(error).__name__}: {error} ({where.name}, line {where.lineno})", flush=True)
        else:
            print(f" ok  {about}", flush=True)
    print(f"{len(CHECKS)} checks, {failed} failed", flush=True)
    return 1 if failed else 0


class Skip(Exception):
    """A check that can't be done here, and why."""


def same(got, wanted, what=""):
    """Fails unless both are equal."""
    if got != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r}, got {got!r}")


def holds(condition, what):
    """Fails unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def raises(kind, call):
    """The error of exactly this class that `call` raises."""
    try:
        call()
    except kind as error:
        same(type(error).__name__, kind.__name__, "the error's class")
        return error
    except Exception as error:
        raise AssertionError(f"wanted {kind.__name__}, got {type(error).__name__}: {error}") from error
    raise AssertionError(f"wanted {kind.__name__}, got an answer")


def cue(**behaviour):
    """A prompt that tells the mock how to behave; its streams have usage where it is asked for, as OpenAI's do."""
    behaviour = {"usage": "asked_with_nulls", **behaviour}
    return f"Say a few words. [[mock {json.dumps(behaviour)}]]"


def user(**behaviour):
    """The same as a conversation of one message."""
    return [{"role": "user", "content": cue(**behaviour)}]


def tokens(count):
    """The text that the mock says in `count` tokens."""
    return "".join(f"t{n} " for n in range(count))


def counters(args):
    """The mock's counters."""
    if not args.mock_admin:
        raise Skip("there is no --mock-admin")
    with urllib.request.urlopen(f"{args.mock_admin}/mock/stats", timeout=5) as answer:
        return json.load(answer)


def aborted_within(args, before, seconds):
    """Waits until the mock has seen one more client go than in `before`."""
    end = time.monotonic() + seconds
    while (now := counters(args))["aborted"] <= before["aborted"]:
        if time.monotonic() > end:
            raise AssertionError(f"the provider saw nobody go within {seconds} s: {now}")
        time.sleep(0.02)
