"""Makes tests/fixtures/backend: results and gradients of the functions of the backend K, computed by TensorFlow.

    python3 -m venv oracle && . oracle/bin/activate        # outside the repository
    pip install "tensorflow-cpu==2.21.*" && pip install --no-deps "tf_keras==2.21.*"
    python tests/oracle/backend.py                         # from the root of the repository

Each <family>.lua is a chunk that returns a list of cases; tests/fixtures/README.md says what a case holds. Here calls
are written as Keras has them (counting from 0); OPS says what of each function is an axis or an index, and lua_call()
adds one to it.

A float32 case is computed twice: as it is, and in float64 from the same numbers. Where every implementation that rounds
correctly gives the same bits (OPS: exact) the first is kept, tolerance 0. Otherwise the second is rounded to float32
and kept, and the run fails unless the first agrees with it within the tolerance: then the tolerance can be met.
Gradients are those of sum(result * g), by the same rule. Most floats are odd multiples of 1/64, all different within a
tensor (no zeros, ties or halves), or decimals of ten digits for float64; corners are written out.

refused() are calls that must raise. Unless it says why, the run checks that TensorFlow raises too.
"""
import math
import os
import pathlib
import re
import zlib

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="3",
                  CUDA_VISIBLE_DEVICES="-1")
import numpy as np
import tensorflow as tf
import tf_keras

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
K = tf_keras.backend

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "backend"
NAN, INF = float("nan"), float("inf")
f32, f64, i32, i64, u8 = "float32", "float64", "int32", "int64", "uint8"
TOLERANCE = {f32: 3e-6, f64: 1e-13}  # |result - expected| <= tolerance * (1 + |expected|)


class Fn(str):
    """A function named by its formula, of e or of acc and e; FUNCTIONS in tests/lib/backend_cases.lua has the same."""
    TABLE = {
        "acc + e": lambda acc, e: acc + e, "acc - e": lambda acc, e: acc - e, "acc * e": lambda acc, e: acc * e,
        "acc * acc - e": lambda acc, e: acc * acc - e, "e * e": lambda e: e * e, "e - 1": lambda e: e - 1,
        "sum(e)": lambda e: tf.reduce_sum(e), "exp(e)": tf.exp, "e > 0": lambda e: e > 0,
    }

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *a):
        return self.TABLE[self](*a)


class Op:
    """How a function is called in TensorFlow, and what of it counts from 1 in Lua.

    exact: results are the same bits everywhere. axis: the positions and names of axes. index: of index tensors.
    results: which results are indices. grad: None where there is none to compare. variable: the
    first argument is written and is the result.
    """

    def __init__(self, family, f, exact=False, axis=("axis", "axes"), index=(), results=(), grad=True,
                 variable=False):
        self.family, self.f, self.exact, self.grad, self.variable = family, f, exact, grad, variable
        self.axis, self.index, self.results = axis, index, results


def operator(f):
    """f of two tensors; a number becomes one of the other's dtype (TensorFlow takes one on the left as its own)."""
    def call(x, y):
        numbers = [not tf.is_tensor(v) for v in (x, y)]
        return f(tf.constant(x, y.dtype) if numbers[0] else x, tf.constant(y, x.dtype) if numbers[1] else y)
    return call


def top_k(x, k, axis=-1, largest=True):
    if axis == -1 and largest:
        return list(tf.math.top_k(x, k, sorted=True))
    order = tf.argsort(x, axis=axis, stable=True, direction="DESCENDING" if largest else "ASCENDING")
    first = tf.gather(order, tf.range(k), axis=axis)
    return [along(x, first, axis), first]


def along(x, indices, axis):
    """The elements at the indices, along an axis."""
    moved = tf.experimental.numpy.moveaxis
    rows = tf.gather(moved(x, axis, -1), moved(indices, axis, -1), axis=-1, batch_dims=len(x.shape) - 1)
    return moved(rows, -1, axis)


def moment(f, power):
    """K.var or K.std, with what is taken off the number of elements."""
    def call(x, axis=None, keepdims=False, correction=0):
        y = f(x, axis=axis, keepdims=keepdims)
        if correction == 0:
            return y
        n = tf.size(x) / max(1, tf.size(y))
        left = float(n) - correction
        return y * (float(n) / left) ** power if left > 0 else y * NAN
    return call


def running(f):
    """NumPy's, as TensorFlow has no running extremes."""
    return lambda x, axis=0: tf.constant(f.accumulate(x.numpy(), axis))


def roll(x, shift, axis=None):
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, [-1]), shift, 0), x.shape)
    return tf.roll(x, shift, axis)


def diag(x, k=0):
    return tf.linalg.diag(x, k=k) if len(x.shape) == 1 else tf.linalg.diag_part(x, k=k)


def triangle(f):
    return lambda x, k=0: tf.cast(f(tf.cast(x, u8), k), x.dtype) if x.dtype == "bool" else f(x, k)


def norm(x, ord=2, axis=None, keepdims=False):
    if ord == 1:
        return tf.reduce_sum(tf.abs(x), axis, keepdims)
    if ord == INF:
        return tf.reduce_max(tf.abs(x), axis, keepdims)
    return tf.norm(x, "euclidean", axis, keepdims)


def matmul(a, b):
    """With vectors as NumPy has it."""
    ranks = len(a.shape), len(b.shape)
    y = tf.matmul(a[None] if ranks[0] == 1 else a, b[:, None] if ranks[1] == 1 else b)
    y = tf.squeeze(y, -1) if ranks[1] == 1 else y
    return tf.squeeze(y, -1 if ranks[1] == 1 else -2) if ranks[0] == 1 else y


def repeat_elements(x, rep, axis):
    return K.repeat_elements(x, rep, axis) if isinstance(rep, int) else tf.repeat(x, rep, axis)


def sort_with(f, **fixed):
    return lambda x, axis=-1, direction="ascending": f(x, axis=axis, direction=direction.upper(), **fixed)


OPS = {}


def ops(family, names, source=K, wrap=lambda f: f, **how):
    for name in names.split():
        ours, _, theirs = name.partition("=")
        OPS[ours] = Op(family, wrap(getattr(source, theirs or ours)), **how)


ops("elementwise", "square abs sqrt sign clip maximum minimum", exact=True)
ops("elementwise", "round equal not_equal greater greater_equal less less_equal", exact=True, grad=None)
ops("elementwise", "exp log sin cos pow tanh sigmoid relu")
ops("elementwise", "add subtract multiply divide", tf.math, wrap=operator, exact=True)
ops("elementwise", "mod=floormod", tf.math, wrap=operator)
ops("elementwise", "floor_divide=floordiv", tf.math, wrap=operator, exact=True, grad=None)
ops("elementwise", "negative", tf.math, exact=True)
ops("elementwise", "logical_not logical_and logical_or", tf.math, exact=True, grad=None)
ops("elementwise", "erf log1p expm1", tf.math)
ops("elementwise", "where", tf, exact=True)
ops("reduce", "max min", exact=True)
ops("reduce", "any all", exact=True, grad=None)
ops("reduce", "sum prod mean cumsum cumprod")
OPS["var"], OPS["std"] = Op("reduce", moment(K.var, 1)), Op("reduce", moment(K.std, 0.5))
ops("reduce", "argmax argmin", exact=True, grad=None, results=(0,))
ops("reduce", "logsumexp=reduce_logsumexp", tf)
ops("linear", "dot batch_dot")
OPS["matmul"] = Op("linear", matmul)
ops("linear", "transpose", exact=True)
ops("linear", "gather", exact=True, index=(1,))
ops("shape", "concatenate reshape repeat_=repeat tile flatten batch_flatten expand_dims stack", exact=True)
ops("shape", "permute_dimensions reverse squeeze", exact=True, axis=(1,))
OPS["repeat_elements"] = Op("shape", repeat_elements, exact=True, axis=(2,))
ops("shape", "one_hot", exact=True, index=(0,), grad=None)
ops("create", "zeros ones eye zeros_like ones_like arange constant variable cast_to_floatx", exact=True, grad=None)
OPS["count_params"] = Op("create", lambda x: int(K.count_params(x)), exact=True, grad=None)
ops("create", "shape int_shape ndim dtype epsilon floatx image_data_format", exact=True, grad=None)
ops("create", "cast stop_gradient", exact=True)
ops("update", "update update_add update_sub", exact=True, grad=None, variable=True)
ops("update", "set_value", exact=True, grad=None, variable=True)
ops("update", "moving_average_update", grad=None, variable=True)
ops("control", "switch in_train_phase in_test_phase", exact=True)
ops("control", "foldl foldr map_fn")
OPS["sort"] = Op("sorting", sort_with(tf.sort), exact=True)
OPS["argsort"] = Op("sorting", sort_with(tf.argsort, stable=True), exact=True, results=(0,), grad=None)
OPS["top_k"] = Op("sorting", top_k, exact=True, results=(1,))
ops("elementwise", "rsqrt tan asin acos atan sinh cosh", tf.math)
ops("elementwise", "ceil", tf.math, exact=True, grad=None)
OPS["trunc"] = Op("elementwise", lambda x: tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x)), exact=True, grad=None)
ops("elementwise", "isnan=is_nan isinf=is_inf isfinite=is_finite logical_xor", tf.math, exact=True, grad=None)
OPS["cummax"] = Op("reduce", running(np.maximum), exact=True, grad=None)
OPS["cummin"] = Op("reduce", running(np.minimum), exact=True, grad=None)
OPS["eye"] = Op("create", lambda n, m=None, dtype=f32: tf.eye(n, m, dtype=dtype), exact=True, grad=None)
OPS["split"] = Op("shape", lambda x, sizes, axis=0: list(tf.split(x, sizes, axis)), exact=True)
OPS["roll"] = Op("shape", roll, exact=True)
OPS["pad"] = Op("shape", lambda x, paddings, mode="constant", value=0: tf.pad(
    x, np.reshape(np.array(paddings, i32), (-1, 2)) if paddings == [] else paddings, mode, constant_values=value),
                exact=True)
