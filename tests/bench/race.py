"""Races eager calls of dwconv against eager calls of PyTorch: forward and both gradients of the twelve bench layers.

    pip install torch numpy                         # in a virtual environment outside the tree
    make && python tests/bench/race.py [seconds per burst] [rounds]

Both sides compute the same numbers on the same data (checked before timing), in channels_last float32, batch 1, with the
same allocator settings (glibc keeps freed pages), taking turns in bursts; a time is the best of all calls. One thread,
then two. The last lines are geometric means of torch's time over ours.
"""
import math
import sys
import tempfile

from duel import Worker, best_of, settle

settle()

import numpy as np
import torch

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
LAYERS = [(4, 112, 32, 3, 1), (7, 112, 96, 3, 2), (12, 56, 144, 3, 1), (17, 56, 144, 5, 2), (27, 28, 240, 5, 1), (29, 19, 728, 3, 1),
          (34, 14, 512, 3, 1), (35, 14, 576, 3, 1), (43, 14, 672, 5, 1), (45, 14, 672, 5, 2), (48, 7, 960, 3, 1), (53, 7, 1152, 5, 1)]


def torch_calls(x, w, g, k, s):
    c = x.shape[1]

    def backward(mask):
        return torch.ops.aten.convolution_backward(g, x, w, None, [s, s], [k // 2] * 2, [1, 1], False, [0, 0], c, mask)

    return {"forward": lambda: torch.nn.functional.conv2d(x, w, None, s, k // 2, 1, c),
            "grad_x": lambda: backward([True, False, False])[0],
            "grad_kernel": lambda: backward([False, True, False])[1]}


def race(worker, folder, threads, layer):
    row, h, c, k, s = layer
    rng = np.random.RandomState(row)
    oh = (h + 2 * (k // 2) - k) // s + 1
    x, w, g = (rng.uniform(-1, 1, shape).astype("f4") for shape in ((1, h, h, c), (k, k, c, 1), (1, oh, oh, c)))
    for name, a in dict(x=x, w=w, g=g).items():
        np.save("%s/%s.npy" % (folder, name), a)
    worker.ask("load 0 0 1 0 %s" % folder)
    last = torch.channels_last
    tx, tg = (torch.from_numpy(a).permute(0, 3, 1, 2).contiguous(memory_format=last) for a in (x, g))
    tw = torch.from_numpy(w).permute(2, 3, 0, 1).contiguous(memory_format=last)
    ratios = []
    for op, call in torch_calls(tx, tw, tg, k, s).items():
        worker.ask("%s %d %d %d 0 -" % (op, k, s, threads))
        worker.ask("save 0 0 1 0 %s" % folder)
        theirs = call()
        theirs = theirs.permute(2, 3, 0, 1) if op == "grad_kernel" else theirs.permute(0, 2, 3, 1)
        ours = np.load(folder + "/y.npy")
        assert np.abs(ours - theirs.numpy()).max() <= 1e-4 * np.abs(ours).max(), "%s: different numbers" % op
        a = b = 1e9
        for _ in range(ROUNDS):
            a = min(a, best_of(call, SECONDS))
            b = min(b, float(worker.ask("%s %d %d %d %f -" % (op, k, s, threads, SECONDS))))
        ratios.append((op, a, b))
    print("%2d: %3dx%3dx%4d k%d s%d  " % (row, h, h, c, k, s)
          + "   ".join("%s %7.1f / %7.1f = %5.2f" % (op, a * 1e6, b * 1e6, a / b) for op, a, b in ratios), flush=True)
    return {op: math.log(a / b) for op, a, b in ratios}


with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
    worker = Worker("worker.lua")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        print("\n%d thread(s); microseconds torch / dwconv = ratio; torch %s" % (threads, torch.__version__))
        logs = [race(worker, folder, threads, layer) for layer in LAYERS]
        for op in logs[0]:
            print("geometric mean %-12s %.2f" % (op, math.exp(sum(l[op] for l in logs) / len(logs))))
