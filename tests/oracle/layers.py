"""Makes tests/fixtures/layers.lua and layers.bin: tf_keras's layers with their weights, inputs and outputs.

    python tests/oracle/layers.py          # in the environment that backend.py describes

The cases stand in groups/layers_*.py. The chunk lists them, with everything counting from 1; the other file holds their
numbers, float32 or int64, little-endian, which T(dtype, shape, at) reads from byte `at` on. A case:

    layer, config   the class, and what it was made with, as dwconv takes it
    keras           get_config() of the fresh layer: strings, numbers, lists; initializers by their class
    x               a tensor, or a list of them;  y, the output in inference
    trains          whether it was also called in training;  trained, the output then, where it differs
    names, weights  in get_weights' order;  after, the weights after training, where they differ;  params, how many
    g, grads        gradients of sum(y * g) in training for each trainable weight

Layouts that TensorFlow refuses on a CPU are computed with channels_last and turned by NumPy.
"""
import pathlib
import zlib

import numpy as np

from kit.ops import tf  # noqa: F401 -- makes tf.keras Keras 2's, on one thread
import tf_keras

L = tf_keras.layers
OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
BYTES = bytearray()
TEXTS = []
COUNT_FROM_ONE = ("axis", "axes", "shared_axes")
SKIPPED = ("name", "batch_input_shape", "synchronized", "robust_masking", "rng_type", "mask_zero", "input_length", "implementation")
USUAL = {"trainable": True, "dtype": "float32"}


def numbers(*what, shape, low=-1, high=1):
    """Random multiples of 1/64, which every float holds."""
    random = np.random.RandomState(zlib.crc32(repr(what).encode()))
    return (np.round(random.uniform(low, high, shape) * 64) / 64).astype("float32")


# ---- Lua -----------------------------------------------------------------------------------------------------------
def tensor(a):
    a = np.asarray(a)
    a = a.astype("<i8") if a.dtype.kind in "iu" else a.astype("<f4")
    at = len(BYTES)
    BYTES.extend(a.tobytes())
    return 'T("%s", {%s}, %d)' % ("int64" if a.dtype.kind == "i" else "float32", ", ".join(map(str, a.shape)), at)


def lua(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (float, np.floating)):
        return repr(float(v))
    if isinstance(v, (int, np.integer)):
        return str(int(v))
    if isinstance(v, str):
        return '"%s"' % v
    if isinstance(v, np.ndarray):
        return lua(v.tolist())
    if isinstance(v, (list, tuple)):
        return "{" + ", ".join(map(lua, v)) + "}"
    return "{ " + ", ".join("%s = %s" % (k, lua(v[k])) for k in sorted(v)) + " }"


def tensors(v):
    return "{ " + ", ".join(map(tensors, v)) + " }" if isinstance(v, list) else tensor(v)


def from_one(v):
    if isinstance(v, (list, tuple)):
        return [from_one(i) for i in v]
    return v + 1 if v >= 0 else v


def as_lua_config(config):
    """The options as dwconv takes them: axes count from 1; None is left out; initializers are names."""
    found = {}
    for key, v in config.items():
        if v is None or key in SKIPPED or USUAL.get(key) == v:
            continue
        if isinstance(v, dict):
            v = v["class_name"]
        found[key] = from_one(v) if key in COUNT_FROM_ONE else v
    return found


# ---- cases ---------------------------------------------------------------------------------------------------------
def set_weights(layer, name, salt):
    """Random weights; of variances and counts, which must be positive, numbers above 0."""
    new = []
    for i, w in enumerate(layer.weights):
        low = 0.5 if "variance" in w.name else -1
        a = numbers(name, salt, i, shape=w.shape, low=low, high=1.5 if low > 0 else 1)
        new.append(a if w.dtype.is_floating else np.full(w.shape, 7, w.dtype.as_numpy_dtype))
    layer.set_weights(new)
    return new


def differ(a, b):
    return any(not np.array_equal(p, q) for p, q in zip(a, b))


def turned(a):
    return np.moveaxis(a, -1, 1)


def gradients(layer, x, y, g):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) * g if "training" in layer._call_spec.arg_names else layer(x) * g)
    return [tf.convert_to_tensor(d).numpy() for d in tape.gradient(loss, layer.trainable_weights)]


def case(name, shapes, first=False, x=None, train=True, note=None, low=-1, high=1, from_one=False, **config):
    """A case: a layer of class `name`, with inputs of these shapes (one, or a list); train: training is without chance;
    from_one: x holds indices."""
    salt = len(TEXTS)
    if x is None:
        one = isinstance(shapes, tuple)
        x = [numbers(name, salt, i, shape=s, low=low, high=high) for i, s in enumerate([shapes] if one else shapes)]
        x = x[0] if one else x
    layer = getattr(L, name)(**config)
    fields = {"layer": lua(name), "config": lua(as_lua_config(config)), "keras": lua(as_lua_config(layer.get_config()))}
    layer(x)
    weights = set_weights(layer, name, salt)
    y = np.asarray(layer(x))
    trains = "training" in layer._call_spec.arg_names
    kept = [w.numpy() for w in layer.weights]
    if layer.trainable_weights and train:
        g = numbers(name, "g", salt, shape=y.shape)
        grads = gradients(layer, x, y, g)
        layer.set_weights(kept)
        fields.update(g=tensor(turned(g) if first else g), grads=tensors(grads))
    if trains and train:
        trained = np.asarray(layer(x, training=True))
        fields["trains"] = "true"
        if differ([y], [trained]):
            fields["trained"] = tensor(trained)
        after = [w.numpy() for w in layer.weights]
        if differ(kept, after):
            fields["after"] = tensors(after)
    if first:
        x, y = turned(x), turned(y) if y.ndim == x.ndim else y
        for key in ("config", "keras"):
            fields[key] = fields[key].replace("channels_last", "channels_first")
    fields.update(x=tensors(x + 1 if from_one else x), y=tensor(y), names=lua([w.name.split("/")[-1].split(":")[0] for w in layer.weights]),
                  weights=tensors(weights) if weights else "{}", params=str(layer.count_params()))
    if note:
        fields["note"] = lua(note)
    TEXTS.append("  { " + ", ".join("%s = %s" % (k, v) for k, v in fields.items()) + " },")


def both(name, shape, turn=True, **config):
    """The case in either layout; the axes are turned by NumPy, or, without `turn`, TensorFlow knows both."""
    case(name, shape, data_format="channels_last", **config)
    if turn:
        case(name, shape, data_format="channels_last", first=True, **config)
    else:
        case(name, shape[:1] + shape[-1:] + shape[1:-1], data_format="channels_first", **config)


def write():
    head = ("-- Written by tests/oracle/layers.py with TensorFlow 2.21, which says what a case holds; layers_spec.lua reads it.\n"
            "local T = ... -- luacheck: ignore 211\nreturn {\n")
    (OUT / "layers.lua").write_text(head + "\n".join(TEXTS) + "\n}\n")
    (OUT / "layers.bin").write_bytes(bytes(BYTES))
    print("%d cases, %d bytes of numbers" % (len(TEXTS), len(BYTES)))


if __name__ == "__main__":
    import layers as shared  # this module under the name by which the groups know it
    from groups import layers_conv, layers_other
    layers_conv.cases(shared)
    layers_other.cases(shared)
    shared.write()