OPS["diag"] = Op("matrix", diag, exact=True)
OPS["diagonal"] = Op("matrix", lambda x, k=0: tf.linalg.diag_part(x, k=k), exact=True)
for name in ("tril", "triu"):
    OPS[name] = Op("matrix", triangle(getattr(tf.experimental.numpy, name)), exact=True)
ops("matrix", "trace", tf.linalg)
OPS["norm"] = Op("matrix", norm)
ops("matrix", "einsum", tf)
ops("sorting", "boolean_mask", tf, exact=True)
OPS["nonzero"] = Op("sorting", tf.where, exact=True, results=(0,), grad=None)
for name in "set_floatx set_image_data_format set_epsilon set_learning_phase".split():
    OPS[name] = Op("create", getattr(K, name))


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
    if not op.exact and first.dtype.name in TOLERANCE:
        parts.append("tolerance = %g" % TOLERANCE[first.dtype.name])
    parts += gradients(op, args, options, first, tensors, grads, gradient, what)
    if op.variable:
        parts.append("changes = true")
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


# ---- the cases: elementwise ----------------------------------------------------------------------------------------
SHAPES = [(), (1,), (7,), (2, 3), (3, 1, 2), (2, 2, 1, 3), (1, 2, 2, 1, 3), (0,), (2, 0, 3)]
PAIRS = [((), ()), ((4,), (4,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)), ((2, 3), ()), ((), (2, 2)),
         ((2, 1, 3), (4, 1)), ((1, 2, 1, 3), (2, 1, 2, 1)), ((2, 1, 1, 2, 1), (2, 1, 3)), ((0, 3), (1, 3)),
         ((2, 0), (1,))]
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -2.5]
CROSS = (np.array(SPECIAL).reshape(7, 1), np.array(SPECIAL))  # each with each
INTS = [-7, -3, -1, 0, 1, 2, 9]


def unary():
    for name in "square abs exp sin cos sqrt round sign tanh sigmoid erf log negative log1p expm1".split():
        low = {"sqrt": 0, "log": 0, "log1p": -0.9}.get(name, -2)
        for shape in SHAPES:
            case(name, r(shape, low=low))
        for shape in [(4,), (2, 0), (2, 1, 2)]:
            case(name, r(shape, f64, low=low))
        for dtype in (f32, f64):
            if name == "erf":
                case(name, a(SPECIAL, dtype), truth=[math.erf(v) for v in SPECIAL],
                     note="corners; in float64 TensorFlow gives NaN at infinity")
            else:
                case(name, a(SPECIAL, dtype), note="corners")
    for name in "square abs round sign negative".split():
        for dtype in (i32, i64, u8):
            sweep(name, a([0, 1, 2, 9] if dtype == u8 else INTS, dtype))
        case(name, r((2, 0), i32))
    for dtype in (f32, f64):
        case("exp", a([-104, -87, -30, -1, 0, 1, 30, 88, 89, 700, -700], dtype), grads=False)
        case("log", a([1e-30, 1e-7, 0.5, 1, 2, 10, 1e30, 0, -1], dtype), grads=False)
        case("sin", a([0, 1, 3.140625, 6.25, 100, -1000], dtype))
        case("cos", a([0, 1, 3.140625, 6.25, 100, -1000], dtype))
        case("tanh", a([0, 1e-4, 0.5, 3, 9, 20, 100, -1e-4, -3, -100], dtype))
        case("sigmoid", a([0, 1e-4, 0.5, 3, 16, 30, 90, -3, -16, -30, -90, -110], dtype))
        case("erf", a([0, 1e-4, 0.5, 0.875, 1, 1.5, 2, 3, 4, 6, 30, -0.25, -1, -2, -5], dtype))
        case("round", a([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, 0.25, 0.75, 1e6 + 0.5, 8388609], dtype),
             note="half to even")
        case("abs", a([0.0, -0.0, 2, -2], dtype), note="the gradient at 0 is 0")
        case("sign", a([0.0, -0.0, 2, -2], dtype), note="the gradient is 0")
        case("sqrt", a([-4, -0.25, 0.25, 4], dtype), note="clipped at 0, and its gradient")
        case("sqrt", a([0, 0], dtype), note="the gradient at 0 is infinite")
        case("log", a([0, 1], dtype), note="the gradient at 0 is infinite")


