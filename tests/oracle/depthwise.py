"""Makes tests/fixtures/depthwise.lua and .bin: depthwise convolution, its inputs, outputs and gradients, by TensorFlow.

    python3 -m venv oracle && . oracle/bin/activate        # outside the repository
    pip install "tensorflow-cpu==2.21.*" && pip install --no-deps "tf_keras==2.21.*"
    python tests/oracle/depthwise.py                       # from the root of the repository

depthwise.lua lists the cases; depthwise.bin holds the numbers of their tensors x, kernel, g, y, dx, dk, in this order,
case after case, little-endian, with nothing between. y is the convolution of x with kernel, g a random gradient of some
loss with respect to y; dx and dk are that loss's gradients with respect to x and kernel. All are computed in float64
and stored in the case's dtype.

What TensorFlow refuses or silently gets wrong (unequal strides; a stride together with dilation) comes from
reference(), a NumPy loop, and is marked source = "numpy". Every run compares the loop with TensorFlow on every case:
called as the case says where it can do that, and otherwise at stride 1, keeping every s-th row and column.

Values are integers over a power of two, which float32 holds exactly. Mostly every partial sum fits the dtype's
mantissa as well: then any order of summation gives the same number, and the tolerance of the case is 0. float64 cases
use finer numbers, whose products float32 cannot hold; float32 cases named fine use them too, and round.
"""
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

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures"

# The note of a group, and its cases: [name=]x_kernel[_padding][_s<stride>][_d<dilation>][_cf][_f64][_fine][_ramp], with
# the shape of x in its own data format; the kernel k<height>x<width>m<multiplier>; "same" (the default), "valid" or
# pad<top>-<bottom>-<left>-<right>; stride and dilation a number or <height>x<width>; cf for channels_first; f64 for
# float64; fine and ramp as in numbers().
SPEC = re.compile(r"(?:(.+)=)?([\dx]+)_k(\d+)x(\d+)m(\d+)(?:_(same|valid|pad[\d-]+))?(?:_s([\dx]+))?(?:_d([\dx]+))?"
                  "(_cf)?(_f64)?(_fine)?(_ramp)?")
