"""How a case is made: its numbers, TensorFlow's results and gradients, and its text in Lua.

The groups call case(), sweep(), refused() and refused_in_lua(); these put texts into FAMILIES and count them in COUNTS.
"""
import re
import zlib

import numpy as np

from kit.ops import Fn, INF, OPS, TOLERANCE, f32, f64, i64, u8, tf


# ---- numbers -------------------------------------------------------------------------------------------------------
def seeded(*what):
    return np.random.RandomState(zlib.crc32(repr(what).encode()))


def r(shape, dtype=f32, low=-2, high=2, salt=0):
    """Random numbers without ties: odd 64ths (float32), ten digits (float64), whole numbers (others; may repeat)."""
    random, n = seeded(shape, dtype, low, high, salt), int(np.prod(shape))
    if dtype == "bool":
        return random.randint(0, 2, shape).astype(bool)
    if dtype == f32:
        a = random.choice(np.arange(low + 1 / 64, high, 1 / 32), n, replace=False)
    elif dtype == f64:
        a = np.round(random.uniform(low, high, n), 10)
    else:
        a = random.randint(0 if dtype == u8 else -9, 10, n)
    return a.astype(dtype).reshape(shape)


def a(values, dtype=f32):
    """These very numbers."""
    return np.array(values, dtype)


# ---- TensorFlow ----------------------------------------------------------------------------------------------------
def walk(value, f):
    """value, with f applied to each array in it."""
    if isinstance(value, np.ndarray):
        return f(value)
    if isinstance(value, list):
        return [walk(v, f) for v in value]
    return value


def arrays(value):
    found = []
    walk(value, found.append)
    return found


def run(op, args, options, g=None):
    """The results of the call, as arrays or plain values; with g also the gradient (or None) for each tensor."""
    tensors = []

    def feed(x):
        tensors.append(tf.Variable(x) if op.variable and not tensors else tf.constant(x))
        return tensors[-1]

    fed_args, fed_options = walk(list(args), feed), {k: walk(v, feed) for k, v in options.items()}
    with tf.GradientTape() as tape:
        tape.watch([t for t in tensors if t.dtype.is_floating])
        result = op.f(*fed_args, **fed_options)
    if op.variable:
        result = tensors[0]
    results = result if isinstance(result, list) else [result]
    values = [v.numpy() if tf.is_tensor(v) or isinstance(v, tf.Variable) else v for v in results]
    if g is None:
        return values
    gradients = tape.gradient(results[0], tensors, output_gradients=tf.constant(g))
    gradients = [None if d is None else tf.convert_to_tensor(d).numpy() for d in gradients]
    if values[0].size == 0:  # TensorFlow leaves these uninitialised
        gradients = [None if d is None else np.zeros_like(d) for d in gradients]
    return values, gradients


def widen(value):
    return walk(value, lambda x: x.astype(f64) if x.dtype == f32 else x)


def narrow(x):
    with np.errstate(over="ignore"):
        return x.astype(f32) if isinstance(x, np.ndarray) or isinstance(x, np.float64) else x


def agree(narrow_one, wide, what, tolerance=TOLERANCE[f32]):
    with np.errstate(invalid="ignore"):
        wide = narrow(wide)
        assert narrow_one.shape == wide.shape, (what, narrow_one.shape, wide.shape)
        near = np.abs(narrow_one - wide) <= tolerance * (1 + np.abs(wide))
        same = near | (narrow_one == wide) | (np.isnan(narrow_one) & np.isnan(wide))
        assert same.all(), (what, narrow_one, wide)


# ---- Lua -----------------------------------------------------------------------------------------------------------
def lua_number(v, dtype):
    if dtype == "bool":
        return "true" if v else "false"
    if dtype in (f32, f64):
        if np.isnan(v):
            return "nan"
        if np.isinf(v):
            return "inf" if v > 0 else "-inf"
        text = repr(float(v)) if dtype == f64 else str(np.float32(v))
        assert np.dtype(dtype).type(float(text)) == v, text
        return text if v == 0 and np.signbit(v) else re.sub(r"\.0$", "", text)
    return "%d" % v


def lua(value):
    if value is None:
        return "NIL"
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)
        numbers = ",".join(lua_number(v, value.dtype.name) for v in value.ravel())
        return 'T("%s", {%s}, {%s})' % (value.dtype.name, ",".join(map(str, value.shape)), numbers)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "{ %s }" % ", ".join(map(lua, value))
    if isinstance(value, Fn):
        return 'F "%s"' % value
    if isinstance(value, str):
        return '"%s"' % value
    if isinstance(value, float):
        return "nan" if value != value else ("-inf" if value < 0 else "inf") if abs(value) == INF else repr(value)
    return repr(value)


def from_one(value):
    """An axis, or a list of them, counted from 1; negative ones stay."""
    if isinstance(value, (list, tuple)):
        return [from_one(v) for v in value]
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


def lua_call(name, args, options):
    op = OPS[name]
    args = [from_one(v) if i in op.axis else v + 1 if i in op.index and isinstance(v, np.ndarray) else v
            for i, v in enumerate(args)]
    options = {k: from_one(v) if k in op.axis else v for k, v in options.items()}
    parts = ['name = "%s"' % name]
    if args:
        parts.append("args = " + lua(args))
    if options:
        parts.append("options = { %s }" % ", ".join("%s = %s" % (k, lua(v)) for k, v in options.items()))
    return parts


