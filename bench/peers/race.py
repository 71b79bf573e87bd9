"""Races dwconv against every peer on the layers of layers.txt; `make bench-peers` calls it.

Every peer lives in a process of its own (process.py); all take turns on the same job in bursts, several rounds, and a
time is the shortest call of all. Before it is timed each result is compared with a float64 reference. The limits of the
machine are measured in the same rounds.

    race.py [--threads 1,2] [--rounds 7] [--burst SECONDS] [--ops forward,...,avx2] [--only REGEX] [--peers onednn,...]
            [--all]     the 41 other layers of the spec's table too
            [--list]    only prints what would be raced, for which NumPy is enough

Without restrictions the figures go to BUILD/peers/results.json, from which report.py makes docs/performance.md; with
any, to BUILD/peers/quick.json.
"""
import argparse
import json
import os
import re
import time

import numpy as np

import cases
import machine
import report
from process import SCRATCH, Process

INFERENCE = ("onednn", "torch", "torch_packed", "tf", "ort", "openvino", "ncnn", "tflite")
EAGER = ("dwconv_eager", "tf_eager")
TRAINING = ("onednn", "torch", "tf")
OPS = dict(forward=INFERENCE + EAGER, grad_x=TRAINING + EAGER, grad_kernel=TRAINING + EAGER, pointwise=INFERENCE,
           matmul=TRAINING + ("numpy",), layout=TRAINING + ("ort", "numpy"), elementwise=("torch", "numpy"), reduce=("torch", "numpy"),
           call=INFERENCE + EAGER, conv=INFERENCE + EAGER, conv_grad_x=TRAINING + EAGER,
           conv_grad_kernel=TRAINING + EAGER, nn=TRAINING)
AVX2 = ("forward", "pointwise", "conv")  # raced once more with everybody's instructions limited
TOLERANCE = dict(float32=1e-4, float64=1e-10)


def options():
    a = argparse.ArgumentParser()
    a.add_argument("--threads", default="")
    a.add_argument("--rounds", type=int, default=7)
    a.add_argument("--burst", type=float, default=0.025)
    a.add_argument("--ops", default="")
    a.add_argument("--only", default="")
    a.add_argument("--peers", default="")
    a.add_argument("--all", action="store_true")
    a.add_argument("--list", action="store_true")
    o = a.parse_args()
    o.quick = bool(o.threads or o.ops or o.only or o.peers or o.all)
    cpus = len(os.sched_getaffinity(0))
    o.threads = [int(t) for t in (o.threads or "1,2").split(",") if int(t) <= cpus]
    o.ops = o.ops.split(",") if o.ops else [*OPS, "avx2"]
    o.peers = o.peers.split(",") if o.peers else None
    return o


class Pool:
    """the processes of a number of threads and an instruction set, each started when it is first wanted"""

    def __init__(self, threads, isa=None):
        self.threads, self.isa, self.processes = threads, isa, {}

    def __getitem__(self, name):
        p = self.processes.get(name)
        if p is None or p.dead:
            p = self.processes[name] = Process(name, self.threads, self.isa)
        return p

    def close(self):
        for p in self.processes.values():
            p.close()


def setup_line(job, tensors):
    keys = {k: v for k, v in job.items() if k not in ("name", "group", "row", "flops") and v != ""}
    for name, a in tensors.items():
        path = os.path.join(SCRATCH, name)
        a.tofile(path)
        keys[name], keys[name + "_shape"] = path, ",".join(map(str, a.shape))
    return "setup " + " ".join("%s=%s" % item for item in keys.items())


def reference(job, tensors, known, note):
    """the exact result with the pads that a peer says it used"""
    pads = tuple(job[side] for side in ("top", "bottom", "left", "right")) if "top" in job else ()
    if note.startswith("pads="):
        pads = tuple(map(int, note[5:].split(",")))
    if pads not in known:
        known[pads] = cases.exact(job, tensors, pads).ravel()
    return known[pads]


def trouble(process, line, job, tensors, known):
    """prepares a job and checks its result; what is wrong, if anything"""
    ok, note = process.ask(line)
    if not ok:
        return note
    path = os.path.join(SCRATCH, "y")
    ok, why = process.ask("check " + path)
    if not ok:
        return why
    dtype = job.get("dtype", "float32")
    want, got = reference(job, tensors, known, note), np.fromfile(path, dtype)
    if got.size != want.size:
        return "a result of %d numbers rather than %d" % (got.size, want.size)
    error = np.abs(got - want).max() / np.abs(want).max()
    return None if error <= TOLERANCE[dtype] else "wrong numbers, by %.1e of the largest" % error