def binary():
    for name in "add subtract multiply divide floor_divide mod maximum minimum".split():
        for i, (s, t) in enumerate(PAIRS):
            x, y = r(s, salt=i), r(t, salt=i + 100)
            case(name, x, y if (x.size == 0) or name in ("add", "subtract", "multiply") else away(x, y))
        case(name, r((2, 3), f64), r((3, 1, 3), f64, 1, 3))
        for dtype in (i32, i64):
            x, y = r((3, 4), dtype), r((4,), dtype, salt=1)
            if name != "divide":
                case(name, x, np.where(y == 0, 5, y).astype(dtype))
                case(name, r((2, 0), dtype), a([2], dtype))
                case(name, x, 3)
                case(name, 7, np.where(x == 0, -4, x).astype(dtype))
        case(name, r((2, 3)), 0.75)
        case(name, -1.5, r((2, 3)))
        case(name, r((2, 3), f64), 0.1)
        case(name, 2, r((3,), f64))
        x, y = (v.astype(f32) for v in CROSS)
        case(name, x, y[np.isfinite(y)] if name in ("mod", "floor_divide") else y, note="corners")
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        sweep(name, a([20, 9, 5], u8), a([3, 4, 5], u8))
    for dtype in (f32, f64, i32, i64):
        x, y = a([7, 7, -7, -7, 6, -6, 0], dtype), a([2, -2, 2, -2, 3, 3, -5], dtype)
        case("floor_divide", x, y, note="towards minus infinity")
        case("mod", x, y, note="the sign of y")
    for name in ("maximum", "minimum"):
        case(name, a([1, 2, -3, 0]), a([1, 2, -3, 0]), note="a tie goes to the first argument")
        case(name, a([1, 2]), 1.0, note="a tie goes to the first argument")
    for name in "equal not_equal greater greater_equal less less_equal".split():
        for i, (s, t) in enumerate(PAIRS):
            case(name, r(s, i32, salt=i) // 4, r(t, i32, salt=i + 100) // 4)
        for dtype in (f32, f64, i32, i64, u8):
            case(name, a([1, 2, 3, 3], dtype), a([2, 2, 2, 3], dtype))
        for dtype in (f32, f64):
            case(name, *(v.astype(dtype) for v in CROSS), note="corners")
        case(name, r((2, 3)), 0.5)
        case(name, a([1, 2, 3], i32), 2)
        case(name, 0.1, a([0.1, 0.2, 0.3], f64))
        if "equal" in name and len(name) < 10:
            case(name, a([[True, False]], bool), a([[True], [False]], bool))
    case("equal", a([0.1, 0.2], f32), 0.1, note="the number takes the tensor's dtype first")
    for name in ("logical_and", "logical_or"):
        case(name, a([False, False, True, True], bool), a([False, True, False, True], bool))
        case(name, r((2, 1, 3), "bool"), r((4, 1), "bool", salt=1))
        case(name, r((0, 3), "bool"), r((3,), "bool"))
        case(name, a(True, bool), r((2, 2), "bool"))
    for shape in [(), (3,), (2, 0), (2, 1, 3)]:
        case("logical_not", r(shape, "bool"))


def away(x, y):
    """y, moved by 1/32 where it ties with x."""
    return np.where(np.broadcast_to(np.isin(y, x), y.shape), y + y.dtype.type(1 / 32), y).astype(y.dtype)


def pow_clip_where():
    for shape in [(), (5,), (2, 3), (2, 0), (2, 1, 2, 3)]:
        case("pow", r(shape, low=0), 2.5)
        case("pow", r(shape), 3)
        case("pow", r(shape, f64, 0), -1.5)
    for s, t in PAIRS:
        case("pow", r(s, low=0), r(t))
    case("pow", r((2, 3), f64, 0, 3), r((2, 1), f64))
    for dtype in (f32, f64):
        case("pow", a([-2, -2, 0, 0, 2, -2, -0.5], dtype), a([0.5, 3, 2, 0.5, -3, 2, -2], dtype), grads=False,
             note="corners")
        case("pow", a([-2, -1.5, 2], dtype), a([3, 2, 2], dtype), note="d/da is 0 where x <= 0")
        case("pow", a([NAN, INF, -INF, 1, 0, NAN], dtype), a([0, 2, 3, NAN, 0, 1], dtype), note="corners")
        for e in (0, 1, 2, -1, 0.5):
            case("pow", a([0.25, 1, 4], dtype), float(e))
        case("pow", a([0, -2, 3], dtype), 2.0, note="the gradient at 0")
    for dtype in (i32, i64):
        case("pow", a([-3, -1, 0, 2, 3], dtype), 3)
        case("pow", a([-3, -1, 0, 2, 3], dtype), a([2, 5, 0, 10, 0], dtype))
    for shape in SHAPES:
        case("relu", r(shape))
    ramp = a([-2, -0.5, 0, 0.5, 1, 3, 6, 7])
    for settings in (dict(), dict(alpha=0.25), dict(max_value=6.0), dict(max_value=1.0), dict(threshold=0.5),
                     dict(alpha=0.25, max_value=6.0), dict(alpha=0.25, max_value=3.0, threshold=0.5),
                     dict(threshold=6.0, max_value=3.0), dict(threshold=-1.0), dict(alpha=-0.5, threshold=1.0)):
        case("relu", ramp, note="corners", **settings)
        case("relu", r((2, 3), f64), **settings)
    case("relu", a([INF, -INF, 0.0]), grads=False, note="corners")
    for shape in SHAPES:
        case("clip", r(shape), -0.5, 0.75)
    case("clip", r((2, 3), f64), -0.1, 0.7)
    for dtype in (i32, i64):
        case("clip", a(INTS, dtype), -2, 4)
    case("clip", r((3, 3)), None, 0.25)
    case("clip", r((3, 3)), -0.25, None)
    case("clip", r((3,)), None, None)
    case("clip", r((2, 3)), 1.0, -1.0, note="max below min: everything becomes min")
    case("clip", a(INTS, i32), 4, -2, note="max below min: everything becomes min")
    case("clip", a([NAN, INF, -INF, 0.0]), -1.0, 1.0, note="corners")
    case("clip", a([-2, -1, 0, 1, 2]), -1.0, 1.0, note="the gradient is 1 at both bounds")
    case("clip", r((2, 3)), r((3,), low=-2, high=-1), r((2, 1), low=0, high=1), note="bounds that are tensors")
    case("clip", r((2, 3), f64), r((2, 3), f64, -2, 0), r((2, 3), f64, 0, 2), note="bounds that are tensors")
    for i, (s, t) in enumerate(PAIRS):
        case("where", r(np.broadcast_shapes(s, t), "bool", salt=i), r(s, salt=i), r(t, salt=i + 50))
    case("where", r((3, 1), "bool"), r((2, 1, 4)), r((4,)), note="the condition broadcasts too")
    case("where", a(True, bool), r((2,)), r((3, 2)))
    case("where", r((4,), "bool"), r((2, 4), f64), r((2, 1), f64))
    for dtype in (i32, i64, u8, "bool"):
        case("where", r((2, 3), "bool"), r((2, 3), dtype), r((3,), dtype, salt=1))
    case("where", a([True, False], bool), r((2,)), 0.5)
    case("where", a([True, False], bool), 0.5, r((2,), f64))
    case("where", a([True, False, True], bool), a([1, 2, 3]), a([NAN, NAN, INF]),
         note="what is not chosen does not matter")


# ---- reduce --------------------------------------------------------------------------------------------------------
AXES = {(): [None, []], (1,): [None, 0], (6,): [None, 0, [-1], []], (2, 3): [None, 0, 1, -1, [0, 1], [1, 0], []],
        (3, 1, 2): [1, [0, -1], -3], (2, 2, 1, 3): [[0, 2], [1, 3], [-1, 0, 1]],
        (1, 2, 2, 1, 3): [2, [0, 4], [1, -2]],
        (0,): [None, 0], (2, 0): [0, 1, None], (0, 3): [0, -1], (2, 0, 3): [[0, 2], [1]]}


def reduce():
    for name in "max min sum prod mean var std logsumexp any all".split():
        for shape, axes in AXES.items():
            for i, axis in enumerate(axes):
                x = r(shape, "bool", salt=i) if name in ("any", "all") else r(shape)
                options = dict(axis=axis, **({} if i % 3 == 0 else dict(keepdims=i % 3 == 1)))
                case(name, x, grads=x.size > 0 or name in ("sum", "prod"), **options)
        if name in ("any", "all"):
            for dtype in (f32, f64, i32, i64, u8):
                sweep(name, a([[0, 0], [0, 2], [1, 3]], dtype), axis=1)
            case(name, a([[0.0, -0.0], [NAN, 0], [INF, NAN]]), axis=-1, note="NaN is true")
            continue
        for axis in (None, 0, [1, 2]):
            case(name, r((2, 3, 2), f64), axis=axis, keepdims=axis == 0)
        for dtype in (f32, f64):
            case(name, a([[NAN, 1, 2], [INF, 1, 2], [-INF, 1, 2], [INF, -INF, 0], [NAN, INF, -INF], [3, 1, 2]],
                         dtype),
                 axis=1, note="corners")
        if name in ("max", "min", "sum", "prod"):
            for dtype in (i32, i64, u8):
                for axis in (None, 0, -1):
                    case(name, a([[3, 1, 2], [1, 2, 2]], dtype), axis=axis)
            case(name, r((3, 4), i32), axis=[0, 1], keepdims=True)
            case(name, r((3, 0), i32), axis=1)
            case(name, r((2, 2, 2), i64), axis=[0, 2])
    for name in ("max", "min"):
        case(name, a([[2, 2, 1], [1, 1, 1], [0, -2, -2]]), axis=1, note="ties share the gradient")
        case(name, a([[2, 2, 1], [1, 2, 1]], f64), note="ties share the gradient")
    for name in ("mean", "var", "std"):
        case(name, a([[True, False, False], [True, True, True]], bool), axis=0, note="bool is cast first")
        case(name, a([True, False, True, True], bool), note="bool is cast first")
    case("var", a([4, 4, 4]), note="equal values")
    case("std", a([4, 4, 4]), note="equal values: the gradient is 0, NaN in TensorFlow")
    case("std", a([[1, 1, 1], [1, 2, 3]], f64), axis=1, keepdims=True, note="equal values: the gradient is 0, NaN in TensorFlow")
    case("var", a([4096.25, 4096.75, 4097.25, 4095.75]), grads=False, note="a mean far from 0")
    case("prod", a([[0, 2, 3], [0, 2, 0], [1, 2, 3]]), axis=1, note="zeros")
    case("prod", a([0, 2, 3, -1.5], f64), note="a zero")
    for dtype in (f32, f64):
        case("logsumexp", a([[-INF, -INF], [-INF, 0.5], [INF, 1], [INF, -INF]], dtype), axis=1, note="infinities")
        case("logsumexp", a([[1000, 1000.5], [-1000, -1000.25], [0, 500]], dtype), axis=1, note="no overflow")
    for name in ("cumsum", "cumprod"):
        for shape, axis in [((1,), None), ((5,), None), ((5,), -1), ((2, 3), None), ((2, 3), 1), ((3, 1, 2), -1),
                            ((3, 1, 2), 0),
                            ((2, 2, 1, 3), 1), ((2, 2, 1, 3), -2), ((1, 2, 2, 1, 3), 4), ((0,), None), ((2, 0), 0),
                            ((2, 0), 1)]:
            case(name, r(shape), axis=axis)
        case(name, r((3, 4), f64), axis=1)
        case(name, r((2, 3), f64))
        for dtype in (i32, i64):
            case(name, r((3, 3), dtype))
            case(name, r((3, 3), dtype), axis=-1)
        sweep(name, a([1, 2, 3], u8))
        case(name, a([[1, NAN, 2], [INF, 1, -INF]]), axis=1, note="corners")
    for x in (a([2, 0, 3, 4], f64), a([2, -1, 0, 3, 0, 1.5])):
        case("cumprod", x, gradient=lambda g, x=x: [cumprod_gradient(x.astype(f64), g)],
             note="zeros: the true gradient, not TensorFlow's")
    for name in ("argmax", "argmin"):
        for shape, axis in [((1,), None), ((6,), None), ((6,), 0), ((2, 3), None), ((2, 3), 0), ((3, 1, 2), 1),
                            ((3, 4, 2), -2),
                            ((2, 2, 1, 3), 1), ((1, 2, 2, 1, 3), -1), ((0, 3), None), ((3, 0), 0)]:
            case(name, r(shape), axis=axis)
        case(name, r((2, 3), f64))
        for dtype in (f32, f64, i32, i64, u8):
            case(name, a([[3, 1, 3], [1, 1, 2]], dtype), note="the first of a tie")
            case(name, a([[3, 1, 3], [3, 1, 2]], dtype), axis=0, note="the first of a tie")
        sweep(name, a([[False, True, True], [False, False, False]], bool))
        case(name, a([[1, NAN, 2], [2, 1, NAN], [-1, 3, NAN], [INF, -INF, 0]]), axis=1, note="a NaN is passed over")


def cumprod_gradient(x, g):
    """By definition: d y[i] / d x[j] is the product of the others up to i."""
    return np.array([sum(g[i] * np.prod(np.delete(x[:i + 1], j)) for i in range(j, len(x))) for j in range(len(x))])


# ---- linear --------------------------------------------------------------------------------------------------------
def linear():
    for s, t in [((2, 3), (3, 4)), ((1, 1), (1, 1)), ((1, 5), (5, 1)), ((4, 1), (1, 3)), ((7, 6), (6, 5)),
                 ((2, 3), (2, 3, 4)),
                 ((2, 3, 4), (4, 2)), ((2, 1, 3), (2, 3, 2)), ((2, 2, 2, 3), (3, 2)), ((3, 2), (2, 1, 2, 3)),
                 ((2, 2, 1, 3), (2, 3, 1)),
                 ((1, 2, 1, 2), (2, 1, 2, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0))]:
        case("dot", r(s), r(t, salt=1))
    case("dot", r((2, 3), f64), r((3, 4), f64, salt=1))
    case("dot", r((2, 2, 3), f64), r((2, 3, 2), f64, salt=1))
    case("dot", r((2, 3), i32), r((3, 2), i32, salt=1))
    case("dot", r((2, 2, 3), i32), r((3, 2), i32, salt=1))
    case("dot", r((2, 3), i64), r((3, 2), i64, salt=1))
    case("dot", a([[1, INF], [NAN, 1]]), a([[1, 2], [0, 1]]), note="corners")
    for s, t in [((2, 3), (3, 4)), ((1, 1), (1, 1)), ((2, 2, 3), (2, 3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (3, 3, 2)),
                 ((1, 2, 3), (4, 3, 1)),
                 ((2, 1, 2, 3), (3, 3, 2)), ((2, 1, 2, 2), (1, 3, 2, 2)), ((2, 0, 3), (2, 3, 2)),
                 ((2, 2, 0), (2, 0, 2)), ((0, 2, 3), (0, 3, 2)),
                 ((1, 2, 1, 2, 2), (2, 1, 1, 2, 1))]:
        case("matmul", r(s), r(t, salt=1))
    case("matmul", r((2, 2, 3), f64), r((3, 2), f64, salt=1))
    case("matmul", r((2, 3), i32), r((3, 2), i32, salt=1))
    for s, t, axes in [
            ((3, 4), (3, 4), None), ((3, 4), (3, 4), 1), ((3, 4), (3, 4), [1, 1]), ((2, 3, 4), (2, 4, 2), None),
            ((2, 3, 4), (2, 4), None),
            ((2, 4), (2, 4, 3), None), ((2, 3, 2), (2, 3, 4), 1), ((2, 3, 2), (2, 4, 2), [2, 2]),
            ((2, 3, 2), (2, 2, 4), [2, 1]),
            ((2, 3, 2), (2, 3, 4), [1, 1]), ((2, 3, 2), (2, 4, 3), [1, 2]), ((2, 3, 2), (2, 4, 2), [-1, -1]),
            ((2, 3, 2), (2, 3), [1, 1]),
            ((2, 3), (2, 2, 3), [1, 2]), ((2, 3), (2, 3, 2), [1, 1]), ((2, 3, 2), (2, 4, 2), 2),
            ((2, 2, 3, 2), (2, 2, 2), None),
            ((2, 2, 3, 2), (2, 3, 2), [2, 1]), ((2, 2, 3, 2), (2, 2, 3), [1, 1]), ((2, 3, 2), (2, 2, 3, 2), [1, 2]),
            ((2, 2, 3, 2), (2, 3, 2, 2), [1, 3]), ((2, 2, 1, 3), (2, 1, 3, 2), [3, 2]),
            ((2, 2, 1, 3), (2, 2, 3, 1), None),
            ((2, 3, 2, 2), (2, 3), [1, 1]), ((2, 3), (2, 2, 3, 2), [1, 2]), ((1, 3, 2), (1, 3, 2), 1),
            ((2, 1, 3), (2, 3, 1), None),
            ((0, 2, 3), (0, 3, 2), None)]:
        case("batch_dot", r(s), r(t, salt=1), axes=axes)
    for s, t, axes in [((2, 3, 2), (2, 2, 2), None), ((2, 3), (2, 3), None), ((2, 2, 3, 2), (2, 4, 2), [3, 2])]:
        case("batch_dot", r(s, f64), r(t, f64, salt=1), axes=axes)
    case("batch_dot", r((2, 2, 3), i32), r((2, 3, 2), i32, salt=1))
    for shape in [(), (3,), (2, 3), (2, 1, 3), (2, 3, 1, 2), (1, 2, 3, 1, 2), (2, 0), (0, 2, 3)]:
        case("transpose", r(shape))
    for dtype in (f64, i32, i64, u8, "bool"):
        case("transpose", r((2, 3), dtype))
    for shape, indices in [((4,), a([2, 0, 2, 3], i32)), ((4, 2), a([[0, 3], [1, 1]], i32)), ((3, 2, 2), a([2], i32)),
                           ((4, 2), a(1, i32)),
                           ((5, 1, 2), a([[[4], [0]]], i64)), ((4, 2), a([], i32)), ((3, 0), a([1, 2], i32)),
                           ((3,), a([], i64)),
                           ((2, 1, 2, 2), a([1, 1, 1], i64)), ((0, 2), a([], i32))]:
        case("gather", r(shape), indices)
    for dtype in (f64, i32, i64, u8, "bool"):
        case("gather", r((4, 2), dtype), a([3, 0, 0], i32))


# ---- shape ---------------------------------------------------------------------------------------------------------
def shape():
    every = (f64, i32, i64, u8, "bool")
    for shapes, axis in [([(2,), (3,)], None), ([(2, 3), (2, 1)], None), ([(2, 3), (1, 3)], 0),
                         ([(2, 3), (2, 2), (2, 1)], 1), ([(1, 2, 2)] * 2, 1),
                         ([(1, 2, 2)] * 2, -3), ([(2, 0), (2, 3)], -1), ([(0, 2), (0, 2)], 0),
                         ([(2, 1, 3, 1), (2, 2, 3, 1)], -3), ([(3,)], None),
                         ([(1, 2, 1, 2, 1)] * 3, 2)]:
        case("concatenate", [r(s, salt=i) for i, s in enumerate(shapes)], axis=axis)
    for dtype in every:
        case("concatenate", [r((2, 2), dtype), r((1, 2), dtype, salt=1)], axis=0)
    for s, new in [((), [1]), ((), [1, 1]), ((1,), []), ((6,), [2, 3]), ((2, 3), [3, 2]), ((2, 3), [-1]),
                   ((2, 3), [3, -1]), ((2, 3, 2), [2, 1, -1, 1]),
                   ((2, 3, 2), [4, 3]), ((0, 3), [3, 0]), ((0, 3), [-1]), ((2, 0), [0, 5, 7]), ((0, 3), [-1, 3]),
                   ((2, 2, 1, 3), [1, 2, 2, 1, 3])]:
        case("reshape", r(s), new)
    for s, pattern in [((), []), ((3,), [0]), ((2, 3), [1, 0]), ((2, 3), [0, 1]), ((2, 3, 2), [2, 0, 1]),
                       ((2, 3, 1), [1, 2, 0]),
                       ((2, 1, 3, 2), [3, 1, 0, 2]), ((2, 1, 3, 2), [0, 2, 3, 1]), ((1, 2, 3, 1, 2), [4, 2, 0, 3, 1]),
                       ((2, 0, 3), [2, 1, 0])]:
        case("permute_dimensions", r(s), pattern)
    for s, rep, axis in [((3,), 2, 0), ((3,), 1, 0), ((2, 3), 2, 0), ((2, 3), 3, 1), ((2, 3), 2, -1),
                         ((2, 1, 3), 3, 1), ((2, 2, 1, 2), 2, -3),
                         ((2, 3, 1), 2, 0), ((2, 0), 2, 0)]:
        case("repeat_elements", r(s), rep, axis)
    for s, n in [((2, 3), 2), ((2, 3), 1), ((1, 1), 4), ((0, 2), 3), ((2, 0), 2), ((3, 2), 0)]:
        case("repeat_", r(s), n)
    for s, n in [((3,), 2), ((3,), [2]), ((3,), 1), ((2, 3), [2, 1]), ((2, 3), [1, 2]), ((2, 2), [2, 3]),
                 ((2, 1, 2), [1, 3, 2]), ((2, 3), [2, 0]),
                 ((0, 2), [3, 2]), ((1, 2, 1, 2), [2, 1, 2, 1]), ((2,), 0), ((), [])]:
        case("tile", r(s), n)
    for s in [(), (1,), (4,), (2, 3), (2, 1, 3), (2, 2, 1, 2), (2, 0), (1, 2, 1, 2, 2)]:
        case("flatten", r(s))
    for s in [(3,), (2, 3), (2, 1, 3), (2, 2, 1, 2), (2, 1, 2, 2, 1), (0, 2, 3)]:
        case("batch_flatten", r(s))
    for s, axis in [((), None), ((), 0), ((3,), None), ((3,), 0), ((2, 3), 1), ((2, 3), -2), ((2, 3), -3),
                    ((2, 1, 3), 3), ((2, 0), 1), ((2, 1, 2, 2), 2)]:
        case("expand_dims", r(s), axis=axis)
    for s, axis in [((1,), 0), ((1, 3), 0), ((3, 1), -1), ((2, 1, 3), 1), ((2, 1, 3), -2), ((1, 2, 1, 2), 2),
                    ((1, 0), 0), ((2, 1, 2, 1, 2), 3)]:
        case("squeeze", r(s), axis)
    for s, n, axis in [((), 3, None), ((3,), 2, None), ((3,), 2, 1), ((3,), 2, -1), ((2, 3), 2, 1), ((2, 3), 3, -3),
                       ((2, 3), 1, -1), ((0, 2), 2, 1),
                       ((2, 1, 2, 1), 2, 3)]:
        case("stack", [r(s, salt=i) for i in range(n)], axis=axis)
    for s, axes in [((4,), 0), ((4,), [0]), ((2, 3), 1), ((2, 3), [0, 1]), ((2, 3), -1), ((2, 3, 2), [-1, 0]),
                    ((2, 1, 3, 2), [2]), ((2, 0), 0),
                    ((2, 3), []), ((1, 2, 2, 1, 3), [1, 4])]:
        case("reverse", r(s), axes)
    for dtype in every:
        x = r((2, 3), dtype)
        case("reshape", x, [3, 2])
        case("permute_dimensions", x, [1, 0])
        case("repeat_elements", x, 2, 1)
        case("repeat_", x, 2)
        case("tile", x, [2, 1])
        case("flatten", x)
        case("batch_flatten", r((2, 1, 2), dtype))
        case("expand_dims", x, axis=0)
        case("squeeze", r((2, 1), dtype), 1)
        case("stack", [x, r((2, 3), dtype, salt=1)])
        case("reverse", x, [1])
    for indices, n in [(a(1, i32), 3), (a([0, 2, 1], i32), 3), (a([0, 2, 1], i64), 4), (a([[0, 1], [1, 1]], i32), 2),
                       (a([3, 0], u8), 4), (a([], i32), 3),
                       (a([[[0]], [[1]]], i64), 2), (r((2, 0), i32), 2), (a([0], i32), 1)]:
        case("one_hot", indices, n)


# ---- create, update, control, sorting --------------------------------------------------------------------------------
def create():
    every = (f32, f64, i32, i64, u8, "bool")
    for name in ("zeros", "ones"):
        for s in [[], [3], [2, 3], [2, 0], [1, 2, 1, 2]]:
            case(name, s)
        for dtype in every:
            case(name, [2, 2], dtype=dtype)
    for name in ("zeros_like", "ones_like"):
        for s in [(), (3,), (2, 0, 3), (2, 1, 2)]:
            case(name, r(s))
        for dtype in every:
            case(name, r((2, 2), dtype))
            case(name, r((2,)), dtype=dtype)
        case(name, a([NAN, INF]))
    for n in (0, 1, 3):
        case("eye", n)
    for dtype in (f64, i32, i64, u8):
        case("eye", 2, dtype=dtype)
    for given in [(5,), (0,), (-3,), (2, 6), (-2, 2), (3, 3), (0, 7, 3), (7, 0, -2), (1, 2, 5), (0, 2, 0.5), (2.5,),
                  (0.25, 1.25, 0.25), (5, -1, -2.5)]:
        case("arange", *given)
    for dtype in (f32, f64, i64):
        case("arange", 4, dtype=dtype)
        case("arange", 1, 8, 3, dtype=dtype)
    for value in (3, -0.5, [1, 2, 3], [[1.5, 2], [3, 4], [5, 6]], [[[1], [2]]], []):
        case("constant", value)
        case("variable", value)
    for dtype in (f64, i32, i64, u8):
        case("constant", [[1, 2], [3, 4]], dtype=dtype)
        case("constant", 7, dtype=dtype, shape=[2, 3])
        case("variable", [[1, 2], [3, 4]], dtype=dtype)
    case("constant", [True, False], dtype="bool")
    case("variable", [True, False], dtype="bool")
    case("constant", [1, 2, 3, 4, 5, 6], shape=[3, 2])
    case("constant", [[1, 2, 3], [4, 5, 6]], shape=[6])
    case("constant", 1.5, shape=[])
    case("constant", 0.1, shape=[2, 0])
    case("constant", 0.1, dtype=f64)
    for target in every:
        for source in every:
            if source in (f32, f64):
                x = a([0, 1, 2.75, 100.5] if target == u8 else [0, 1, -1, 2.75, -2.75, 0.25, -0.25, 1e6], source)
            else:
                x = a({"bool": [0, 1, 0], u8: [0, 1, 2, 200]}.get(source, [0, 1, -1, 77, -300]), source)
            case("cast", x, target)
    case("cast", a([2**32 + 5, -2**40 - 1, 2**31, 255], i64), i32, note="wraps")
    case("cast", a([256, 511, -1, 1000], i32), u8, note="wraps")
    case("cast", a([2**53 + 1, -2**53 - 3, 2**62 + 1], i64), f64, note="rounds to even")
    case("cast", a([2**24 + 1, 2**31 - 1], i32), f32, note="rounds to even")
    case("cast", a([0.1, 1e-50, 1e30, 1 + 2**-24], f64), f32)
    case("cast", a([NAN, INF, -INF, -0.0]), f64, grads=False)
    case("cast", a([NAN, INF, 0.0, -0.0, 1e-30]), "bool", note="NaN is true")
    for s in [(), (0, 3), (2, 1, 2)]:
        case("cast", r(s), f64)
        case("cast", r(s), i32)
    for dtype in every:
        case("cast_to_floatx", r((2, 3), dtype))
    case("cast_to_floatx", [[1, 2], [3, 4]])
    for s in [(), (2, 3), (2, 0)]:
        case("stop_gradient", r(s), gradient=lambda g: [np.zeros_like(g)])
    for s in [(), (3,), (2, 3), (2, 0), (2, 1, 3, 1)]:
        for name in ("shape", "int_shape", "ndim", "count_params"):
            case(name, r(s))
    for dtype in every:
        case("dtype", r((2,), dtype))
        case("ndim", r((2, 1), dtype))
    for name in ("epsilon", "floatx", "image_data_format"):
        case(name)


def update():
    for s in [(), (3,), (2, 3), (2, 1, 2), (2, 0)]:
        for name in ("update", "update_add", "update_sub"):
            case(name, r(s), r(s, salt=1))
        case("moving_average_update", r(s), r(s, salt=1), 0.75)
    for dtype in (f64, i32, i64):
        for name in ("update", "update_add", "update_sub"):
            case(name, r((2, 2), dtype), r((2, 2), dtype, salt=1))
    for momentum in (0.984375, 0.0, 1.0):  # TensorFlow rounds it to float32
        case("moving_average_update", r((2, 3), f64), r((2, 3), f64, salt=1), momentum)
    case("moving_average_update", r((2, 3)), r((2, 3), salt=1), 0.99)
    case("set_value", r((2, 2)), [[1, 2], [3, 4]])
    case("set_value", r((2,), i32), [5, 6])


def control():
    for c, s in [((), (2, 3)), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2,), (2,)), ((2, 1), (2, 3)), ((2, 3), (2, 3, 2)),
                 ((2, 1), (2, 2, 2)), ((2, 1, 2), (2, 3, 2)),
                 ((2, 0), (2, 0)), ((2, 2), (2, 2, 1, 3)), ((3,), (2, 1, 3))]:
        for salt in (0, 1):
            case("switch", r(c, "bool", salt=salt), r(s), r(s, salt=9))
    for value in (True, False):
        case("switch", a(value, bool), r((2, 2), f64), r((2, 2), f64, salt=1))
        case("switch", a(value, bool), r((2,), i32), r((2,), i32, salt=1))
    case("switch", a([0.0, 2.0, -1.0, 0.5]), r((4,)), r((4,), salt=1), grads=False,
         note="a number counts as true when it is not 0")
    case("switch", a(0, i32), r((2,)), r((2,), salt=1))
    case("switch", a([3, 0], i32), r((2,)), r((2,), salt=1))
    for name in ("in_train_phase", "in_test_phase"):
        for training in (None, True, False, 1, 0):
            case(name, r((2,)), r((2,), salt=1), training=training, grads=False)
    for name in ("foldl", "foldr"):
        for fn in ("acc + e", "acc - e", "acc * e", "acc * acc - e"):
            case(name, Fn(fn), a([1, 2, 3, 4]))
            case(name, Fn(fn), r((3, 2)))
            case(name, Fn(fn), r((3, 2), f64), initializer=r((2,), f64, salt=1))
        case(name, Fn("acc - e"), a([1, 2, 3, 4], i32))
        case(name, Fn("acc - e"), r((0, 2)), initializer=r((2,)))
        case(name, Fn("acc - e"), r((1, 2)))
        case(name, Fn("acc - e"), r((3, 2)), initializer=a(0.5))
    for fn in ("e * e", "e - 1", "sum(e)", "exp(e)"):
        for s in [(3,), (2, 3), (1, 2, 2)]:
            case("map_fn", Fn(fn), r(s))
        case("map_fn", Fn(fn), r((2, 2), f64))
    case("map_fn", Fn("e * e"), r((3, 2), i32))
    case("map_fn", Fn("e > 0"), r((3, 2)), dtype="bool")


