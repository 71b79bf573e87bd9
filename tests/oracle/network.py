"""Makes tests/fixtures/network.lua: five steps of each optimizer on a small separable network, from the weights
with which TensorFlow begins: the loss of each step and the weights after the last, in float32 as TensorFlow trains.

    python tests/oracle/network.py          # in the environment that backend.py describes

The file is a chunk that is called with T, as those of training.py; it returns x, y, first (weights in get_weights' order)
and a list of cases {name, options, losses, weights}.
"""
import os
import pathlib

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import numpy as np
import tensorflow as tf
import tf_keras

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "network.lua"
STEPS = 5
LEGACY, NEW, L = tf_keras.optimizers.legacy, tf_keras.optimizers, tf_keras.layers

CASES = [
    (LEGACY, "SGD", {"learning_rate": 0.1}),
    (LEGACY, "SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    (LEGACY, "SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    (LEGACY, "SGD", {"learning_rate": 0.5, "clipnorm": 0.1}),
    (LEGACY, "SGD", {"learning_rate": 0.5, "clipvalue": 0.02}),
    (LEGACY, "SGD", {"learning_rate": 0.5, "global_clipnorm": 0.2}),
    (LEGACY, "RMSprop", {"learning_rate": 0.01}),
    (LEGACY, "RMSprop", {"learning_rate": 0.01, "momentum": 0.5, "centered": True, "epsilon": 1e-3}),
    (LEGACY, "Adagrad", {"learning_rate": 0.1}),
    (LEGACY, "Adadelta", {"learning_rate": 1.0}),
    (LEGACY, "Adam", {"learning_rate": 0.01}),
    (LEGACY, "Adam", {"learning_rate": 0.01, "amsgrad": True, "epsilon": 1e-4}),
    (LEGACY, "Adamax", {"learning_rate": 0.01}),
    (LEGACY, "Nadam", {"learning_rate": 0.01}),
    (LEGACY, "Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.001}),
    (NEW, "AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
    (NEW, "Lion", {"learning_rate": 0.001}),
]


def network():
    return tf_keras.Sequential([
        L.Input((8, 8, 2)), L.SeparableConv2D(4, 3, padding="same", use_bias=False), L.BatchNormalization(momentum=0.9),
        L.ReLU(), L.DepthwiseConv2D(3, strides=2), L.Conv2D(5, 1, activation="tanh"), L.GlobalAveragePooling2D(),
        L.Dense(3, activation="softmax")])


def text(a):
    a = np.asarray(a)
    numbers = ",".join("%.9g" % v for v in a.reshape(-1))
    return 'T("float32", {%s}, {%s})' % (",".join(map(str, a.shape)), numbers)


def texts(arrays):
    return "{ " + ",\n    ".join(map(text, arrays)) + " }"


def options_text(options):
    return "{ " + ", ".join("%s = %s" % (k, str(v).lower()) for k, v in options.items()) + " }"


def main():
    rng = np.random.RandomState(3)
    tf_keras.utils.set_random_seed(11)
    x = rng.uniform(-1, 1, (6, 8, 8, 2)).astype("f").round(4)
    y = np.eye(3, dtype="f")[[0, 1, 2, 2, 1, 0]]
    first = network().get_weights()
    lines = ["-- Written by tests/oracle/network.py with TensorFlow 2.21.", "local T = ...", "local x = " + text(x),
             "local y = " + text(y), "local first = " + texts(first), "return x, y, first, {"]
    for room, name, options in CASES:
        model = network()
        model.set_weights(first)
        model.compile(getattr(room, name)(**options), "categorical_crossentropy")
        losses = [float(model.train_on_batch(x, y)) for _ in range(STEPS)]
        lines.append('  { name = "%s", options = %s, losses = { %s }, weights = %s },' % (
            name, options_text(options), ", ".join("%.9g" % v for v in losses), texts(model.get_weights())))
    OUT.write_text("\n".join(lines + ["}"]) + "\n")
    print("%d cases, %d bytes" % (len(CASES), OUT.stat().st_size))


if __name__ == "__main__":
    main()
