"""The race's jobs: the cases of layers.txt by op, random data, float64 results, and what each asks of the machine."""
import os
import subprocess

import numpy as np

from process import HERE, LUA

DEPTHWISE = ("forward", "grad_x", "grad_kernel", "call")
CONV = dict(conv="forward", conv_grad_x="grad_x", conv_grad_kernel="grad_kernel")
ELEMENTWISE = ("copy", "add", "add_bias", "relu", "exp", "tanh", "log", "sin", "sigmoid")
REDUCE = [(f, of) for of in ("all", "row", "column") for f in ("sum", "max")]


def read():
    """the cases of layers.txt, which bench/lib/cases.lua reads and completes; numbers are numbers"""
    lines = subprocess.run(["lua5.4", os.path.join(HERE, "cases.lua")], env=dict(os.environ, **LUA), check=True,
                           capture_output=True, text=True).stdout.splitlines()
    fields = [[field.split("=", 1) for field in line.split("\t")] for line in lines]
    return [{key: int(value) if value.isdigit() else value for key, value in case} for case in fields]


def product(j):
    """a pointwise layer as a matrix product"""
    if j["group"] == "dense":
        return dict(j)
    return dict(group="pointwise", name=j["name"], flops=j["flops"], m=j["h"] * j["w"], k=j["c"], n=j["k"], turn="")


def jobs_of(op, layers, groups):
    """the jobs of an op among all layers"""
    if op in DEPTHWISE:
        return [dict(j, op=op) for j in layers if j["group"] in (("call",) if op == "call" else groups)]
    if op in CONV:
        return [dict(j, op=CONV[op]) for j in layers if "convolution" in j]
    if op in ("pointwise", "nn"):
        return [dict(j, op=op) for j in layers if j["group"] == op]
    if op == "matmul":
        return [dict(product(j), op=op) for j in layers if j["group"] in ("pointwise", "dense")]
    numbers = [j for j in layers if j["group"] == "numbers"]
    if op == "elementwise":
        return [dict(j, op=op, f=f, name="%s %s" % (j["name"], f)) for j in numbers for f in ELEMENTWISE]
    if op == "reduce":
        return [dict(j, op=op, f=f, of=of, name="%s %s of %s" % (j["name"], f, of))
                for j in numbers for f, of in REDUCE]
    return [dict(j, op=op, to=to, name="%s to channels_%s" % (j["name"], to))
            for j in layers if j["group"] == "layout" for to in ("first", "last")]


# ---- data and results --------------------------------------------------------------------------------