def sorting():
    for name in ("sort", "argsort"):
        for s, axis in [((1,), None), ((6,), None), ((6,), 0), ((2, 5), None), ((5, 2), 0), ((3, 1, 2), 1),
                        ((3, 4, 2), -2), ((2, 3, 1, 2), 1), ((0, 3), -1)]:
            for direction in (None, "descending"):
                case(name, r(s), axis=axis, **({"direction": direction} if direction else {}))
        for dtype in (f32, f64, i32, i64, u8):
            for direction in ("ascending", "descending"):
                sweep(name, a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), direction=direction, note="ties")
        case(name, r((3, 4), f64), axis=1)
        case(name, a([2, INF, -INF, 0, -1]), note="infinities")
    for s, k in [((5,), 1), ((5,), 3), ((5,), 5), ((2, 4), 2), ((2, 1, 3), 2), ((3,), 0), ((0, 3), 2),
                 ((2, 2, 1, 3), 2)]:
        case("top_k", r(s), k)
    for dtype in (f32, f64, i32, i64, u8):
        sweep("top_k", a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), 4, note="ties: the first comes first")


# ---- what must be refused --------------------------------------------------------------------------------------------
def few(shape, dtype=f32):
    return (np.arange(int(np.prod(shape))) % 5 + 1).astype(dtype).reshape(shape)


