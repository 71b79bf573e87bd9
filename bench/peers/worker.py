"""What the Python peers share: the loop that answers race.py, and a job as arrays."""
import os
import sys
import time

import numpy as np


class Skip(Exception):
    """a job that a peer cannot do; says why"""


class Peer:
    """A library: version says what it is, places which of its threads are placed once they exist ("all", "helpers")."""
    places = version = ""


class Job:
    """The keys of a job as attributes, tensors x, kernel and g as arrays, its pads as (top, bottom, left, right)."""

    def __init__(self, keys):
        self.turn = self.layout = ""
        self.convolution = 0  # 1: a dense or grouped one, not a depthwise
        self.dtype = "float32"
        self.__dict__.update({k: int(v) if v.lstrip("-").isdigit() else v for k, v in keys.items()})
        self.first = self.layout == "first"
        for name in ("x", "kernel", "g"):
            if name in keys:
                shape = [int(s) for s in keys[name + "_shape"].split(",")]
                setattr(self, name, np.fromfile(keys[name], self.dtype).reshape(shape))
        if hasattr(self, "top"):
            self.pads = self.top, self.bottom, self.left, self.right

    def backward(self):
        return self.op in ("grad_x", "grad_kernel")

    def oihw(self):
        """the weights as most libraries want them: (output channels, channels of a group, kh, kw)"""
        if self.op == "pointwise":
            return np.ascontiguousarray(self.kernel.T)[:, :, None, None]
        kernel = self.kernel.reshape(self.kh, self.kw, self.c // self.groups, self.o)
        return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))


def to_first(a):
    return np.ascontiguousarray(a.transpose(0, 3, 1, 2))


def to_last(a):
    return np.asarray(a).transpose(0, 2, 3, 1)


def inference_only(job):
    if job.backward():
        raise Skip("no gradients")
    if job.op in ("matmul", "layout", "elementwise", "reduce"):
        raise Skip("not raced")


def place(threads, which):
    """Each thread on a CPU of its own, or the "helpers" alone: left to themselves, two may share one for seconds."""
    cpus = sorted(os.sched_getaffinity(0))
    helpers = sorted(int(t) for t in os.listdir("/proc/self/task") if int(t) != os.getpid())
    if threads > 1 and len(cpus) == threads:
        if which == "all":
            os.sched_setaffinity(os.getpid(), {cpus[0]})
        for i, tid in enumerate(helpers):
            os.sched_setaffinity(tid, {cpus[1 + i % (threads - 1)]})


def best_of(f, seconds):
    """the shortest time of a call among those that fit into so many seconds, after two to warm up"""
    f()
    t = time.perf_counter()
    f()
    calls = max(1, int(2e-5 / (time.perf_counter() - t + 1e-9)))  # the clock itself takes some 100 ns
    best, stop = 1e9, time.perf_counter() + seconds
    while time.perf_counter() < stop:
        t = time.perf_counter()
        for _ in range(calls):
            f()
        best = min(best, (time.perf_counter() - t) / calls)
    return best


def serve(peers):
    """Peers by name: each a class made of (name, threads), whose prepare(job) gives a call without arguments, a
    function from what that returns to an array, and perhaps the pads that it uses instead of the job's."""
    name, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints goes to the log
    everywhere = os.sched_getaffinity(0)
    peer = peers[name](name, threads)
    call = result = None
    for line in sys.stdin:
        word, *rest = line.split()
        try:
            answer = ""
            if word == "setup":
                os.sched_setaffinity(0, everywhere)
                call, result, *pads = peer.prepare(Job(dict(r.split("=", 1) for r in rest)))
                call()
                if peer.places:
                    place(threads, peer.places)
                answer = "pads=%d,%d,%d,%d" % tuple(pads[0]) if pads and pads[0] else ""
            elif word == "version":
                answer = peer.version
            elif word == "check":
                np.ascontiguousarray(result(call())).tofile(rest[0])
            elif word == "time":
                answer = "%.12f" % best_of(call, float(rest[0]))
            answers.write("ok %s\n" % answer)
        except Exception as e:
            text = " ".join(str(e).split())[:200]
            answers.write("skip %s\n" % (text if isinstance(e, Skip) else "%s: %s" % (type(e).__name__, text)))
    os._exit(0)  # some libraries hang at their end
