"""Cases of optimizers: some steps of random gradients on two variables. Those that r2.2 has come from optimizers.legacy;
AdamW, Lion, and options that only the newer classes have (averages of weights, weight_decay), from those."""
import numpy as np

from kit.cases import r
from kit.ops import f64, tf, tf_keras
from kit.training import emit

STEPS, MOST = 6, 9
LEGACY = tf_keras.optimizers.legacy
NEW = tf_keras.optimizers
SCHEDULES = NEW.schedules
BASE = LEGACY.SGD.__base__
add_weight = BASE.add_weight


keras_tf = tf.compat.v2  # as tf_keras's optimizers see it
cast = keras_tf.cast


# Optimizers round their numbers to float32 on the way; here they do not.
def cast_wide(x, dtype, name=None):
    return cast(np.float64(x) if isinstance(x, float) else x, dtype, name)


def add_wide_weight(self, name, shape, dtype=None, initializer="zeros", **options):
    if dtype in (None, tf.float32):
        dtype = f64
    if isinstance(initializer, (int, float)):
        initializer = tf.constant(initializer, f64)
    return add_weight(self, name, shape, dtype=dtype, initializer=initializer, **options)


BASE.add_weight = add_wide_weight
keras_tf.cast = cast_wide


FIRST = [r((3, 2), f64, salt=1), r((4,), f64, salt=2)]


def make_gradients():
    """Those of every step; of the second variable some are 0."""
    rng = np.random.RandomState(7)
    steps = [[np.round(rng.normal(0, 1, w.shape), 6) for w in FIRST] for _ in range(MOST)]
    for t, g in enumerate(steps):
        g[1][t % 4] = 0
    return steps


GRADIENTS = make_gradients()


def run(optimizer, steps):
    """The variables, and their values after each step."""
    variables, after = [tf.Variable(w) for w in FIRST], []
    for g in GRADIENTS[:steps]:
        optimizer.apply_gradients([(tf.constant(a), v) for a, v in zip(g, variables)])
        after.append([v.numpy() for v in variables])
    return variables, after


def given():
    emit("optimizers", first=FIRST, gradients=GRADIENTS)


def case(name, options=None, new=False, steps=STEPS, schedule=None, finalize=False):
    options = dict(options or {})
    if schedule:
        options["learning_rate"] = wide_schedule(*schedule)
    optimizer = getattr(NEW if new else LEGACY, name)(**options)
    variables, after = run(optimizer, steps)
    if schedule:
        options["learning_rate"] = {"class_name": schedule[0], "config": schedule[1]}
    more = {}
    if finalize:
        optimizer.finalize_variable_values(variables)
        more["final"] = [v.numpy() for v in variables]
    emit("optimizers", name=name, options=options, steps=steps, after_one=after[0], after=after[-1], **more)


def classes():
    case("SGD")
    case("SGD", {"learning_rate": 0.1, "momentum": 0.9})
    case("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True})
    case("SGD", {"learning_rate": 0.5, "decay": 0.25})
    case("RMSprop")
    case("RMSprop", {"learning_rate": 0.01, "rho": 0.7, "epsilon": 1e-3})
    case("RMSprop", {"learning_rate": 0.01, "centered": True})
    case("RMSprop", {"learning_rate": 0.01, "momentum": 0.6, "epsilon": 1e-2})
    case("RMSprop", {"learning_rate": 0.01, "momentum": 0.6, "centered": True, "epsilon": 1e-4})
    case("Adagrad")
    case("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 1e-2})
    case("Adadelta")
    case("Adadelta", {"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-3})
    case("Adam")
    case("Adam", {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2})
    case("Adam", {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.6}, steps=9)
    case("Adam", {"learning_rate": 0.05, "decay": 0.5})
    case("Adamax")
    case("Adamax", {"learning_rate": 0.05, "beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2})
    case("Nadam")
    case("Nadam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}, steps=9)
    case("Nadam", {"learning_rate": 0.05, "schedule_decay": 0.1})
    case("Ftrl")
    case("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2})
    case("Ftrl", {"learning_rate": 0.1, "l2_shrinkage_regularization_strength": 0.375, "beta": 0.25,
                  "initial_accumulator_value": 0.7})
    case("Ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.8, "l1_regularization_strength": 0.1})
    case("AdamW", new=True)
    case("AdamW", {"learning_rate": 0.1, "weight_decay": 0.2, "beta_1": 0.8}, new=True)
    case("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1, "amsgrad": True}, new=True)
    case("Lion", new=True)
    case("Lion", {"learning_rate": 0.05, "beta_1": 0.7, "beta_2": 0.8, "weight_decay": 0.1}, new=True)


def common():
    for clip in ({"clipnorm": 1.5}, {"clipvalue": 0.5}, {"global_clipnorm": 2.0}, {"clipnorm": 100.0}):
        for name in ("SGD", "Adam"):
            case(name, {"learning_rate": 0.1, **clip})
    case("RMSprop", {"learning_rate": 0.1, "clipvalue": 0.25})
    case("SGD", {"learning_rate": 0.1, "weight_decay": 0.5}, new=True)
    case("Adam", {"learning_rate": 0.1, "weight_decay": 0.5}, new=True)
    ema = {"learning_rate": 0.1, "use_ema": True}
    case("SGD", {**ema}, new=True, finalize=True)
    case("Adam", {**ema, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}, new=True, steps=7, finalize=True)
    case("SGD", {**ema, "momentum": 0.9, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}, new=True)


SCHEDULE_CASES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 5], "values": [0.3, 0.2, 0.1]}),
    ("PiecewiseConstantDecay", {"boundaries": [3], "values": [0.3, 0.2]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "cycle": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 6}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 6, "alpha": 0.2}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 6, "warmup_target": 0.5, "warmup_steps": 4}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 3}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 3, "t_mul": 1.0, "m_mul": 0.5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 2, "t_mul": 1.5, "m_mul": 0.8,
                             "alpha": 0.1}),
]


def wide_schedule(name, options):
    given = {k: tf.constant(v, f64) if k == "initial_learning_rate" else v for k, v in options.items()}
    if name == "PiecewiseConstantDecay":
        given["values"] = [tf.constant(v, f64) for v in options["values"]]
    if name == "CosineDecay":
        given["alpha"] = tf.constant(options.get("alpha", 0.0), f64)
    return getattr(SCHEDULES, name)(**given)


def schedules():
    for name, options in SCHEDULE_CASES:
        schedule = wide_schedule(name, options)
        rates = [float(schedule(tf.constant(step, tf.int64))) for step in range(14)]
        emit("schedules", name=name, options=options, rates=rates)
    case("SGD", schedule=SCHEDULE_CASES[0])
    case("Adam", {"clipnorm": 2.0}, schedule=SCHEDULE_CASES[7])


GROUPS = (given, classes, common, schedules)