def refusals():
    x, y, n, b = few((2, 3)), few((2, 3), f64), few((2, 3), i32), few((2, 3), "bool")
    for name in "exp log sin cos sqrt tanh sigmoid erf".split():
        refused(name, n)
    refused("logsumexp", n)
    comparisons = "equal not_equal greater greater_equal less less_equal"
    for name in ("add subtract multiply divide floor_divide mod maximum minimum pow " + comparisons).split():
        refused(name, x, y)
        refused(name, x, n)
        refused(name, n, few((2, 3), i64))
        refused(name, x, few((2,)))
        refused(name, few((2, 3, 4)), few((3, 2, 4)))
        refused(name, few((0, 3)), few((2, 3)))
        if name not in ("divide",):
            refused(name, n, 0.5)
    for name in ("floor_divide", "mod"):
        refused(name, n, 0)
        refused(name, a([1, 2], i32), a([1, 0], i32))
    refused("pow", n, -1)
    refused("pow", a([1, 2], i32), a([1, -1], i32))
    refused("logical_and", n, n)
    refused("logical_not", x)
    refused("logical_or", b, few((2,), "bool"))
    refused("where", n, x, x)
    refused("where", b, x, y)
    refused("where", b, x, few((2,)))
    for name in "max min sum prod mean var std any all logsumexp".split():
        of = b if name in ("any", "all") else x
        for axis in (2, -3, [0, 5], [0, 0], [0, -2]):
            refused(name, of, axis=axis)
        refused(name, a(1.0) if of is x else a(True, bool), axis=0)
        refused_in_lua(name, "axes count from 1", of, axis=0)
        refused_in_lua(name, "axes count from 1", of, axis=[1, 0])
    for name in ("max", "min", "sum", "prod"):
        refused(name, b)
    for name in ("argmax", "argmin", "cumsum", "cumprod", "sort", "argsort"):
        refused(name, x, axis=2)
        refused(name, x, axis=-3)
        refused(name, a(1.0))
        refused_in_lua(name, "axes count from 1", x, axis=0)
    for name in ("argmax", "argmin"):
        refused(name, few((0,)))
        refused(name, few((2, 0)))
    refused("cumsum", b)
    refused("dot", few((3,)), few((3, 2)))
    refused("dot", few((2, 3)), few((3,)))
    refused("dot", few((2, 3)), few((2, 3)))
    refused("dot", few((2, 2, 3)), few((2, 2, 3)))
    refused("dot", x, few((3, 2), f64))
    refused("dot", a(1.0), x, why="not of rank 2 or more")
    refused("matmul", few((2, 3)), few((2, 3)))
    refused("matmul", few((3,)), few((2, 3)))
    refused("matmul", few((2, 3)), few((2,)))
    refused("matmul", a(1.0), few((2,)))
    refused("matmul", few((2, 2, 3)), few((3, 3, 2)))
    refused("matmul", x, few((3, 2), f64))
    refused("batch_dot", few((3,)), few((3,)))
    refused("batch_dot", few((2, 3)), few((3, 3)))
    refused("batch_dot", few((2, 3)), few((2, 4)))
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)))
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=[0, 0])
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=0)
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=3)
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=[1, 2])
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=[[1], [1]])
    refused("batch_dot", few((2, 3, 4)), few((2, 3, 4)), axes=[1, 1, 1])
    refused("batch_dot", x, y)
    refused("gather", x, a([2], i32))
    refused("gather", x, a([-1], i32))
    refused("gather", x, a([1.0]))
    refused("gather", a(1.0), a([0], i32))
    refused_in_lua("gather", "indices count from 1", x, a([-1], i32))
    refused("concatenate", [x, few((3, 3))])
    refused("concatenate", [x, few((2,))])
    refused("concatenate", [x, y])
    refused("concatenate", [x, x], axis=2)
    refused("concatenate", [])
    refused_in_lua("concatenate", "axes count from 1", [x, x], axis=0)
    refused("reshape", x, [4])
    refused("reshape", x, [-1, 4])
    refused("reshape", x, [-1, -1])
    refused("reshape", x, [-2, 3])
    for pattern in ([0], [0, 0], [0, 2], [0, 1, 2]):
        refused("permute_dimensions", x, pattern)
    refused_in_lua("permute_dimensions", "axes count from 1", x, [0, 1])
    refused("repeat_elements", x, 2, 2)
    refused("repeat_elements", x, -1, 0)
    refused_in_lua("repeat_elements", "axes count from 1", x, 2, 0)
    refused("repeat_", few((3,)), 2)
    refused("repeat_", few((2, 1, 2)), 2)
    refused("tile", x, 2)
    refused("tile", x, [1, 2, 3])
    refused("tile", x, [1, -1])
    refused("expand_dims", x, axis=3)
    refused("expand_dims", x, axis=-4)
    refused_in_lua("expand_dims", "axes count from 1", x, axis=0)
    refused("squeeze", x, 0)
    refused("squeeze", few((2, 1)), 2)
    refused_in_lua("squeeze", "axes count from 1", few((1, 2)), 0)
    refused("stack", [x, few((2, 2))])
    refused("stack", [x, y])
    refused("stack", [x, x], axis=3)
    refused("stack", [], why="nothing to stack; TensorFlow gives an empty tensor")
    refused_in_lua("stack", "axes count from 1", [x, x], axis=0)
    refused("reverse", x, 2)
    refused("reverse", x, [0, 0])
    refused("reverse", x, [1, -1])
    refused_in_lua("reverse", "axes count from 1", x, [0])
    refused("one_hot", a([1.0]), 3)
    refused("one_hot", a([3], i32), 3, why="an index outside; TensorFlow gives zeros")
    refused_in_lua("one_hot", "indices count from 1", a([0], i32), 3)
    refused("one_hot", a([0], i32), -1)
    refused("zeros", [2, -1])
    refused("ones", [2, -1])
    refused("zeros", [2], dtype="float31")
    refused("eye", -1)
    refused("arange", 3, 0)
    refused("arange", 0, 3, 0)
    refused("arange", 0, 3, -1)
    refused("constant", [1, 2, 3], shape=[2, 2])
    refused("constant", [1, 2, 3, 4, 5], shape=[2, 2])
    refused("constant", [[1, 2], [3]])
    refused("variable", [[1, 2], [3]])
    refused("cast", x, "float31")
    refused("set_floatx", "float31")
    refused("set_floatx", "int32")
    refused("set_image_data_format", "channels_middle")
    refused("set_learning_phase", 2)
    for name in ("update", "update_add", "update_sub"):
        refused(name, x, few((3, 2)))
        refused(name, x, y)
    refused("update", x, few((3,)))
    refused("set_value", x, [1, 2, 3])
    refused("set_value", x, [[1, 2], [3, 4]])
    refused("switch", few((2, 3), "bool"), few((3,)), few((3,)))
    refused("switch", few((2,), "bool"), few((2, 3)), few((2, 3)))
    refused("switch", a([True, False], bool), few((2,)), few((2,), f64))
    for name in ("foldl", "foldr"):
        refused(name, Fn("acc + e"), few((0, 2)))
        refused(name, Fn("acc + e"), a(1.0))
    refused("map_fn", Fn("e * e"), a(1.0))
    refused("sort", x, direction="upwards")
    refused("argsort", x, direction="upwards")
    refused("top_k", x, 4)
    refused("top_k", x, -1)
    refused("top_k", a(1.0), 1)
    for name in "square abs exp log sin cos sqrt round sign tanh sigmoid erf negative".split():
        refused(name, "words", why="no tensor")
    for name in ("sum", "argmax", "cumsum", "concatenate", "expand_dims", "sort"):
        refused_in_lua(name, "an option it does not have", [x] if name == "concatenate" else x, axes=1)


