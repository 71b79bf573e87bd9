"""What the functions of K are in TensorFlow, and what of their arguments counts from 1 in Lua: OPS, by name.

TensorFlow runs on one thread, without oneDNN, so that the same numbers come out every time. It reads that when it is
imported: others take `tf` from here.
"""
import math
import os

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="3",
                  CUDA_VISIBLE_DEVICES="-1")
import numpy as np
import tensorflow as tf
import tf_keras

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
K = tf_keras.backend

NAN, INF = float("nan"), float("inf")
f32, f64, i32, i64, u8 = "float32", "float64", "int32", "int64", "uint8"
TOLERANCE = {f32: 3e-6, f64: 1e-13}  # |result - expected| <= tolerance * (1 + |expected|)


class Fn(str):
    """A function named by its formula, of e or of acc and e; FUNCTIONS in tests/lib/backend_cases.lua has the same."""
    TABLE = {
        "acc + e": lambda acc, e: acc + e, "acc - e": lambda acc, e: acc - e, "acc * e": lambda acc, e: acc * e,
        "acc * acc - e": lambda acc, e: acc * acc - e, "e * e": lambda e: e * e, "e - 1": lambda e: e - 1,
        "step": lambda x, states: step(x, states), "sum(e)": lambda e: tf.reduce_sum(e), "exp(e)": tf.exp, "e > 0": lambda e: e > 0,
    }

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *a):
        return self.TABLE[self](*a)


class Op:
    """How a function is called in TensorFlow, and what of it counts from 1 in Lua.

    exact: results are the same bits everywhere. axis: the positions and names of axes. index: of index tensors.
    results: which results are indices. grad: None where there is none to compare. variable: the
    first argument is written and is the result. flat: a list among the results counts as so many of them.
    """

    def __init__(self, family, f, exact=False, axis=("axis", "axes"), index=(), results=(), grad=True,
                 variable=False, flat=False):
        self.flat = flat
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


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def with_tuples(f):
    """Keras wants tuples where Lua has tables; a number stands for all of them there."""
    return lambda x, *args, **options: f(x, *map(tuples, args), **{k: tuples(v) for k, v in options.items()})


def narrow(f, lacks):
    """f in float32, where TensorFlow lacks it in float64."""
    def call(x, *args, **options):
        if x.dtype != f64 or not lacks(x, options):
            return f(x, *args, **options)
        return tf.cast(f(tf.cast(x, f32), *args, **options), f64)
    return call


def narrow_volumes(f):
    return narrow(f, lambda x, options: len(x.shape) == 5)


def narrow_bilinear(f):
    return narrow(f, lambda x, options: options.get("interpolation") == "bilinear")


def pool1d(x, pool_size, strides=(1,), data_format="channels_last", **options):
    at = 1 if data_format == "channels_last" else 2
    y = K.pool2d(tf.expand_dims(x, at), (1,) + pool_size, (1,) + strides, data_format=data_format, **options)
    return tf.squeeze(y, at)


def pool(mode):
    """Of any rank, channels_last. A number of padding that is counted is a 0 of the image."""
    def call(x, pool_size, strides=None, padding="valid", dilation_rate=None, count_padding=False):
        n = len(x.shape) - 2
        if count_padding:
            x, padding = tf.pad(x, ((0, 0),) + padding + ((0, 0),)), "valid"
        return tf.nn.pool(x, pool_size, mode, strides or (1,) * n, padding.upper(), None, dilation_rate or (1,) * n)
    return call


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
OPS["pool1d"] = Op("pool", with_tuples(pool1d))
ops("pool", "pool2d", wrap=with_tuples)
OPS["pool3d"] = Op("pool", with_tuples(narrow_volumes(K.pool3d)))
OPS["max_pool"] = Op("pool", with_tuples(narrow_volumes(pool("MAX"))))
OPS["average_pool"] = Op("pool", with_tuples(narrow_volumes(pool("AVG"))))
ops("resize", "resize_images", wrap=narrow_bilinear)
ops("resize", "resize_volumes")
OPS["resize"] = Op("resize", narrow_bilinear(lambda x, size, interpolation: tf.image.resize(x, size, interpolation)))
ops("pad", "temporal_padding spatial_2d_padding spatial_3d_padding", wrap=with_tuples, exact=True)


# ---- neural nets: groups/nn.py -------------------------------------------------------------------------------------
def binary_crossentropy(target, output, from_logits=False):
    return K.binary_crossentropy(target, tf.identity(output), from_logits)


def gelu(x, approximate=False):
    """TensorFlow's, but in float64 its constants are those of float32: there the definition."""
    if x.dtype == f32:
        return tf.nn.gelu(x, approximate)
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + (tf.tanh(inner) if approximate else tf.math.erf(x / math.sqrt(2))))


def leaky_relu(x, alpha=0.2):
    return tf.nn.leaky_relu(x, alpha) if x.dtype == f32 else tf.where(x > 0, x, x * alpha)


