"""Checks mcpd's gRPC port from Python, and the example worker against it. Run by tests/grpc.sh."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import grpc

# What no step may take longer than, in seconds.
PATIENCE = 20
KIND = "checks.kind"
called = set()


def check(what, holds, seen=None):
    """One line per check; the first that fails ends the run."""
    print(f"  {'ok ' if holds else 'BAD'} {what}", flush=True)
    if not holds:
        sys.exit(f"checks.py: {what}: {seen!r}")


class Http:
    """The server's HTTP API, as its admin."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def new_token(self, name, role):
        made = self.call("POST", "/api/v1/tokens", {"name": name, "roles": [role]})
        return made["status"]["value"]


class Caller:
    """A client by reflection that remembers which methods were called."""

    def __init__(self, core):
        self.core = core

    def __getattr__(self, name):
        called.add(name)
        return getattr(self.core, name)


def code_of(call):
    """The status code that the call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def every_method(user, worker, nobody, http):
    print("every method, by reflection")
    methods = [method.name for method in nobody.core.service.methods]
    check("a stranger finds ten methods without a token", len(methods) == 10, methods)
    code = code_of(lambda: nobody.GetJob(job_id="x"))
    check("no token: UNAUTHENTICATED", code == "UNAUTHENTICATED", code)
    code = code_of(lambda: user.ClaimJob(worker_id="w", kinds=[KIND], lease_seconds=30))
    check("a user's token for a worker's method: PERMISSION_DENIED", code == "PERMISSION_DENIED", code)
    code = code_of(lambda: user.SubmitJob(kind=KIND, payload_json="{"))
    check("a payload that is not JSON: INVALID_ARGUMENT", code == "INVALID_ARGUMENT", code)

    me = worker.RegisterWorker(worker={"name": "checks", "platform": "linux"}).worker_id
    check("RegisterWorker gives an id", me.startswith("w-"), me)
    none = worker.ClaimJob(worker_id=me, kinds=[KIND], lease_seconds=30)
    check("ClaimJob answers with none where there is none", len(none.jobs) == 0, none)
    one = user.SubmitJob(kind=KIND, payload_json='{"n": 1.0}', priority=5, labels={"a": "b"}, idempotency_key="k")
    again = user.SubmitJob(kind=KIND, payload_json='{"n": 1.0}', priority=5, labels={"a": "b"}, idempotency_key="k")
    check("SubmitJob gives an id, the same for the same key", one.job_id and one == again, (one, again))
    job = user.GetJob(job_id=one.job_id)
    seen = (job.status, job.payload_json, job.priority, dict(job.labels), job.HasField("position"))
    check("GetJob shows the job", seen == ("queued", '{"n": 1.0}', 5, {"a": "b"}, True), seen)

    claimed = worker.ClaimJob(worker_id=me, kinds=[KIND], lease_seconds=30).jobs[0]
    holder = {"worker_id": me, "job_id": claimed.job.id, "lease_token": claimed.lease_token}
    check("ClaimJob gives it, with a lease", claimed.job.id == one.job_id and claimed.lease_token, claimed)
    beat = worker.Heartbeat(**holder, extend_seconds=30, progress={"done": 1, "total": 4, "message": "on it"})
    check("Heartbeat keeps it", beat.ok and not beat.canceled, beat)
    failed = worker.FailJob(**holder, error="no luck", metrics_json='{"ms": 1}')
    check("FailJob queues it again", failed.ok and failed.status == "queued", failed)
    code = code_of(lambda: worker.CompleteJob(**holder, result_json="1"))
    check("a lease that is over: FAILED_PRECONDITION", code == "FAILED_PRECONDITION", code)
    claimed = worker.ClaimJob(worker_id=me, kinds=[KIND], lease_seconds=30, wait_s=15).jobs[0]
    holder["lease_token"] = claimed.lease_token
    http.call("POST", f"/v1/jobs/{one.job_id}/cancel")
    beat = worker.Heartbeat(**holder, extend_seconds=30)
    check("Heartbeat tells of a cancel", beat.canceled, beat)
    done = worker.CompleteJob(**holder, result_json='{"r": 2.0}')
    check("CompleteJob ends it", done.ok and done.status == "done", done)
    job = user.GetJob(job_id=one.job_id, history=True)
    outcomes = [attempt.outcome for attempt in job.history]
    check("GetJob shows result and attempts", (job.result_json, outcomes) == ('{"r": 2.0}', ["failed", "done"]), job)

    events = list(user.StreamJob(job_id=one.job_id))
    names = [event.event for event in events]
    wanted = ["queued", "running", "progress", "queued", "running", "done"]
    check("StreamJob tells all of it", names == wanted, names)
    rest = list(user.StreamJob(job_id=one.job_id, last_event_id=events[2].id))
    check("StreamJob goes on after an event", rest == events[3:], rest)
    code = code_of(lambda: user.GetJob(job_id="x"))
    check("no such job: NOT_FOUND", code == "NOT_FOUND", code)

    many = user.SubmitJob(jobs=[{"kind": KIND, "payload_json": str(n)} for n in range(100)])
    claimed = worker.ClaimJob(worker_id=me, kinds=[KIND], lease_seconds=30, limit=100).jobs
    ids = [one.job.id for one in claimed]
    check("a hundred jobs in one call, claimed in their order", ids == list(many.job_ids), len(ids))
    results = [{"job_id": c.job.id, "lease_token": c.lease_token, "result_json": "1"} for c in claimed]
    results[7]["lease_token"] = "wrong"
    answers = worker.CompleteJob(worker_id=me, jobs=results)
    bad = [n for n, answer in enumerate(answers.jobs) if not answer.ok]
    check("a list of results is answered entry by entry", bad == [7] and not answers.ok, bad)
    failures = [{"job_id": claimed[7].job.id, "lease_token": claimed[7].lease_token, "error": "x", "retryable": False}]
    answers = worker.FailJob(worker_id=me, jobs=failures)
    check("and so is a list of failures", answers.ok and answers.jobs[0].status == "error", answers)

    check("ReportMetrics", worker.ReportMetrics(worker_id=me, metrics_json='{"load": 1}').ok)
    check("ReportBenchmark", worker.ReportBenchmark(worker_id=me, benchmark_json='{"tps": 2}').ok)
    workers = {one["worker_id"]: one for one in http.call("GET", "/v1/workers")["workers"]}
    known = workers[me]
    check("both are seen over HTTP", (known["metrics"], known["benchmark"]) == ({"load": 1}, {"tps": 2}), known)
    check("no method was left out", called == set(methods), set(methods) - called)


def start_worker(folder, address, token):
    command = [sys.executable, os.path.join(folder, "worker.py"), "--address", address]
    return subprocess.Popen(command, env={**os.environ, "MCPD_TOKEN": token})


def stop_worker(worker, what):
    worker.send_signal(signal.SIGTERM)
    try:
        code = worker.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()
        code = "killed"
    check(what, code == 0, code)


def end_of(user, job_id):
    """The last event of the job."""
    *_, last = user.StreamJob(deadline_s=PATIENCE, job_id=job_id)
    return last.event, json.loads(last.data_json)


def example_worker(user, http, folder, address, token):
    print("the example worker")

    def submit(**payload):
        return user.SubmitJob(kind="text.wordcount", payload_json=json.dumps(payload)).job_id

    worker = start_worker(folder, address, token)
    try:
        ids = [submit(text="to be or not to be\n" * n) for n in range(1, 21)]
        ends = [end_of(user, job_id) for job_id in ids]
        counted = [end["result"]["words"] for event, end in ends if event == "done"]
        check("twenty texts are counted", counted == [6 * n for n in range(1, 21)], ends)
        top = ends[0][1]["result"]["top"]
        check("the result is what was said", top[:2] == [["to", 2], ["be", 2]], top)
        bad = submit(words=1)
        event, why = end_of(user, bad)
        attempts = user.GetJob(job_id=bad).attempts
        check("a bad payload fails once, with words", (event, attempts) == ("error", 1) and "payload" in why["error"], why)

        long = submit(text="a word\n" * 1000, pause_s=0.05)
        for event in user.StreamJob(deadline_s=PATIENCE, job_id=long):
            if event.event == "progress":
                break
        progress = json.loads(event.data_json)
        check("a long job tells how far it is", progress["total"] == 1000, progress)
        http.call("POST", f"/v1/jobs/{long}/cancel")
        end_of(user, long)
        status = user.GetJob(job_id=long).status
        check("a long job ends when it is canceled", status == "canceled", status)

        last = submit(text="a word\n" * 20, pause_s=0.1)
        for event in user.StreamJob(deadline_s=PATIENCE, job_id=last):
            if event.event == "running":
                break
        stop_worker(worker, "SIGTERM while it works: it ends well")
        status = user.GetJob(job_id=last).status
        check("and its job was finished first", status == "done", status)
    finally:
        if worker.poll() is None:
            worker.kill()

    worker = start_worker(folder, address, token)
    try:
        check("a new worker takes up the work", end_of(user, submit(text="x"))[0] == "done")
        began = time.monotonic()
        stop_worker(worker, "SIGTERM while it waits: it ends well")
        took = time.monotonic() - began
        check("and at once", took < 5, took)
    finally:
        if worker.poll() is None:
            worker.kill()


def main():
    arguments = argparse.ArgumentParser()
    for name in ("http", "grpc", "admin-token", "worker"):
        arguments.add_argument(f"--{name}", required=True)
    given = arguments.parse_args()
    sys.path.insert(0, given.worker)
    from core import Core

    with open(given.admin_token) as file:
        http = Http(given.http, file.read().strip())
    tokens = {role: http.new_token(f"checks-{role}", role) for role in ("user", "worker")}
    user = Caller(Core(given.grpc, tokens["user"]))
    worker = Caller(Core(given.grpc, tokens["worker"]))
    nobody = Caller(Core(given.grpc, None))
    every_method(user, worker, nobody, http)
    example_worker(user, http, given.worker, given.grpc, tokens["worker"])
    print("all checks passed")


if __name__ == "__main__":
    main()