# ---- what people look for at once --------------------------------------------------------------------------------------
def more_functions():
    low = {"rsqrt": (0, 2), "asin": (-1, 1), "acos": (-1, 1)}
    for name in "rsqrt tan asin acos atan sinh cosh".split():
        for dtype in (f32, f64):
            for s in [(), (5,), (2, 1, 3), (2, 0)]:
                case(name, r(s, dtype, *low.get(name, (-2, 2))))
            case(name, a(SPECIAL, dtype), note="corners")
    for dtype in (f32, f64):
        case("rsqrt", a([0, 1, 4, 1e30, 1e-30], dtype))
        case("tan", a([0, 1, 1.5703125, 100, -1000], dtype))
        for name in ("asin", "acos"):
            case(name, a([-1, -0.75, 0, 0.5, 1, 1.25], dtype), note="the gradient is infinite at -1 and 1, NaN beyond")
        case("atan", a([1e-4, 1, 1e10, -1e30], dtype))
        for name in ("sinh", "cosh"):
            case(name, a([1e-4, -0.5, 9, -20, 88], dtype))
        for name in ("ceil", "trunc", "isnan", "isinf", "isfinite"):
            case(name, a(SPECIAL + [0.5, -0.5, 1.5, -1.5, 7, 1e30], dtype))
            case(name, r((2, 0, 3), dtype))
            case(name, r((), dtype))
    for s, t in [((4,), (4,)), ((2, 1, 3), (4, 1)), ((0, 3), (3,)), ((), (2, 2))]:
        case("logical_xor", r(s, "bool"), r(t, "bool", salt=1))
    for name in ("cummax", "cummin"):
        for s, axis in [((5,), None), ((2, 3), 1), ((3, 1, 4), -3), ((2, 0), 1), ((0, 2), 0)]:
            case(name, r(s), axis=axis)
        for dtype in (f64, i32, i64, u8):
            case(name, r((4, 3), dtype))
            case(name, r((3, 4), dtype), axis=-1)
        case(name, a([[1, NAN, 2, 0], [INF, 1, -INF, 3]]), axis=1, note="once NaN it stays")
    for name in ("var", "std"):
        for correction in (1, 0.5, -1):
            case(name, r((2, 3, 2)), correction=correction)
            case(name, r((2, 3, 2), f64), axis=[0, 2], keepdims=True, correction=correction)
        case(name, r((2, 3)), axis=0, correction=2, grads=False, note="nothing is left")
        case(name, r((2, 3)), axis=0, correction=3, grads=False, note="less than nothing is left")