def in_floatx(f):
    """f, where K.floatx() is its tensors' dtype, to which f may cast them."""
    def call(x, *args, **options):
        former = K.floatx()
        K.set_floatx(x.dtype.name)
        try:
            return f(x, *args, **options)
        finally:
            K.set_floatx(former)
    return call


def decode(y_pred, input_length, greedy=True, beam_width=100, top_paths=1, merge_repeated=False):
    """K.ctc_decode, whose beam search always merges. The first labelling, the others, the scores; labels from 1, then 0."""
    if greedy or merge_repeated:
        decoded, scores = K.ctc_decode(y_pred, input_length, greedy, beam_width, top_paths)
    else:
        logs = tf.math.log(tf.transpose(y_pred, [1, 0, 2]) + K.epsilon())
        found, scores = tf.nn.ctc_beam_search_decoder(logs, tf.cast(input_length, tf.int32), beam_width, top_paths)
        shape = y_pred.shape[:2]
        decoded = [tf.sparse.to_dense(tf.SparseTensor(d.indices, d.values, shape), default_value=-1) for d in found]
    return [d + 1 for d in decoded] + [scores]


def step(x, states):
    """A recurrent step of one or two states, and a constant."""
    h = tf.tanh(x + states[0] * states[-1])
    return h * 2, [h] if len(states) < 3 else [h, states[1] + x]


def rnn(f, inputs, states, **options):
    last, outputs, after = K.rnn(f, inputs, states, **options)
    return [last, outputs] + list(after)


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """K's, but by ops where that has no kernel: float64 of rank 4, and other axes than the last of another rank."""
    if x.dtype == f32 and gamma is not None and (len(x.shape) == 4 or axis == -1):
        return K.batch_normalization(x, mean, var, beta, gamma, axis, epsilon)
    shape = [-1 if i == axis % len(x.shape) else 1 for i in range(len(x.shape))]
    mean, var, beta, gamma = (t if t is None or len(t.shape) > 1 else tf.reshape(t, shape) for t in (mean, var, beta, gamma))
    return tf.nn.batch_normalization(x, mean, var, beta, gamma, epsilon)


def batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """Of rank 4 in float64, which TensorFlow refuses, by its ops of rank 3."""
    if x.dtype == f32 or len(x.shape) != 4:
        return list(K.normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon))
    mean, var = tf.nn.moments(x, reduction_axes, keepdims=True)
    n = float(tf.size(x)) / float(tf.size(mean))
    y = (x - mean) / tf.sqrt(var + epsilon) * tf.reshape(gamma, mean.shape) + tf.reshape(beta, mean.shape)
    var = var * (n / max(n - 1, 1)) if list(reduction_axes) == [0, 1, 2] else var
    return [y, tf.reshape(mean, [-1]), tf.reshape(var, [-1])]


def layer_normalization(x, gamma, beta, axis=-1, epsilon=1e-3):
    """As Keras's layer computes it."""
    axes = [a % len(x.shape) for a in (axis if isinstance(axis, list) else [axis])]
    mean, var = tf.nn.moments(x, axes, keepdims=True)
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    return tf.nn.batch_normalization(x, mean, var, tf.reshape(beta, shape), tf.reshape(gamma, shape), epsilon)


def group_normalization(x, gamma, beta, groups=32, axis=-1, epsilon=1e-3):
    layer = tf_keras.layers.GroupNormalization(groups, axis, epsilon, dtype=x.dtype.name)
    layer.build(x.shape)
    layer._trainable_weights = []
    layer.gamma, layer.beta = gamma, beta
    return layer.call(x)


ops("activations", "elu softplus softsign hard_sigmoid")
ops("activations", "selu silu", tf.nn)
OPS["leaky_relu"] = Op("activations", leaky_relu)
OPS["gelu"] = Op("activations", gelu)
OPS["mish"] = Op("activations", lambda x: x * tf.tanh(tf.math.softplus(x)))
OPS["hard_silu"] = Op("activations", lambda x: x * tf.nn.relu6(x + 3) / 6)
ops("losses", "categorical_crossentropy")
OPS["binary_crossentropy"] = Op("losses", binary_crossentropy)
OPS["sparse_categorical_crossentropy"] = Op("losses", K.sparse_categorical_crossentropy, index=(0,))
ops("losses", "huber kl_divergence cosine_similarity", tf_keras.losses, wrap=in_floatx)
ops("activations", "softmax")
ops("activations", "log_softmax", tf.nn)
ops("sequences", "ctc_batch_cost", index=(0,))
OPS["ctc_decode"] = Op("sequences", decode, grad=None, flat=True)
OPS["rnn"] = Op("sequences", rnn, flat=True)
ops("sequences", "dropout", exact=True)
ops("sequences", "in_top_k", exact=True, index=(1,), grad=None)
ops("norm", "l2_normalize")
OPS["batch_normalization"] = Op("norm", batch_normalization)
OPS["normalize_batch_in_training"] = Op("norm", batch_in_training, axis=(3,))
OPS["layer_normalization"] = Op("norm", layer_normalization)
OPS["group_normalization"] = Op("norm", group_normalization)
