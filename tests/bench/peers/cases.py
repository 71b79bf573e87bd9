"""The race's cases: layers.txt as jobs with sizes, random data, float64 results, and what each asks of the machine."""
import os

import numpy as np

SIZES = dict(twelve="hwck", spec="hwck", extra="hwck", call="hwck", pointwise="hwck", dense="mkn", layout="nhwc")
DEPTHWISE = ("forward", "grad_x", "grad_kernel", "call")


def axis(n, k, s, d):
    """padding "same" along one axis: size of the result, padding before and after"""
    out = -(-n // s)
    pad = max((out - 1) * s + (k - 1) * d + 1 - n, 0)
    return out, pad // 2, pad - pad // 2


def depthwise(j):
    for key in "ndm":
        j.setdefault(key, 1)
    sh, _, sw = str(j.pop("s", 1)).partition(",")
    j["sh"], j["sw"] = int(sh), int(sw or sh)
    j["oh"], j["top"], j["bottom"] = axis(j["h"], j["k"], j["sh"], j["d"])
    j["ow"], j["left"], j["right"] = axis(j["w"], j["k"], j["sw"], j["d"])
    name = "%dx%dx%d %dx%d" % (j["h"], j["w"], j["c"], j["k"], j["k"])
    if j["sh"] != j["sw"]:
        name += " s%dx%d" % (j["sh"], j["sw"])
    elif j["sh"] > 1:
        name += " s%d" % j["sh"]
    name += "".join(" %s%d" % (key, j[key]) for key in "dmn" if j[key] > 1)
    name += " channels_first" if j.get("layout") else ""
    j["name"] = name + (" float64" if j.get("dtype") else "")


def parse(line):
    words = line.partition("#")[0].split()
    if not words:
        return None
    sizes = [int(word) for word in words[1:] if "=" not in word]
    j = dict(zip(SIZES[words[0]], sizes))
    for key, value in (word.split("=") for word in words[1:] if "=" in word):
        j[key] = int(value) if value.isdigit() else value
    j["group"] = words[0]
    return j


def read():
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "layers.txt")) as file:
        jobs = [j for j in map(parse, file) if j]
    for j in jobs:
        if j["group"] in ("twelve", "spec", "extra", "call"):
            depthwise(j)
        elif j["group"] == "pointwise":
            j["name"] = "%dx%d %d to %d" % (j["h"], j["w"], j["c"], j["k"])
        elif j["group"] == "dense":
            j.setdefault("turn", "")
            j["name"] = "%d, %d, %d %s" % (j["m"], j["k"], j["n"], j["turn"])
        else:
            j["name"] = "%dx%dx%dx%d" % (j["n"], j["h"], j["w"], j["c"])
    return jobs


def product(j):
    """a pointwise layer as a matrix product"""
    if j["group"] == "dense":
        return dict(j)
    return dict(group="pointwise", name=j["name"], m=j["h"] * j["w"], k=j["c"], n=j["k"], turn="")


def jobs_of(op, layers, groups):
    """the jobs of an op among all layers"""
    if op in DEPTHWISE:
        return [dict(j, op=op) for j in layers if j["group"] in (("call",) if op == "call" else groups)]
    if op == "pointwise":
        return [dict(j, op=op) for j in layers if j["group"] == "pointwise"]
    if op == "matmul":
        return [dict(product(j), op=op) for j in layers if j["group"] in ("pointwise", "dense")]
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
    all_three = dict(x=[j["n"], j["h"], j["w"], j["c"]], kernel=[j["k"], j["k"], j["c"], j["m"]],
                     g=[j["n"], j["oh"], j["ow"], j["c"] * j["m"]])
    result = all_three[dict(grad_x="x", grad_kernel="kernel").get(j["op"], "g")]
    return all_three, result


def data(j):
    """random numbers of both signs, none of them near zero"""
    r = np.random.default_rng(7)
    dtype = j.get("dtype", "float32")
    return {name: (r.uniform(0.05, 1, shape) * r.choice([-1, 1], shape)).astype(dtype)
            for name, shape in shapes(j)[0].items()}


def taps(j, pads):
    for u in range(j["k"]):
        for v in range(j["k"]):
            a, b = u * j["d"], v * j["d"]
            rows = slice(a, a + (j["oh"] - 1) * j["sh"] + 1, j["sh"])
            yield u, v, rows, slice(b, b + (j["ow"] - 1) * j["sw"] + 1, j["sw"])


def exact_depthwise(j, t, pads):
    top, bottom, left, right = pads
    x, w = t["x"].astype("f8"), t["kernel"].astype("f8")
    g = t["g"].astype("f8").reshape(j["n"], j["oh"], j["ow"], j["c"], j["m"])
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    y, dx, dw = np.zeros_like(g), np.zeros_like(x), np.zeros_like(w)
    for u, v, rows, cols in taps(j, pads):
        if j["op"] == "grad_x":
            dx[:, rows, cols] += (g * w[u, v]).sum(-1)
        elif j["op"] == "grad_kernel":
            dw[u, v] = np.einsum("nijc,nijcq->cq", x[:, rows, cols], g)
        else:
            y += x[:, rows, cols, :, None] * w[u, v]
    if j["op"] == "grad_x":
        return dx[:, top:top + j["h"], left:left + j["w"]]
    return dw if j["op"] == "grad_kernel" else y


def exact(j, t, pads):
    """the result in float64; `pads` are (top, bottom, left, right), as a peer may have to pad otherwise"""
    if j["op"] == "layout":
        return t["x"].transpose((0, 3, 1, 2) if j["to"] == "first" else (0, 2, 3, 1))
    if j["op"] in ("pointwise", "matmul"):
        x, w = t["x"].astype("f8"), t["kernel"].astype("f8")
        turn = j.get("turn", "")
        return (x.T if "a" in turn else x) @ (w.T if "b" in turn else w)
    return exact_depthwise(j, t, pads)


# ---- work --------------------------------------------------------------------------------------------


def inside(n, k, s, d, before, out):
    """how many pairs of a result's position and a tap meet inside the image, along one axis"""
    return sum(0 <= o * s + t * d - before < n for o in range(out) for t in range(k))


def flops(j):
    """multiplications and additions; taps on padding are none"""
    if j["op"] == "layout":
        return 0
    if j["op"] in ("pointwise", "matmul"):
        p = product(j) if j["op"] == "pointwise" else j
        return 2 * p["m"] * p["k"] * p["n"]
    rows = inside(j["h"], j["k"], j["sh"], j["d"], j["top"], j["oh"])
    return 2 * j["n"] * j["c"] * j["m"] * rows * inside(j["w"], j["k"], j["sw"], j["d"], j["left"], j["ow"])


def traffic(j):
    """bytes that must be read, and written"""
    size = np.dtype(j.get("dtype", "float32")).itemsize
    inputs, result = shapes(j)
    unused = dict(forward="g", call="g", grad_x="x", grad_kernel="kernel").get(j["op"])
    return size * sum(int(np.prod(s)) for name, s in inputs.items() if name != unused), size * int(np.prod(result))
