"""Races our elementwise and reduction drivers against NumPy and PyTorch, each with a reused output, on one thread.

    make && make bench BENCHES= && python tests/bench/race_elementwise.py [seconds per burst] [rounds]

All compute the same numbers on the same data (checked before timing), taking turns in bursts; a time is the best of all
calls. Columns are microseconds, then NumPy's and PyTorch's time over ours; the last lines are geometric means.
"""
import math
import sys
import tempfile

from duel import Worker, best_of, settle

settle()

import numpy as np
import torch

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
SHAPES = [(64, 64), (256, 256), (512, 512), (8192, 512)]  # 16 KiB, 256 KiB, 1 MiB, 16 MiB


def sigmoid(x, y):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(1, y, out=y)


def calls(x, b, bias):
    """name -> (NumPy's call, PyTorch's call, and what each leaves its result in)"""
    y = np.zeros_like(x)
    tx, tb, tbias, ty = (torch.from_numpy(a) for a in (x, b, bias, np.zeros_like(x)))
    unary = {name: (lambda f=getattr(np, name): f(x, out=y), lambda f=getattr(torch, name): f(tx, out=ty))
             for name in ("exp", "tanh", "log", "sin")}
    both = {"copy": (lambda: np.copyto(y, x), lambda: ty.copy_(tx)),
            "add": (lambda: np.add(x, b, out=y), lambda: torch.add(tx, tb, out=ty)),
            "add bias": (lambda: np.add(x, bias, out=y), lambda: torch.add(tx, tbias, out=ty)),
            "relu": (lambda: np.maximum(x, 0, out=y), lambda: torch.clamp(tx, min=0, out=ty)),
            "sigmoid": (lambda: sigmoid(x, y), lambda: torch.sigmoid(tx, out=ty)), **unary}
    jobs = {name: (n, t, y, ty) for name, (n, t) in both.items()}
    for name, axis in (("", None), (" rows", 1), (" columns", 0)):
        kept = np.zeros((1, 1) if axis is None else (len(x), 1) if axis == 1 else (1, x.shape[1]), x.dtype)
        tkept, dims = torch.from_numpy(kept.copy()), (0, 1) if axis is None else axis
        jobs["sum" + name] = (lambda axis=axis, kept=kept: np.sum(x, axis, keepdims=True, out=kept),
                              lambda dims=dims, tkept=tkept: torch.sum(tx, dims, keepdim=True, out=tkept), kept, tkept)
        jobs["max" + name] = (lambda axis=axis, kept=kept: np.max(x, axis, keepdims=True, out=kept),
                              lambda dims=dims, tkept=tkept: torch.amax(tx, dims, keepdim=True, out=tkept), kept, tkept)
    return jobs


def race(worker, folder, shape):
    rng = np.random.RandomState(shape[0])
    x, b = (rng.uniform(0.1, 4, shape).astype("f4") for _ in range(2))
    bias = rng.uniform(-1, 1, shape[1]).astype("f4")
    for name, a in dict(x=x, b=b, bias=bias).items():
        a.tofile("%s/%s" % (folder, name))
    worker.ask("load %s %d %d" % (folder, *shape))
    logs = {}
    print("\n%dx%d" % shape)
    for name, (by_numpy, by_torch, y, ty) in calls(x, b, bias).items():
        ours, numpys, torchs = 1e9, 1e9, 1e9
        for _ in range(ROUNDS):
            ours = min(ours, float(worker.ask("time %s %f" % (name, SECONDS))))
            numpys = min(numpys, best_of(by_numpy, SECONDS))
            torchs = min(torchs, best_of(by_torch, SECONDS))
        worker.ask("save " + folder)
        result = np.fromfile(folder + "/y", "f4").reshape(y.shape)
        for theirs in (y, ty.numpy()):
            assert np.abs(result - theirs).max() <= 1e-4 * np.abs(theirs).max(), name
        logs[name] = (math.log(numpys / ours), math.log(torchs / ours))
        print("  %-12s %9.2f   numpy %9.2f = %5.2f   torch %9.2f = %5.2f"
              % (name, ours * 1e6, numpys * 1e6, numpys / ours, torchs * 1e6, torchs / ours), flush=True)
    return logs


with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
    torch.set_num_threads(1)
    print("one thread; microseconds, ratios to ours; numpy %s, torch %s" % (np.__version__, torch.__version__))
    worker = Worker("worker_elementwise.lua")
    logs = [race(worker, folder, shape) for shape in SHAPES]
    print("\ngeometric means over the sizes: numpy, torch")
    for name in logs[0]:
        print("  %-12s %5.2f %5.2f" % (name, *(math.exp(sum(l[name][i] for l in logs) / len(logs)) for i in (0, 1))))
