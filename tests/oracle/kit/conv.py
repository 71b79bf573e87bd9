"""Convolutions in TensorFlow, also those that it refuses: strides with dilation, pairs of padding, groups, channels_first.

Each is made of plain convolutions that TensorFlow does right: the kernel has its zeros put in, x its padding, groups are
convolved one by one, and channels_first is transposed. Gradients are TensorFlow's own, back through all of that.
"""
from kit.ops import K, OPS, Op, tf


def sizes(v, axes):
    return [v] * axes if isinstance(v, int) else list(v)


def to_last(x):
    return tf.transpose(x, [0, *range(2, len(x.shape)), 1])


def to_first(x):
    return tf.transpose(x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])


def dilated(w, d):
    """The kernel with d-1 zeros between its taps along each axis."""
    for i, step in enumerate(d):
        if w.shape[i] > 1 and step > 1:
            rows = tf.unstack(w, axis=i)
            gaps = [[row] + [tf.zeros_like(row)] * (step - 1) for row in rows]
            w = tf.stack(sum(gaps, [])[:-(step - 1)], axis=i)
    return w


def pairs(x, w, s, padding):
    """Zeros before and after each axis of x, for a kernel without dilation."""
    if padding == "valid":
        return [[0, 0]] * len(s)
    if padding == "causal":
        return [[w.shape[0] - 1, 0]]
    if padding == "same":
        totals = [max(0, (-(-n // t) - 1) * t + k - n) for n, t, k in zip(x.shape[1:], s, w.shape)]
        return [[t // 2, t - t // 2] for t in totals]
    return padding


def conv(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    first, axes = data_format == "channels_first", len(x.shape) - 2
    x = to_last(x) if first else x
    s, w = sizes(strides, axes), dilated(kernel, sizes(dilation_rate, axes))
    x = tf.pad(x, [[0, 0], *pairs(x, w, s, padding), [0, 0]])
    groups = x.shape[-1] // kernel.shape[-2]
    plain = (tf.nn.conv1d, tf.nn.conv2d, tf.nn.conv3d)[axes - 1]
    s = s[0] if axes == 1 else s if axes == 2 else [1, *s, 1]
    parts = [plain(u, v, s, "VALID") for u, v in zip(tf.split(x, groups, -1), tf.split(w, groups, -1))]
    y = tf.concat(parts, -1)
    return to_first(y) if first else y


def checked(f):
    """conv, which must agree with Keras's function f where that accepts the arguments."""
    def call(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
        y, axes = conv(x, kernel, strides, padding, data_format, dilation_rate), len(x.shape) - 2
        s, d = sizes(strides, axes), sizes(dilation_rate, axes)
        grouped = kernel.shape[-2] != x.shape[1 if data_format == "channels_first" else -1]
        causal = padding == "causal" and data_format == "channels_first"
        if isinstance(padding, str) and not grouped and not causal and (max(s) == 1 or max(d) == 1):
            theirs = f(x, kernel, strides=s[0] if axes == 1 else tuple(s), padding=padding, data_format=data_format,
                       dilation_rate=d[0] if axes == 1 else tuple(d))
            tf.debugging.assert_near(y, theirs, rtol=1e-4, atol=1e-4)
        return y
    return call


def transposed(x, kernel, output_shape, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """The gradient of conv with respect to its x."""
    shape = [x.shape[0] if n == -1 else n for n in output_shape]
    with tf.GradientTape() as tape:
        image = tf.zeros(shape, x.dtype)
        tape.watch(image)
        y = conv(image, kernel, strides, padding, data_format, dilation_rate)
    result = tape.gradient(y, image, output_gradients=x)
    channels = 1 if data_format == "channels_first" else -1
    plain = isinstance(padding, str) and dilation_rate == 1 and kernel.shape[-2] == shape[channels]
    if plain and len(x.shape) == 4:
        theirs = K.conv2d_transpose(x, kernel, tuple(shape), tuple(sizes(strides, 2)), padding, data_format)
        tf.debugging.assert_near(result, theirs, rtol=1e-4, atol=1e-4)
    return result


def depthwise(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """conv, in groups of one channel."""
    *k, c, m = kernel.shape
    return conv(x, tf.reshape(kernel, [*k, 1, c * m]), strides, padding, data_format, dilation_rate)


def separable(x, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    y = conv(depthwise(x, depthwise_kernel, strides, padding, data_format, dilation_rate), pointwise_kernel,
             data_format=data_format)
    s = sizes(strides, len(x.shape) - 2)
    if len(x.shape) == 4 and s[0] == s[1] and dilation_rate == 1 and isinstance(padding, str):
        theirs = K.separable_conv2d(x, depthwise_kernel, pointwise_kernel, tuple(s), padding, data_format)
        tf.debugging.assert_near(y, theirs, rtol=1e-4, atol=1e-4)
    return y


def bias_add(x, bias, data_format=None):
    """Keras puts a bias for each position into the wrong places with channels_first."""
    if data_format == "channels_first" and len(bias.shape) > 1:
        return x + to_first(bias[None])
    return K.bias_add(x, bias, data_format)


for axes in (1, 2, 3):
    OPS["conv%dd" % axes] = Op("conv", checked(getattr(K, "conv%dd" % axes)))
    OPS["conv%dd_transpose" % axes] = Op("conv", transposed)
OPS["depthwise_conv1d"] = Op("conv", depthwise)
OPS["separable_conv1d"] = OPS["separable_conv2d"] = Op("conv", separable)
OPS["bias_add"] = Op("conv", bias_add)
OPS["local_conv1d"] = Op("conv", lambda x, w, k, s, data_format=None: K.local_conv1d(
    x, w, tuple(sizes(k, 1)), tuple(sizes(s, 1)), data_format))
OPS["local_conv2d"] = Op("conv", lambda x, w, k, s, shape, data_format=None: K.local_conv2d(
    x, w, tuple(sizes(k, 2)), tuple(sizes(s, 2)), tuple(shape), data_format))