def shapes(j):
    """the inputs of a job by name, and the shape of its result; images are (n,h,w,c)"""
    if j["op"] == "layout":
        last, first = [j[key] for key in "nhwc"], [j[key] for key in "nchw"]
        return (dict(x=last), first) if j["to"] == "first" else (dict(x=first), last)
    if j["op"] == "pointwise":
        return dict(x=[1, j["h"], j["w"], j["c"]], kernel=[j["c"], j["k"]]), [1, j["h"], j["w"], j["k"]]
    if j["op"] == "matmul":
        a, b = [j["m"], j["k"]], [j["k"], j["n"]]
        turned = dict(x=a[::-1] if "a" in j["turn"] else a, kernel=b[::-1] if "b" in j["turn"] else b)
        return turned, [j["m"], j["n"]]
    if j["op"] == "nn":
        result = [j["n"], j["oh"], j["ow"], j["c"]]
        second = dict(norm=dict(kernel=[j["c"]]), norm_inference=dict(kernel=[j["c"]]), bias_relu=dict(kernel=[j["c"]]),
                      norm_gradient=dict(kernel=[j["c"]], g=result)).get(j["f"], {})
        return dict(x=[j["n"], j["h"], j["w"], j["c"]], **second), result
    if j["group"] == "numbers":
        whole = [j["rows"], j["columns"]]
        if j["op"] == "reduce":
            return dict(x=whole), dict(all=[1, 1], row=[whole[0], 1], column=[1, whole[1]])[j["of"]]
        second = dict(add=dict(kernel=whole), add_bias=dict(kernel=whole[1:])).get(j["f"], {})
        return dict(x=whole, **second), whole
    last = [j["c"], j["m"]] if "m" in j else [j["c"] // j["groups"], j["o"]]
    all_three = dict(x=[j["n"], j["h"], j["w"], j["c"]], kernel=[j["kh"], j["kw"], *last],
                     g=[j["n"], j["oh"], j["ow"], j["o"]])
    result = all_three[dict(grad_x="x", grad_kernel="kernel").get(j["op"], "g")]
    return all_three, result


def data(j):
    """random numbers of both signs, none of them near zero; positive ones for logarithms, sums and maxima"""
    r = np.random.default_rng(7)
    dtype = j.get("dtype", "float32")
    signs = [1] if j["op"] == "reduce" or j.get("f") == "log" else [-1, 1]
    return {name: (r.uniform(0.05, 1, shape) * r.choice(signs, shape)).astype(dtype)
            for name, shape in shapes(j)[0].items()}


def taps(j, pads):
    for u in range(j["kh"]):
        for v in range(j["kw"]):
            a, b = u * j["d"], v * j["d"]
            rows = slice(a, a + (j["oh"] - 1) * j["sh"] + 1, j["sh"])
            yield u, v, rows, slice(b, b + (j["ow"] - 1) * j["sw"] + 1, j["sw"])


def exact_convolution(j, t, pads):
    """by groups s: x is (n,h,w,s,c), the kernel (kh,kw,s,c,o) and g (n,oh,ow,s,o)"""
    top, bottom, left, right = pads
    s, c, o = j["groups"], j["c"] // j["groups"], j["o"] // j["groups"]
    x = np.pad(t["x"].astype("f8"), ((0, 0), (top, bottom), (left, right), (0, 0)))
    x = x.reshape(*x.shape[:3], s, c)
    w = t["kernel"].astype("f8").reshape(j["kh"], j["kw"], c, s, o).swapaxes(2, 3)
    g = t["g"].astype("f8").reshape(j["n"], j["oh"], j["ow"], s, o)
    y, dx, dw = np.zeros_like(g), np.zeros_like(x), np.zeros_like(w)
    for u, v, rows, cols in taps(j, pads):
        if j["op"] == "grad_x":
            dx[:, rows, cols] += np.einsum("nijso,sco->nijsc", g, w[u, v], optimize=True)
        elif j["op"] == "grad_kernel":
            dw[u, v] = np.einsum("nijsc,nijso->sco", x[:, rows, cols], g, optimize=True)
        else:
            y += np.einsum("nijsc,sco->nijso", x[:, rows, cols], w[u, v], optimize=True)
    if j["op"] == "grad_x":
        return dx[:, top:top + j["h"], left:left + j["w"]]
    return dw.swapaxes(2, 3) if j["op"] == "grad_kernel" else y


def exact_numbers(j, t):
    x = t["x"].astype("f8")
    if j["op"] == "reduce":
        return dict(sum=np.sum, max=np.max)[j["f"]](x, dict(all=None, row=1, column=0)[j["of"]], keepdims=True)
    if j["f"].startswith("add"):
        return x + t["kernel"]
    functions = dict(copy=lambda x: x, relu=lambda x: np.maximum(x, 0), sigmoid=lambda x: 1 / (1 + np.exp(-x)))
    return (functions.get(j["f"]) or getattr(np, j["f"]))(x)


def windows(x, j, pads, outside):
    """each tap of the windows of a pool, of all of them; `outside` is what padding holds"""
    top, bottom, left, right = pads
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
    for u in range(j["k"]):
        for v in range(j["k"]):
            yield x[:, u:u + (j["oh"] - 1) * j["s"] + 1:j["s"], v:v + (j["ow"] - 1) * j["s"] + 1:j["s"]]


def stretched(x, axis, factor):
    """twice or more as long, between half-pixel centres"""
    n = x.shape[axis]
    at = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
    low = at.astype(int)
    share = (at - low).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return x.take(low, axis) * (1 - share) + x.take(np.minimum(low + 1, n - 1), axis) * share


def exact_nn(j, t, pads):
    """epsilon is 1e-3; a norm's kernel stands for gamma and beta, and for the mean and variance of inference"""
    x, f, w = t["x"], j["f"], t.get("kernel")
    if f == "max_pool":
        return np.max(list(windows(x, j, pads, -np.inf)), axis=0)
    if f == "average_pool":
        return sum(windows(x, j, pads, 0)) / sum(windows(np.ones_like(x), j, pads, 0))
    if f == "nearest":
        return x.repeat(j["s"], 1).repeat(j["s"], 2)
    if f == "bilinear":
        return stretched(stretched(x, 1, j["s"]), 2, j["s"])
    if f == "softmax":
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)
    if f == "bias_relu":
        return np.maximum(x + w, 0)
    if f == "norm_inference":
        return (x - w) / np.sqrt(np.abs(w) + 1e-3) * w + w
    mean, deviation = x.mean((0, 1, 2)), np.sqrt(x.var((0, 1, 2)) + 1e-3)
    normal = (x - mean) / deviation
    if f == "norm":
        return normal * w + w
    g = t["g"]
    return w / deviation * (g - g.mean((0, 1, 2)) - normal * (g * normal).mean((0, 1, 2)))


def exact(j, t, pads):
    """the result in float64; `pads` are (top, bottom, left, right), as a peer may have to pad otherwise"""
    if j["op"] == "layout":
        return t["x"].transpose((0, 3, 1, 2) if j["to"] == "first" else (0, 2, 3, 1))
    if j["group"] == "numbers":
        return exact_numbers(j, t)
    if j["op"] == "nn":
        return exact_nn(j, {name: a.astype("f8") for name, a in t.items()}, pads)
    if j["op"] in ("pointwise", "matmul"):
        x, w = t["x"].astype("f8"), t["kernel"].astype("f8")
        turn = j.get("turn", "")
        return (x.T if "a" in turn else x) @ (w.T if "b" in turn else w)
    return exact_convolution(j, t, pads)


# ---- work --------------------------------------------------------------------------------------------


def traffic(j):
    """bytes that must be read, and written"""
    size = np.dtype(j.get("dtype", "float32")).itemsize
    inputs, result = shapes(j)
    unused = dict(forward="g", call="g", grad_x="x", grad_kernel="kernel").get(j["op"])
    return size * sum(int(np.prod(s)) for name, s in inputs.items() if name != unused), size * int(np.prod(result))
