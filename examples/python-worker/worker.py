#!/usr/bin/env python3
"""A worker for jobs of the kind `text.wordcount`, over gRPC.

Claims a job at a time, waiting at the server for the next. While it works, a thread of its own says so
to the server (the heartbeat), brings the progress along, and hears when somebody wants the job to end.
Ends at SIGTERM or SIGINT, when the job that it has is finished; a second one ends it at once.

Payload: {"text": "...", "pause_s": 0}. `pause_s` is waited after each line, to make a long job of a
short text. Result: {"words": 3, "lines": 1, "top": [["word", 2], ["other", 1]]}.
"""

import argparse
import collections
import json
import os
import platform
import random
import re
import signal
import socket
import sys
import threading
import time

import grpc

from core import Core

KIND = "text.wordcount"
# How long a job is ours without a heartbeat; three of them fit in.
LEASE_SECONDS = 30
# How long a claim waits at the server. The call's own deadline is longer.
WAIT_SECONDS = 20
WORD = re.compile(r"\w+")


class Canceled(Exception):
    """Somebody wants the job to end."""


class LeaseLost(Exception):
    """The job is no longer ours: what we know of it is of no use."""


class BadPayload(Exception):
    """No attempt would help."""


def count_words(payload, report):
    """The task itself. `report` says how far it is, and raises where it shall stop."""
    text, pause = payload.get("text"), payload.get("pause_s", 0)
    if not isinstance(text, str) or not isinstance(pause, (int, float)):
        raise BadPayload('the payload is {"text": "...", "pause_s": 0}')
    lines = text.splitlines()
    words = collections.Counter()
    for done, line in enumerate(lines):
        report(done, len(lines))
        words.update(word.lower() for word in WORD.findall(line))
        time.sleep(pause)
    report(len(lines), len(lines))
    return {"words": words.total(), "lines": len(lines), "top": words.most_common(10)}


class Lease(threading.Thread):
    """Keeps a claimed job ours, from a thread of its own: the work may block for as long as it likes."""

    def __init__(self, core, worker_id, claimed):
        super().__init__(name="heartbeat", daemon=True)
        self.core = core
        self.holder = {
            "worker_id": worker_id,
            "job_id": claimed.job.id,
            "lease_token": claimed.lease_token,
        }
        self.progress = None
        self.canceled = self.lost = False
        self.until = time.monotonic() + LEASE_SECONDS
        self.over = threading.Event()
        # The first progress goes out soon, so that watchers see it; then three times a lease.
        self.pause = 0.5

    def report(self, done, total):
        """How far the job is; goes out with the next heartbeat."""
        self.progress = {"done": done, "total": total}
        if self.canceled:
            raise Canceled
        if self.lost or time.monotonic() > self.until:
            raise LeaseLost

    def run(self):
        while not self.over.wait(self.pause):
            self.pause = min(self.pause * 2, LEASE_SECONDS / 3)
            self.beat()

    def beat(self):
        beat = {**self.holder, "extend_seconds": LEASE_SECONDS}
        if self.progress:
            beat["progress"] = dict(self.progress)
        asked_at = time.monotonic()
        try:
            heard = self.core.Heartbeat(deadline_s=LEASE_SECONDS / 3, **beat)
        except grpc.RpcError as error:
            # Anything but a lost lease may pass: the next heartbeat tries again.
            self.lost |= error.code() == grpc.StatusCode.FAILED_PRECONDITION
            return
        self.until = asked_at + LEASE_SECONDS
        self.canceled |= heard.canceled