def more_shapes():
    every = (f64, i32, i64, u8, "bool")
    for s, sizes, axis in [((4,), 2, None), ((4,), 1, 0), ((2, 6), 3, 1), ((3, 5), [1, 4], -1), ((3, 5), [2, 0, 3], 1),
                           ((5, 2), [2, -1], 0), ((0, 2), 2, 0), ((0,), [0, 0], 0)]:
        case("split", r(s), sizes, axis=axis)
    for s, shift, axis in [((5,), 2, None), ((5,), -7, 0), ((2, 3), 4, None), ((2, 3), 1, 1), ((2, 3), [1, -1], [0, 1]),
                           ((2, 3), [1, 1], [1, 1]), ((3, 1, 2), 0, 2), ((2, 0), 1, 1), ((), 3, None)]:
        case("roll", r(s), shift, axis=axis)
    for s, paddings in [((3,), [[1, 2]]), ((2, 3), [[0, 0], [2, 1]]), ((3, 2, 4), [[1, 0], [1, 1], [0, 3]]),
                        ((3, 2), [[0, 0], [0, 0]])]:
        for mode in (None, "reflect", "symmetric"):
            case("pad", r(s), paddings, mode=mode)
        case("pad", r(s), paddings, value=1.5)
    for s, paddings in [((), []), ((0,), [[2, 0]]), ((2, 0), [[1, 0], [0, 1]]), ((0, 3), [[0, 0], [1, 1]])]:
        case("pad", r(s), paddings)
    case("pad", a([[INF, NAN], [-INF, 0]]), [[1, 1], [1, 1]], mode="symmetric", grads=False)
    for dtype in every:
        case("roll", r((2, 3), dtype), 1, axis=1)
        case("split", r((2, 3), dtype), 2)
        case("pad", r((2, 3), dtype), [[1, 0], [1, 1]])
        case("pad", r((2, 3), dtype), [[1, 0], [1, 1]], mode="reflect")
        case("repeat_elements", r((2, 3), dtype), [2, 1], 0)
    for s, rep, axis in [((3,), [1, 0, 2], 0), ((2, 3), [0, 0, 0], 1), ((2, 3), [3, 1], 0), ((2, 3, 2), [1, 2, 1], -2),
                         ((0, 2), [], 0)]:
        case("repeat_elements", r(s), rep, axis)
        case("repeat_elements", r(s), a(rep, i64), axis)
    for n, m in [(2, 3), (3, 2), (0, 2), (2, 0), (3, 3)]:
        case("eye", n, m)
    case("eye", 2, 3, dtype=i32)


