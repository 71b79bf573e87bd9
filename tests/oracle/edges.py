"""Makes tests/fixtures/edges.lua: TensorFlow's answers to the calls that tests/lib/edges.lua makes from the records.

    make all                                       # then, in the environment that backend.py describes,
    python tests/oracle/edges.py

The calls hold NaN, infinities, signed zeros, limits, empty axes, options away from their defaults, every dtype; each has
an id. Kept are its results and the gradients of sum(result * weights), or `false` where TensorFlow refuses. Calls of ops that
TensorFlow does not have are left out. Numbers are as TensorFlow gives them, float32 in float32; tests/edges_spec.lua says
with which tolerance they are compared, and where and why dwconv differs.
"""
import os
import pathlib
import subprocess

import numpy as np

from kit.cases import run
from kit.ops import K, OPS, Op, tf

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAN, INF = float("nan"), float("inf")
H = float.fromhex


def A(dtype, shape, values):
    return np.array(values, dtype).reshape(shape)


def swapaxes(x, a, b):
    order = list(range(x.shape.rank))
    order[a], order[b] = order[b], order[a]
    return tf.transpose(x, order)


def depthwise(x, w, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    pair = [v if isinstance(v, (list, tuple)) else (v, v) for v in (strides, dilation_rate)]
    if data_format == "channels_first" or isinstance(padding, list):
        raise NotImplementedError  # TensorFlow has neither on a CPU
    return K.depthwise_conv2d(x, w, tuple(pair[0]), padding, data_format, tuple(pair[1]))


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    return K.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def more(name, f, **how):
    OPS[name] = Op("edges", f, **how)


more("floor", tf.floor, exact=True, grad=None)
more("power", tf.pow)
more("swapaxes", swapaxes, exact=True, axis=(1, 2))
more("broadcast_to", tf.broadcast_to, exact=True)
more("take_along_axis", lambda x, i, axis: tf.gather(x, i, axis=axis, batch_dims=axis % len(x.shape)), exact=True,
     index=(1,), axis=(2,))
more("depthwise_conv2d", depthwise)
more("relu", relu)
more("reshape", lambda x, shape: tf.reshape(x, shape), exact=True)


# clip_by_value is this too, but takes no bounds that stretch x.
more("clip", lambda x, low, high: tf.maximum(tf.minimum(x, high), low), exact=True)


def from_zero(value):
    """An axis, or a list of them, counted from 0; negative ones stay."""
    if isinstance(value, list):
        return [from_zero(v) for v in value]
    return value - 1 if isinstance(value, int) and not isinstance(value, bool) and value > 0 else value


def weights(y):
    i = np.arange(y.size)
    return ((i * 5 % 7 + 1) / 4 * np.where(i % 2 == 0, 1, -1)).astype(y.dtype).reshape(y.shape)


def answer(name, args, options):
    """The results and, of a float result, the gradients; None where TensorFlow refuses."""
    op = OPS[name]
    args = [from_zero(v) if i in op.axis else v - 1 if i in op.index and isinstance(v, np.ndarray) else v
            for i, v in enumerate(args)]
    options = {k: from_zero(v) if k in op.axis else v for k, v in options.items()}
    try:
        values = run(op, args, options)
    except Exception:
        return None
    values = [np.asarray(v) for v in values]
    results = [v.astype("int64") + 1 if i in op.results else v for i, v in enumerate(values)]
    if not op.grad or values[0].dtype.name not in ("float32", "float64"):
        return results, []
    try:
        gradients = run(op, args, options, weights(values[0]))[1]
    except Exception:
        return results, []
    return results, [g for g in gradients]


SHORT = {"float32": "f", "float64": "d", "int32": "i", "int64": "l", "uint8": "u", "bool": "b"}


def number(v, dtype):
    """As short as it can be read back: hexadecimal for floats that are not whole."""
    if dtype == "bool":
        return "1" if v else "0"
    if dtype[0] != "f":
        return "%d" % v
    v = float(v)
    if v != v:
        return "n"
    if v in (INF, -INF):
        return "I" if v > 0 else "-I"
    if v == int(v) and abs(v) < 1e9:
        return "-0.0" if v == 0 and np.signbit(v) else "%d" % v
    return repr(np.float32(v)).replace("np.float32(", "").rstrip(")") if dtype == "float32" else repr(v)


def lua(value):
    if value is None:
        return "false"
    value = np.asarray(value)
    numbers = ",".join(number(v, value.dtype.name) for v in value.ravel())
    return '%s({%s},"%s")' % (SHORT[value.dtype.name], ",".join(map(str, value.shape)), numbers)


RANDOM = {"dropout"}  # of which every call is another one


def main():
    env = dict(os.environ, LUA_PATH="./lua/?.lua;./lua/?/init.lua;;", LUA_CPATH="./build/?.so;;")
    calls = subprocess.run(["lua5.4", "tests/lib/edges.lua"], cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    lines, refused, without = [], 0, set()
    for line in calls.stdout.splitlines():
        id, name, args, options = eval(line)  # what our own script printed
        if name not in OPS or name in RANDOM:
            without.add(name)
            continue
        got = answer(name, args, options)
        if got is None:
            lines.append('["%s"]=false,' % id)
            refused += 1
            continue
        results, gradients = got
        text = '["%s"]={%s' % (id, ",".join(map(lua, results)))
        if any(g is not None for g in gradients):
            text += ",grads={%s}" % ",".join(map(lua, gradients))
        lines.append(text + "},")
    out = ROOT / "tests" / "fixtures" / "edges.lua"
    out.write_text("-- Written by tests/oracle/edges.py with TensorFlow 2.21; tests/edges_spec.lua reads it.\n"
                   "local f, d, i, l, u, b = ... -- luacheck: ignore\nreturn {\n" + "\n".join(lines) + "\n}\n")
    print("%d calls, %d refused by TensorFlow, %d bytes" % (len(lines), refused, out.stat().st_size))
    print("TensorFlow does not have", " ".join(sorted(without)))


if __name__ == "__main__":
    main()