class Worker:
    def __init__(self, core):
        self.core = core
        self.stopping = threading.Event()
        self.claiming = None
        self.worker_id = core.RegisterWorker(
            worker={
                "name": "python-worker",
                "platform": platform.system().lower(),
                "arch": platform.machine(),
                "host": socket.gethostname(),
                "tags": ["example"],
            }
        ).worker_id
        self.introduce()
        log(f"registered as {self.worker_id}")

    def introduce(self):
        """What people see of this worker."""
        sample, began = "the quick brown fox " * 5000, time.monotonic()
        count_words({"text": sample}, lambda done, total: None)
        per_second = round(20_000 / max(time.monotonic() - began, 1e-6))
        benchmark = json.dumps({"words_per_second": per_second})
        self.core.ReportBenchmark(worker_id=self.worker_id, benchmark_json=benchmark)
        metrics = json.dumps({"load": os.getloadavg()[0], "cpus": os.cpu_count()})
        self.core.ReportMetrics(worker_id=self.worker_id, metrics_json=metrics)

    def stop(self, *_):
        """A signal's: no new job. Must not block, and may come at any time."""
        if self.stopping.is_set():
            os._exit(1)
        self.stopping.set()
        if self.claiming:
            self.claiming.cancel()

    def work(self):
        """Claims and runs until it is stopped."""
        pause = 0
        while not self.stopping.wait(pause):
            try:
                claimed = self.claim()
                pause = 0
            except grpc.RpcError as error:
                if self.stopping.is_set():
                    break
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                    raise
                pause = min(pause * 2, 30) or random.uniform(0.5, 1)
                log(f"the server is away, asked again in {pause:.1f} s: {error.details()}")
                continue
            for one in claimed:
                self.run(one)

    def claim(self):
        self.claiming = self.core.ClaimJob.future(
            deadline_s=WAIT_SECONDS + 10,
            worker_id=self.worker_id,
            kinds=[KIND],
            lease_seconds=LEASE_SECONDS,
            wait_s=WAIT_SECONDS,
        )
        if self.stopping.is_set():
            self.claiming.cancel()
        try:
            return self.claiming.result().jobs
        except grpc.FutureCancelledError:
            return []
        finally:
            self.claiming = None

    def run(self, claimed):
        """One job, from claim to end."""
        lease, began = Lease(self.core, self.worker_id, claimed), time.monotonic()
        lease.start()
        say, what = self.core.FailJob, {}
        try:
            result = count_words(json.loads(claimed.job.payload_json), lease.report)
            say, what = self.core.CompleteJob, {"result_json": json.dumps(result)}
        except LeaseLost:
            log(f"{claimed.job.id}: the lease is over; dropped")
            return
        except Canceled:
            what = {"error": "canceled", "retryable": False}
        except (BadPayload, AttributeError) as error:
            what = {"error": f"bad payload: {error}", "retryable": False}
        except Exception as error:  # Another attempt, here or elsewhere, may go better.
            what = {"error": f"{type(error).__name__}: {error}"}
        finally:
            lease.over.set()
        took = round((time.monotonic() - began) * 1000)
        self.bring(lease, say, metrics_json=json.dumps({"duration_ms": took}), **what)

    def bring(self, lease, say, **what):
        """Brings how it ended, again and again while the server is away and the lease lasts."""
        while True:
            try:
                answer = say(**lease.holder, **what)
                log(f"{lease.holder['job_id']}: {answer.status}")
                return
            except grpc.RpcError as error:
                is_away = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
                if not is_away or time.monotonic() > lease.until:
                    # FAILED_PRECONDITION after a break: it was written, or the lease is over.
                    log(f"{lease.holder['job_id']}: not taken: {error.details()}")
                    return
                time.sleep(random.uniform(0.5, 1.5))


def log(text):
    print(f"worker: {text}", file=sys.stderr, flush=True)


def main():
    arguments = argparse.ArgumentParser(description=f"Works on jobs of the kind {KIND}.")
    address = os.environ.get("MCPD_GRPC", "127.0.0.1:9090")
    arguments.add_argument("--address", default=address, help="mcpd's gRPC port [default: $MCPD_GRPC, %(default)s]")
    address = arguments.parse_args().address
    token = os.environ.get("MCPD_TOKEN")
    if not token:
        sys.exit("worker: set MCPD_TOKEN to a token of the role worker: mcpctl create token NAME --role worker")
    core = Core(address, token)
    try:
        worker = Worker(core)
        signal.signal(signal.SIGTERM, worker.stop)
        signal.signal(signal.SIGINT, worker.stop)
        worker.work()
    except grpc.RpcError as error:
        sys.exit(f"worker: {error.code().name}: {error.details()}")
    finally:
        core.close()
    log("stopped")


if __name__ == "__main__":
    main()