def measure_limit(limits, job, row, burst):
    reads, writes = cases.traffic(job)
    if not job["flops"]:
        what = "stream %d %d" % (reads, writes) if job["op"] in ("reduce", "nn") else "copy %d" % (reads + writes)
        row["limit"] = min(row["limit"], limits.seconds("%s %f" % (what, burst)))
        return
    half = 2 if job.get("dtype") == "float64" else 1
    row["peak"] = max(row["peak"], limits.seconds("peak %f" % (burst / 2)) / half)
    row["stream"] = min(row["stream"], limits.seconds("stream %d %d %f" % (reads, writes, burst / 2)))


def race(job, names, pool, o):
    """one row: seconds of each peer, or why there are none"""
    row = dict(name=job["name"], group=job["group"], flops=job["flops"], traffic=sum(cases.traffic(job)),
               seconds={}, skipped={}, peak=0, stream=1e9, limit=1e9)
    tensors, known = cases.data(job), {}
    line = setup_line(job, tensors)
    for name in names:
        why = trouble(pool[name], line, job, tensors, known)
        if why:
            row["skipped"][name] = why
        else:
            row["seconds"][name] = 1e9
    for turn in range(o.rounds):
        measure_limit(pool["limits"], job, row, o.burst)
        pool["limits"].rest()
        racing = list(row["seconds"])
        for name in racing[turn % len(racing):] + racing[:turn % len(racing)]:  # nobody always follows the same one
            ok, answer = pool[name].ask("time %f" % o.burst)
            pool[name].rest()
            if ok:
                row["seconds"][name] = min(row["seconds"][name], float(answer))
            else:
                row["skipped"][name] = answer
                del row["seconds"][name]
    return row


def finish(rows):
    """The limit of each row; the FMA peak is the highest of all rounds, since nothing but other programs lowers it."""
    peak = max([row["peak"] * (2 if "float64" in row["name"] else 1) for row in rows])
    for row in rows:
        if row["flops"]:
            row["peak"] = peak / (2 if "float64" in row["name"] else 1)
            row["limit"] = max(row["flops"] / row["peak"], row["stream"])
    return peak


def plan(op, isa, o):
    """the jobs of an op, and who races"""
    groups = ("twelve",) if isa else ("twelve", "extra") + (("spec",) if o.all else ())
    jobs = [j for j in cases.jobs_of(op, cases.read(), groups) if re.search(o.only, j["name"])]
    peers = ("onednn",) if isa else OPS[op]
    return jobs, ["dwconv"] + [p for p in peers if o.peers is None or p in o.peers or p == "dwconv_eager"]


def show(o):
    for op in (op for op in o.ops if op != "avx2"):
        jobs, names = plan(op, None, o)
        print("%s: %s\n  %s" % (op, ", ".join(names), "\n  ".join(j["name"] for j in jobs)))


def run(op, threads, pool, o):
    jobs, names = plan(op, pool.isa, o)
    if not jobs:
        return []
    result = dict(op=op, threads=threads, isa=pool.isa, peers=names, rows=[])
    print("\n" + report.title(result), flush=True)
    for job in jobs:
        result["rows"].append(race(job, names, pool, o))
        print(report.line(result["rows"][-1]), flush=True)
    result["peak"] = finish(result["rows"])
    print(report.terminal(result), flush=True)
    return [result]


def versions(pool):
    return {name: p.ask("version")[1] for name, p in pool.processes.items()
            if name not in ("limits", "dwconv_eager", "torch_packed", "tf_eager")}


def main():
    o = options()
    if o.list:
        show(o)
        return
    os.makedirs(SCRATCH, exist_ok=True)
    document = dict(date=time.strftime("%Y-%m-%d"), machine=machine.describe(), rounds=o.rounds, burst=o.burst, runs=[])
    for threads in o.threads:
        pool = Pool(threads)
        for op in (op for op in o.ops if op != "avx2"):
            document["runs"] += run(op, threads, pool, o)
        document["isa"] = pool["limits"].ask("isa")[1]
        document.setdefault("versions", versions(pool))
        pool.close()
        if "avx2" in o.ops and document["isa"] == "avx512":
            pool = Pool(threads, "avx2")
            for op in AVX2:
                document["runs"] += run(op, threads, pool, o)
            pool.close()
    path = os.path.join(SCRATCH, "quick.json" if o.quick else "results.json")
    with open(path, "w") as file:
        json.dump(document, file, indent=1)
    if not o.quick:
        report.write(document)


if __name__ == "__main__":
    main()