GROUPS = {
    "kernels, channels, multipliers, odd and even images": """
        1x5x7x1_k1x1m1 1x6x9x2_k1x3m1 1x9x6x4_k3x1m1 2x7x5x3_k2x2m1 1x8x11x7_k3x3m1 1x7x10x17_k3x3m1 3x5x4x24_k3x3m1
        1x4x7x33_k3x3m1 1x3x27x16_k3x3m1 1x9x14x4_k4x7m1 1x5x21x8_k5x5m1 1x8x9x12_k7x7m1 2x6x7x5_k3x2m1 1x4x19x3_k1x15m1
        1x6x8x3_k3x3m2 1x7x6x8_k3x3m2 1x5x6x4_k3x3m3 2x4x5x2_k5x5m4 1x5x5x3_k3x3m8 1x5x3x5_k2x2m8 1x4x5x17_k1x1m2
        1x5x21x8_k3x3m1_valid 2x6x8x5_k2x2m2_valid 1x12x11x3_k4x7m3_valid 1x9x8x16_k7x7m1_valid 1x3x2x4_k3x2m2_valid
        3x8x6x7_k5x5m1_valid 1x6x7x1_k3x3m8_valid 1x3x9x33_k1x3m1_valid""",
    "equal strides": """
        1x7x8x16_k3x3m1_s2 1x7x12x12_k3x3m1_s2 1x9x10x5_k5x5m2_s2 1x10x13x7_k7x7m1_s2 2x6x7x4_k2x2m3_s2
        2x4x6x3_k1x1m2_valid_s2 1x7x6x33_k3x3m1_valid_s2 1x6x20x2_k3x2m8_s2 1x10x11x3_k3x3m1_s3 1x5x8x24_k4x7m1_s3
        1x11x9x4_k5x5m1_valid_s3 1x7x8x2_k2x2m4_valid_s3""",
    "dilation": """
        1x8x9x5_k3x3m1_d2 1x11x18x2_k4x7m2_valid_d3x2 1x7x12x8_k3x3m1_d1x4 2x9x6x3_k3x2m2_d2x1
        1x9x7x17_k5x5m1_valid_d2x1 1x6x9x1_k2x2m4_d3x2 1x9x5x4_k3x1m3_valid_d2x1""",
    "channels_first": """
        1x3x5x8_k3x3m1_cf 2x16x6x5_k3x3m1_s2_cf 1x7x9x6_k5x5m2_valid_cf 1x2x7x10_k4x7m4_cf 1x33x4x6_k1x3m1_valid_s3_cf
        3x4x7x6_k3x3m3_d2x1_cf""",
    "float64": """
        1x6x9x3_k3x3m1_f64 2x5x6x8_k3x3m2_s2_f64 1x7x6x17_k5x5m1_valid_f64 1x5x7x4_k2x2m3_s3_f64 1x8x9x2_k7x7m4_f64
        1x9x10x5_k3x2m1_valid_d3x2_f64 2x5x6x5_k3x3m2_d2_cf_f64 1x12x7x4_k1x1m1_s2_cf_f64
        1x7x8x3_k3x4m2_pad0-3-2-1_s2_f64 1x9x10x4_k3x4m2_s2x3_d3x2_f64 1x9x8x3_k3x3m2_valid_s2_d2x1_f64""",
    "rounds in float32": """
        1x5x11x16_k3x3m1_fine 2x9x7x5_k5x5m2_s2_fine 1x10x12x3_k7x7m1_valid_fine 1x3x9x8_k3x3m2_d2_cf_fine""",
    "window larger than the image": """
        1x3x2x2_k5x7m1 2x1x1x3_k3x3m2 1x2x3x4_k7x7m1_s2 1x4x3x2_k5x5m2_s3 1x3x4x2_k3x3m1_d3x2""",
    "explicit padding": """
        1x1x1x3_k3x3m2_pad5-6-4-7 1x9x17x2_k3x3m1_pad3-4-4-2 1x5x5x7_k1x1m2_pad1-2-3-4 1x11x13x3_k3x2m4_pad1-2-3-5_s2
        1x13x12x1_k5x5m2_pad3-2-1-0_s3 1x9x11x1_k5x4m2_pad3-2-1-0_d2x3 1x5x5x24_k3x3m1_pad0-2-0-2
        1x8x7x2_k8x7m1_pad0-7-3-3 1x4x5x6_k3x3m2_pad2-0-0-1_cf""",
    "unequal strides, strides with dilation": """
        1x4x5x1_k3x3m1_s1x2 2x9x8x5_k3x3m2_valid_s2x1 1x7x13x8_k5x5m1_s1x3 1x16x8x9_k4x7m1_s3x2_cf
        1x8x9x3_k3x2m4_pad1-2-0-3_s2x1 1x10x7x4_k3x3m1_s2_d2 1x10x7x4_k3x3m1_valid_s2_d2 1x10x6x2_k2x2m1_valid_s2_d2
        1x9x14x3_k3x3m2_s2_d3x1 1x9x8x17_k3x3m1_s2_d3 1x12x11x2_k3x2m3_valid_s3_d2x3 2x6x8x3_k2x2m1_pad1-0-2-1_s2_d2
        1x5x9x8_k3x3m2_s2_d2_cf 1x9x12x3_k3x3m3_s2x1_d1x2 1x8x11x2_k3x3m4_valid_s1x2_d2x1 1x4x7x9_k2x2m8_s3x1_d2_cf
        1x10x13x1_k5x3m2_pad2-3-1-4_s2x3_d1x2""",
    "empty batch: y and dx are empty, dk is zero": "0x5x6x3_k3x3m2 0x3x9x8_k3x2m1_valid_s2_d1x2_cf",
    # The shapes and settings of other projects' tests; the numbers are ours.
    "TensorFlow depthwise_conv_op_test, gradients": """
        g1=2x5x8x1_k4x4m2 g2=4x5x5x1_k2x2m2_valid_s2 g3=2x4x4x2_k3x1m2 g4=1x15x15x2_k1x3m1 g5=2x15x16x1_k3x3m2_valid_s3
        g6=2x5x8x1_k4x3m2_d1x2 g7=1x3x1x2_k2x1m1 g8=2x2x3x2_k2x1m1 g9=2x2x3x1_k2x2m1
        ge1=2x5x8x1_k4x4m2_pad0-1-2-3 ge2=4x5x5x1_k2x2m2_pad3-1-5-0_s2 ge3=2x4x4x2_k3x1m2_pad4-1-3-4
        ge4=1x15x15x2_k1x3m1_pad3-0-2-8 ge5=2x15x16x1_k3x3m2_pad0-0-10-0_s3 ge6=2x5x8x1_k3x4m2_pad3-1-2-3_d2x1
        ge7=2x4x3x2_k3x2m1_pad2-0-1-0""",
    "tf.keras backend tests, first half of separable_conv2d (there batch 10)": """
        separable1=2x4x10x10_k3x3m1_valid_cf separable2=2x10x10x4_k3x3m1_valid separable3=2x10x10x4_k3x3m1
        separable4=2x10x10x4_k3x3m1_s2""",
    "Keras 2.3.1 backend tests": """
        keras231_1=2x3x4x5_k3x3m2_cf keras231_2=2x3x5x6_k4x3m4_valid_cf keras231_3=1x6x5x3_k3x4m2_valid
        keras231_4=1x7x6x3_k3x3m4 keras231_5=2x3x4x5_k3x3m1_cf keras231_6=2x3x5x6_k4x3m2_valid_cf
        keras231_7=1x6x5x3_k3x4m1_valid keras231_8=1x7x6x3_k3x3m2""",
    "tf.keras layer tests": """
        layer1=2x7x6x3_k3x3m1_valid layer2=2x7x6x3_k3x3m2_valid layer3=2x7x6x3_k3x3m1 layer4=2x7x6x3_k3x3m2
        layer5=2x7x6x3_k3x3m1_valid_s2 layer6=2x7x6x3_k3x3m2_s2 layer7=2x7x6x3_k3x3m1_valid_cf
        layer8=2x7x6x3_k3x3m2_cf layer9=2x7x6x3_k3x3m1_valid_d2 layer10=2x7x6x3_k3x3m1_d2""",
    "Keras 3 ops.depthwise_conv tests": " ".join(
        "keras3_%s=2x%s_k2x2m2_%s_ramp" % (settings, "3x10x10" if "cf" in settings else "10x10x3", settings)
        for settings in ("%s_s%d_d%d%s" % (p, s, d, f) for p in ("valid", "same") for s in (1, 2) for d in (1, 2)
                         for f in ("", "_cf"))) + """
        keras3_shape1=2x10x10x3_k2x2m1_valid keras3_shape2=2x10x10x3_k2x2m1_s1x2
        keras3_shape3=2x10x10x3_k2x2m1_valid_s2_d2 keras3_shape4=2x10x10x3_k2x2m1_valid_s2_d2x1
        keras3_1d1=2x1x20x3_k1x4m1_valid keras3_1d2=2x1x20x3_k1x4m1 keras3_1d3=2x1x20x3_k1x4m1_valid_s2_d2""",
}