FAMILIES, COUNTS, SKIPPED = {}, {}, []


def wrap(text, width=138):
    """Breaks lines after commas outside strings."""
    lines, line = [], "  "
    for piece in re.findall(r'(?:"[^"]*"|[^",])+,?', text):
        if len(line) + len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line, piece = "    ", piece.lstrip()
        line += piece
    return "\n".join(lines + [line])


def emit(family, name, parts):
    text = wrap("{ %s }," % ", ".join(parts).replace("{  }", "{}")) + "\n"
    if text not in FAMILIES.setdefault(family, []):
        FAMILIES[family].append(text)
        COUNTS[name] = COUNTS.get(name, 0) + 1


def case(name, *args, note=None, grads=True, gradient=None, truth=None, **options):
    """One call. grads: False for none. truth, gradient: the result, and for each tensor the gradient, that TensorFlow
    should have given."""
    options = {k: v for k, v in options.items() if v is not None}
    if len(arrays(list(options.values()))) > 1:
        options = dict(sorted(options.items()))  # tensors in the order in which backend_cases.lua finds them
    op, what = OPS[name], (name, args, options)
    tensors = arrays(list(args) + list(options.values()))
    values = run(op, args, options)
    if truth is not None:
        values = [np.asarray(truth, values[0].dtype)]
    elif not op.exact and any(t.dtype == f32 for t in tensors):
        wide = run(op, widen(list(args)), widen_options(options))
        for v, w in zip(values, wide):
            if v.dtype == f32:
                agree(v, w, what)
        values = [narrow(w) if v.dtype == f32 else v for v, w in zip(values, wide)]
    results = [v.astype(i64) + 1 if i in op.results else v for i, v in enumerate(values)]
    parts = lua_call(name, args, options)
    parts.append("result%s = %s" % (("", lua(results[0])) if len(results) == 1 else ("s", lua(results))))
    first = np.asarray(values[0])
    floats = [v.dtype.name for v in map(np.asarray, values) if v.dtype.name in TOLERANCE]
    if not op.exact and floats:
        parts.append("tolerance = %g" % TOLERANCE[floats[0]])
    parts += gradients(op, args, options, first, tensors, grads, gradient, what)
    if op.variable:
        parts.append("changes = true")
    if op.flat:
        parts.append("flat = true")
    if note:
        parts.append('note = "%s"' % note)
    emit(op.family, name, parts)


def widen_options(options):
    return {k: widen(v) for k, v in options.items()}


def gradients(op, args, options, y, tensors, grads, gradient, what):
    floats = [t for t in tensors if t.dtype.name in TOLERANCE]
    wanted = grads is not False and op.grad and floats and y.dtype.name in TOLERANCE
    if not wanted or grads is True and not all(np.isfinite(t).all() for t in floats):
        return []
    g = seeded(y.shape, "g").randint(1, 17, y.shape) / 8 * seeded(y.shape, "sign").choice([-1, 1], y.shape)
    g = np.asarray(g).astype(y.dtype)
    if gradient is None:
        gradient = run(op, args, options, g)[1]
        if not op.exact and all(t.dtype != f64 for t in tensors) and y.dtype == f32:
            wide = run(op, widen(list(args)), widen_options(options), g.astype(f64))[1]
            for n, w in zip(gradient, wide):
                if n is not None:
                    agree(n, w, ("gradient of", what))
            gradient = [None if w is None else narrow(np.asarray(w)) for w in wide]
    else:
        gradient = gradient(g.astype(f64))
    if op is OPS["std"]:  # where the deviation is 0, TensorFlow gives NaN
        gradient = [None if d is None else np.nan_to_num(d, nan=0.0) for d in gradient]
    texts = ["false" if d is None else lua(np.asarray(d).astype(t.dtype)) for d, t in zip(gradient, tensors)]
    if all(t == "false" for t in texts):
        return []
    return ["g = " + lua(g), "grads = { %s }" % ", ".join(texts)]


def sweep(name, *args, **options):
    """case(), for dtypes that TensorFlow may not have; prints what it refuses."""
    try:
        case(name, *args, **options)
    except tf.errors.InvalidArgumentError:
        SKIPPED.append("%s %s" % (name, [t.dtype.name for t in arrays(list(args))]))


def refused(name, *args, why=None, **options):
    """A call that must raise. why: TensorFlow does not refuse it, but dwconv does, for this reason."""
    if why is None:
        try:
            got = run(OPS[name], args, options)
        except Exception:
            pass
        else:
            raise AssertionError("TensorFlow accepts %s" % ((name, args, options, got),))
    parts = lua_call(name, args, options) + ["refused = " + ('"%s"' % why if why else "true")]
    emit("refused", name, parts)


def refused_in_lua(name, why, *args, **options):
    """As written, counted from 1 already: what only a library that counts from 1 has to refuse."""
    parts = ['name = "%s"' % name, "args = " + lua(list(args))]
    if options:
        parts.append("options = { %s }" % ", ".join("%s = %s" % (k, lua(v)) for k, v in options.items()))
    emit("refused", name, parts + ['refused = "%s"' % why])


def few(shape, dtype=f32):
    return (np.arange(int(np.prod(shape))) % 5 + 1).astype(dtype).reshape(shape)