def matrix():
    every = (f64, i32, i64, u8, "bool")
    for k in (None, 1, -2):
        case("diag", r((3,)), k=k)
        case("diag", r((3, 4)), k=k)
        case("diagonal", r((2, 4, 3)), k or 0)
        for name in ("tril", "triu"):
            for s in [(3, 3), (2, 4), (2, 1, 4, 2), (0, 3), (2, 0)]:
                case(name, r(s), k=k)
            case(name, a([[INF, NAN, 1], [NAN, -INF, 2]]), k=k, grads=False, note="what is not kept does not matter")
    for dtype in every:
        case("diag", r((2,), dtype))
        case("diag", r((2, 3), dtype))
        for name in ("tril", "triu"):
            case(name, r((2, 3, 3), dtype), k=-1)
    case("diag", r((0,)), k=1, grads=False)
    for s in [(3, 3), (2, 4), (2, 3, 2), (1, 2, 2, 3), (0, 3), (2, 0, 2)]:
        case("trace", r(s))
    for dtype in (f64, i32, i64):
        case("trace", r((2, 3, 3), dtype))
    for s, axis in [((), None), ((5,), None), ((2, 3), None), ((2, 3), 0), ((2, 3), [0, 1]), ((2, 3, 4), -1), ((3, 1, 2), 0)]:
        for ord in (None, 1, INF):
            case("norm", r(s), ord=ord, axis=axis)
            case("norm", r(s, f64), ord=ord, axis=axis, keepdims=True)
    case("norm", r((2, 3)), ord="fro")
    case("norm", a([NAN, INF, 1]), note="corners")
    case("norm", a([1, -INF]), grads=False, note="corners")
    case("norm", a([2e38, 2e38, 1e38]), truth=3e38, gradient=lambda g: [np.array([2, 2, 1]) / 3 * g], note="no overflow on the way")
    case("norm", a([2e300, -1e300, 2e300], f64), truth=3e300, gradient=lambda g: [np.array([2, -1, 2]) / 3 * g],
         note="no overflow on the way")
    case("norm", a([2e-300, -1e-300, 2e-300], f64), truth=3e-300, gradient=lambda g: [np.array([2, -1, 2]) / 3 * g],
         note="no underflow on the way")
    case("norm", a([[0, 0], [3, 4]]), axis=1, gradient=lambda g: [np.array([[0, 0], [0.6, 0.8]]) * g[:, None]],
         note="the gradient at 0 is 0, NaN in TensorFlow")
    for equation, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
            ("ij,kj->ki", [(2, 3), (4, 3)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ij->j", [(2, 3)]), ("ii->i", [(3, 3)]),
            ("ii", [(3, 3)]), ("i,i->", [(4,), (4,)]), ("i,j->ij", [(2,), (3,)]), ("ij,ij->ij", [(2, 3), (2, 3)]),
            ("ij,ij->i", [(2, 3), (2, 3)]), ("ij,i,j->", [(2, 3), (2,), (3,)]), ("i,ij,jk,k->", [(2,), (2, 3), (3, 4), (4,)]),
            ("...ij,...jk->...ik", [(2, 3, 4), (4, 2)]), ("...ij,...jk->...ik", [(2, 1, 3, 4), (3, 4, 2)]),
            ("b...c,cd->bd...", [(2, 3, 4), (4, 2)]), ("iij,jk->ik", [(2, 2, 3), (3, 2)]), ("ij,k->i", [(2, 3), (4,)]),
            ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]), ("ba", [(2, 3)]), ("ij,jk->ik", [(0, 3), (3, 2)]),
            ("ij,jk->ik", [(2, 0), (0, 2)]), (",i->i", [(), (3,)])]:
        case("einsum", equation, *[r(s, salt=i) for i, s in enumerate(shapes)])
    case("einsum", "bij,bjk->bik", r((2, 3, 4), f64), r((2, 4, 2), f64, salt=1))
    case("einsum", " ij , jk -> ik ", r((2, 3), f64), r((3, 2), f64, salt=1))
    case("einsum", "ij,jk->ik", r((2, 3), i32), r((3, 2), i32, salt=1))
    for s, t in [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4)), ((0,), (0,)), ((0,), (0, 2))]:
        for dtype in (f32, f64):
            case("matmul", r(s, dtype), r(t, dtype, salt=1))
    case("matmul", r((3,), i32), r((3, 2), i32, salt=1))


def picking():
    for s, k, axis, largest in [((5, 2), 2, 0, None), ((2, 3, 2), 1, 1, None), ((5,), 2, None, False), ((3, 4), 3, 0, False),
                                ((2, 3, 2), 2, -2, False), ((0, 3), 0, 0, False)]:
        case("top_k", r(s), k, axis=axis, largest=largest)
    for dtype in (f64, i32, i64, u8):
        case("top_k", a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), 3, largest=False, note="ties: the first comes first")
    for s, m in [((4,), (4,)), ((2, 3), (2, 3)), ((3, 2), (3,)), ((2, 3, 2), (2, 3)), ((0, 2), (0,)), ((2, 0), (2,))]:
        case("boolean_mask", r(s), r(m, "bool"))
    for dtype in (f64, i32, i64, u8, "bool"):
        case("boolean_mask", r((4, 2), dtype), a([True, False, True, True], bool))
    case("boolean_mask", r((3,)), a([False, False, False], bool))
    for s in [(6,), (2, 3), (2, 1, 3), (0, 2), (2, 0)]:
        case("nonzero", r(s, "bool"))
    for dtype in (f32, f64, i32, i64, u8):
        case("nonzero", a([[0, 2], [0, 0], [1, 3]], dtype))
    case("nonzero", a([0.0, -0.0, NAN, INF]), note="NaN is true")


def more_refusals():
    x, n, b = few((2, 3)), few((2, 3), i32), few((2, 3), "bool")
    for name in "rsqrt tan asin acos atan sinh cosh".split():
        refused(name, n)
        refused(name, "words", why="no tensor")
    refused("logical_xor", n, n)
    for name in ("cummax", "cummin"):
        refused(name, x, axis=2)
        refused(name, a(1.0))
    for sizes in (2, [1, 3], [-1, -1], [4], 0, -1):
        refused("split", x, sizes, axis=1)
    refused("split", x, 2, axis=2)
    refused("split", a(1.0), 1)
    refused("roll", x, 1, axis=2)
    refused("roll", x, [1], axis=[0, 1])
    refused("roll", x, 1.5, axis=0)
    for paddings in ([[1, 1]], [[1, 1], [1, -1]], [[1], [1]], [1, 1]):
        refused("pad", x, paddings)
    refused("pad", x, [[2, 0], [0, 0]], mode="reflect")
    refused("pad", x, [[3, 0], [0, 0]], mode="symmetric")
    refused("pad", x, [[1, 0], [0, 0]], mode="edge")
    refused("pad", n, [[1, 0], [0, 0]], value=0.5)
    refused("diag", a(1.0))
    refused("diag", few((2, 3, 2)), why="not of rank 1 or 2; TensorFlow takes more as a batch")
    for name in ("tril", "triu", "trace", "diagonal"):
        refused(name, few((3,)))
    refused("trace", b)
    refused("norm", n)
    refused("norm", x, axis=2)
    refused("norm", x, ord=3, why="an order it does not have")
    refused("eye", 2, -1)
    refused("repeat_elements", x, [1, 2, 3], 0)
    refused("repeat_elements", x, [1, -2], 0, why="a count below 0")
    refused("top_k", x, 3, axis=0)
    refused("boolean_mask", x, a([True, False, True], bool))
    refused("boolean_mask", x, a(True, bool))
    refused("boolean_mask", x, n, why="a mask that is not bool")
    for equation, operands in [("ij,jk->ik", [x, x]), ("ij", [few((3,))]), ("ij,jk->ik", [x]), ("ij->ik", [x]), ("ij->ii", [x]),
                               ("i-j->ij", [x]), ("i....j", [x]), ("ii", [x]), ("ij,ij", [x, few((2, 3), f64)]), ("i..j->ij", [x])]:
        refused("einsum", equation, *operands)
    refused("einsum", "...i->i", x, why="axes of dots that the result does not have")


HEADER = """-- Written by tests/oracle/backend.py with TensorFlow 2.21; tests/fixtures/README.md explains it.
local T, nan, inf, NIL, F = ... -- luacheck: ignore 211
return {
"""


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.lua"):
        old.unlink()
    for group in (unary, binary, pow_clip_where, reduce, linear, shape, create, update, control, sorting, refusals, more_functions, more_shapes,
                  matrix, picking, more_refusals):
        group()
    for family, cases in FAMILIES.items():
        (OUT / (family + ".lua")).write_text(HEADER + "".join(cases) + "}\n")
    for line in SKIPPED:
        print("TensorFlow refuses", line)
    print(", ".join("%s %d" % (name, n) for name, n in COUNTS.items()))
    print("%d cases, %d bytes" % (sum(COUNTS.values()), sum(f.stat().st_size for f in OUT.iterdir())))


if __name__ == "__main__":
    main()