def parse(spec, note):
    """A case: the fields of its entry in depthwise.lua, and how to choose its numbers."""
    name, x, kh, kw, m, padding, s, d, cf, f64, fine, ramp = SPEC.fullmatch(spec).groups()
    x = tuple(map(int, x.split("x")))
    (sh, sw), (dh, dw) = [tuple(map(int, ((p or "1").split("x") * 2)[:2])) for p in (s, d)]
    if (padding or "").startswith("pad"):
        t, b, l, r = map(int, padding[3:].split("-"))
        padding = ((t, b), (l, r))
    return dict(name=name or spec, note=note, x=x, kernel=(int(kh), int(kw), x[1 if cf else 3], int(m)),
                strides=(sh, sw), padding=padding or "same", dilation_rate=(dh, dw),
                data_format="channels_first" if cf else "channels_last", dtype="float64" if f64 else "float32",
                source="tensorflow" if sh == sw and 1 in (sh, max(dh, dw)) else "numpy", fine=fine or f64, ramp=ramp)


def geometry(c):
    """The pads of both axes and the size of the output (TensorFlow's rule: the odd pixel of "same" goes to the end)."""
    h, w = c["x"][2:] if c["data_format"] == "channels_first" else c["x"][1:3]
    pads, out = [], []
    for i, n in enumerate((h, w)):
        s, window = c["strides"][i], (c["kernel"][i] - 1) * c["dilation_rate"][i] + 1
        total = max(0, (-(-n // s) - 1) * s + window - n)
        pads.append({"valid": (0, 0), "same": (total // 2, total - total // 2)}.get(c["padding"]) or c["padding"][i])
        out.append((n + sum(pads[i]) - window) // s + 1)
    return pads, out


def numbers(c, shape, seed, ramp):
    """Float64 numbers and their grain: steps of 1/64 in [-2,2], of 2^-20 if the case is fine; a ramp is 0, 1, 2..."""
    if ramp:
        return np.arange(np.prod(shape), dtype="f8").reshape(shape), 1.0
    grain = 2.0**-20 if c["fine"] else 2.0**-6
    rng = np.random.RandomState(zlib.crc32(c["name"].encode()) ^ seed)
    return rng.randint(-2 / grain, 2 / grain + 1, shape) * grain, grain


def reference(c, x, k, g):
    """y, dx, dk by definition; x and g in channels_last."""
    pads, (oh, ow) = geometry(c)
    (sh, sw), (dh, dw), (n, _, _, ch), (kh, kw, _, m) = c["strides"], c["dilation_rate"], x.shape, k.shape
    xp = np.pad(x, [(0, 0), *pads, (0, 0)])
    y, dxp, dk, g = np.zeros((n, oh, ow, ch, m)), np.zeros_like(xp), np.zeros_like(k), g.reshape(n, oh, ow, ch, m)
    for u in range(kh):
        for v in range(kw):
            rows, cols = slice(u * dh, u * dh + (oh - 1) * sh + 1, sh), slice(v * dw, v * dw + (ow - 1) * sw + 1, sw)
            y += xp[:, rows, cols, :, None] * k[u, v]
            dxp[:, rows, cols] += (g * k[u, v]).sum(4)
            dk[u, v] = (g * xp[:, rows, cols, :, None]).sum((0, 1, 2))
    (t, _), (l, _) = pads
    return y.reshape(n, oh, ow, ch * m), dxp[:, t:t + x.shape[1], l:l + x.shape[2]], dk


def tensorflow(c, x, k, g):
    """The same by TensorFlow; x and g in channels_last."""
    first, able, (sh, sw) = c["data_format"] == "channels_first", c["source"] == "tensorflow", c["strides"]
    x, k, g = tf.constant(x), tf.constant(k), tf.constant(g)
    with tf.GradientTape() as tape:
        tape.watch([x, k])
        if able and isinstance(c["padding"], str):
            y = tf_keras.backend.depthwise_conv2d(
                tf.transpose(x, (0, 3, 1, 2)) if first else x, k, strides=(sh, sw), padding=c["padding"],
                data_format=c["data_format"], dilation_rate=c["dilation_rate"])
            y = tf.transpose(y, (0, 2, 3, 1)) if first else y
        else:
            pads, (oh, ow) = geometry(c)
            y = tf.nn.depthwise_conv2d(x, k, (1, sh, sw, 1) if able else (1, 1, 1, 1), [(0, 0), *pads, (0, 0)],
                                       dilations=c["dilation_rate"])
            y = y if able else y[:, :(oh - 1) * sh + 1:sh, :(ow - 1) * sw + 1:sw]
    dx, dk = tape.gradient(y, [x, k], output_gradients=g)
    # TensorFlow leaves the kernel's gradient of an empty batch unwritten.
    return y.numpy(), dx.numpy(), dk.numpy() if x.shape[0] else np.zeros(k.shape)


def lua(value):
    if isinstance(value, tuple):
        return "{%s}" % ", ".join(map(lua, value))
    return {str: '"%s"', int: "%d"}.get(type(value), "%.2g") % value


def make(spec, note):
    """Makes one case: its entry, and the bytes of its six tensors."""
    c = parse(spec, note)
    first = c["data_format"] == "channels_first"
    nhwc, own = [lambda a, axes=axes: a.transpose(axes) if first else a for axes in ((0, 2, 3, 1), (0, 3, 1, 2))]
    (n, ch, m), (oh, ow) = (c["x"][0], *c["kernel"][2:]), geometry(c)[1]
    x, x_grain = numbers(c, c["x"], 1, c["ramp"])
    k, k_grain = numbers(c, c["kernel"], 2, c["ramp"])
    g, g_grain = numbers(c, (n, ch * m, oh, ow) if first else (n, oh, ow, ch * m), 3, False)
    loop, oracle = reference(c, nhwc(x), k, nhwc(g)), tensorflow(c, nhwc(x), k, nhwc(g))
    for name, ours, theirs in zip(("y", "dx", "dk"), loop, oracle):
        assert ours.shape == theirs.shape, (c["name"], name, ours.shape, theirs.shape)
        error = np.abs(ours - theirs).max(initial=0) / max(1, np.abs(theirs).max(initial=0))
        assert error <= 1e-12, (c["name"], name, error)
    # No partial sum exceeds the sum of the magnitudes: below 2^digits grains, all of them are exact.
    sums = [a.max(initial=0) for a in reference(c, *map(np.abs, (nhwc(x), k, nhwc(g))))]
    exact = all(s <= a * b * 2.0 ** (np.finfo(c["dtype"]).nmant + 1) for s, a, b in zip(
        sums, (x_grain, g_grain, x_grain), (k_grain, k_grain, g_grain)))
    c["tolerance"] = 0 if exact else 2 * np.finfo(c["dtype"]).eps * max(sums)
    y, dx, dk = oracle if c["source"] == "tensorflow" else loop
    c["y"], tensors = own(y).shape, []
    for name, a in dict(x=x, kernel=k, g=g, y=own(y), dx=own(dx), dk=dk).items():
        stored = np.ascontiguousarray(a, {"float32": "<f4", "float64": "<f8"}[c["dtype"]])
        assert (stored == a).all() or not (exact or name in ("x", "kernel", "g")), (c["name"], name)
        tensors.append(stored.tobytes())
    rows = ["name note", "x kernel y", "strides padding dilation_rate",
            "data_format dtype source tolerance"]
    entry = "  { %s },\n" % ",\n    ".join(", ".join("%s = %s" % (f, lua(c[f])) for f in row.split()) for row in rows)
    return entry, b"".join(tensors)


def main():
    entries, tensors = zip(*(make(spec, note) for note, specs in GROUPS.items() for spec in specs.split()))
    (OUT / "depthwise.lua").write_text(
        "-- Written by tests/oracle/depthwise.py, which explains it. |result - expected| <= tolerance must hold for\n"
        "-- each element of y, dx and dk; most are exact: tolerance 0. padding is {{top, bottom}, {left, right}}.\n"
        "return {\n" + "".join(entries) + "}\n")
    (OUT / "depthwise.bin").write_bytes(b"".join(tensors))
    print("%d cases, %d bytes" % (len(entries), sum(map(len, tensors))))


if __name__ == "__main__":
    main()
