"""Races a step of training of MobileNetV1 (alpha 1, 96x96, 32 images, SGD, float32) against PyTorch (channels_last, and
contiguous) and TensorFlow (tf.function, its oneDNN kernels): `make bench-training` calls it.

Each contender is a process of its own; they take turns, some rounds on one thread and on two, and the shortest step of
all counts. All have the same network: convolutions without biases, batch normalization, ReLU6, a mean and a dense layer.

    training.py [rounds]       PEERS_TF_PYTHON names the Python that has TensorFlow
    training.py torch|tf THREADS [contiguous]     one contender: prints the best time of a step in ms, and MB at most
"""
import os
import resource
import subprocess
import sys
import time

SIZE, BATCH, CLASSES, STEPS = 96, 32, 10, 8
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
          (1024, 2), (1024, 1)]


def best(step):
    times = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("%.1f %.0f" % (min(times) * 1e3, peak))


def torch_step(threads, layout):
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch
    from torch import nn
    torch.set_num_threads(threads)
    torch.manual_seed(0)

    def block(cin, cout, kernel, stride, groups=1):
        return [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
                nn.BatchNorm2d(cout, eps=1e-3, momentum=0.01), nn.ReLU6(inplace=True)]

    layers, channels = block(3, 32, 3, 2), 32
    for filters, stride in BLOCKS:
        layers += block(channels, channels, 3, stride, channels) + block(channels, filters, 1, 1)
        channels = filters
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, CLASSES))
    memory = torch.contiguous_format if layout == "contiguous" else torch.channels_last
    model = model.to(memory_format=memory)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.rand(BATCH, 3, SIZE, SIZE).to(memory_format=memory)
    y = torch.arange(BATCH) % CLASSES

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    best(step)


def tf_step(threads):
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_USE_LEGACY_KERAS="1")
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras = tf.keras
    layers = keras.layers

    def block(layer):
        return [layer, layers.BatchNormalization(), layers.ReLU(6.0)]

    stack = [layers.Input((SIZE, SIZE, 3))] + block(layers.Conv2D(32, 3, 2, "same", use_bias=False))
    for filters, stride in BLOCKS:
        stack += block(layers.DepthwiseConv2D(3, stride, "same", use_bias=False))
        stack += block(layers.Conv2D(filters, 1, use_bias=False))
    model = keras.Sequential(stack + [layers.GlobalAveragePooling2D(), layers.Dense(CLASSES)])
    optimizer = keras.optimizers.legacy.SGD(0.01) if hasattr(keras.optimizers, "legacy") else keras.optimizers.SGD(0.01)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = tf.random.uniform((BATCH, SIZE, SIZE, 3)), tf.range(BATCH) % CLASSES

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    best(lambda: float(train()))


def contenders(threads):
    tf_python = os.environ.get("PEERS_TF_PYTHON", sys.executable)
    lua = [os.environ.get("LUA", "lua5.4"), "bench/training.lua", str(STEPS), "--step", str(threads)]
    return {
        "dwconv": lua,
        "torch, channels_last": [sys.executable, __file__, "torch", str(threads)],
        "torch, contiguous": [sys.executable, __file__, "torch", str(threads), "contiguous"],
        "TensorFlow": [tf_python, __file__, "tf", str(threads)],
    }


def race(rounds):
    print("MobileNetV1, %dx%d, %d images: ms a step, MB at most" % (SIZE, SIZE, BATCH))
    for threads in (1, 2):
        times, peaks = {}, {}
        for _ in range(rounds):
            for name, command in contenders(threads).items():
                done = subprocess.run(command, capture_output=True, text=True, timeout=600)
                if done.returncode != 0:
                    print("  %s: %s" % (name, (done.stderr.strip().splitlines() or ["no output"])[-1]))
                    continue
                ms, peak = map(float, done.stdout.split()[-2:])
                times[name], peaks[name] = min(ms, times.get(name, ms)), max(peak, peaks.get(name, peak))
        for name in times:
            print("  %d thread%s %-22s %7.1f ms %6.0f MB   %.2f of ours" % (
                threads, " " if threads == 1 else "s", name, times[name], peaks[name], times[name] / times["dwconv"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["torch"]:
        torch_step(int(sys.argv[2]), (sys.argv + [""])[3])
    elif sys.argv[1:2] == ["tf"]:
        tf_step(int(sys.argv[2]))
    else:
        race(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
