"""Cases of losses: the losses of samples, with weights and every reduction, and gradients; labels count from 1 in Lua."""
import numpy as np

from kit.cases import a, seeded
from kit.ops import f64, i64, tf, tf_keras
from kit.training import emit

LOSSES = tf_keras.losses


def probabilities(shape, salt=0):
    p = seeded("p", shape, salt).uniform(0.05, 1, shape)
    return np.round(p / p.sum(-1, keepdims=True), 3)


def numbers(shape, low=-2, high=2, salt=0):
    return np.round(seeded("n", shape, salt).uniform(low, high, shape), 3)


def labels(shape, classes, salt=0):
    return seeded("l", shape, salt).randint(0, classes, shape)


def case(name, y_true, y_pred, options=None, weight=None, reduction=None, sparse=False):
    options = dict(options or {})
    if reduction:
        options["reduction"] = reduction
    loss = getattr(LOSSES, name)(**options)
    x = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(x)
        given = None if weight is None else tf.constant(weight)
        result = loss(tf.constant(y_true), x, sample_weight=given)
    more = {} if weight is None else {"weight": weight}
    if options.get("axis", -1) >= 0:
        options["axis"] += 1
    emit("losses", name=name, options=options, y_true=y_true + 1 if sparse else y_true, y_pred=y_pred, result=result,
         grad=tape.gradient(result, x), **more)


def variants(name, y_true, y_pred, options=None, sparse=False):
    """Alone, weighted by samples, and with every reduction."""
    n = y_pred.shape[0]
    weights = np.round(seeded("w", name, n).uniform(0, 2, (n,)), 2)
    losses = getattr(LOSSES, name)(reduction="none", **(options or {}))(tf.constant(y_true), tf.constant(y_pred))
    case(name, y_true, y_pred, options, sparse=sparse)
    case(name, y_true, y_pred, options, weights if len(losses.shape) == 1 else weights[:, None], sparse=sparse)
    case(name, y_true, y_pred, options, weights[:, None] if len(losses.shape) == 1 else None, "none", sparse)
    case(name, y_true, y_pred, options, np.float64(0.5), "sum", sparse)


def regression():
    for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "LogCosh", "Huber",
                 "CosineSimilarity"):
        for shape in ((4, 3), (2, 3, 2)):
            variants(name, numbers(shape), numbers(shape, salt=1))
    case("MeanSquaredError", numbers((5,)), numbers((5,), salt=1))
    case("MeanAbsolutePercentageError", a([[0.0, 1.0], [2.0, -3.0]], f64), a([[0.5, 2.0], [0.0, 0.0]], f64))
    case("MeanSquaredError", labels((4, 3), 5).astype(f64), numbers((4, 3)))
    variants("Huber", numbers((4, 3)), numbers((4, 3), salt=1), {"delta": 0.3})
    case("CosineSimilarity", numbers((4, 3)), numbers((4, 3), salt=1), {"axis": 0})
    case("LogCosh", a([[0.0, 0.0]], f64), a([[800.0, -900.0]], f64))
    for name in ("MeanSquaredLogarithmicError", "Poisson"):
        variants(name, numbers((4, 3), 0, 3), numbers((4, 3), 0.1, 3, salt=1))
    variants("KLDivergence", probabilities((4, 3)), probabilities((4, 3), 1))


def hinges():
    signs = 2.0 * labels((4, 3), 2) - 1
    bits = labels((4, 3), 2, 1).astype(f64)
    for name in ("Hinge", "SquaredHinge"):
        variants(name, signs, numbers((4, 3)))
        case(name, bits, numbers((4, 3)))
        case(name, numbers((4, 3)), numbers((4, 3), salt=1))
    variants("CategoricalHinge", np.eye(3)[labels((4,), 3)], numbers((4, 3)))


def crossentropies():
    bits = labels((4, 3), 2).astype(f64)
    variants("BinaryCrossentropy", bits, np.round(seeded("b").uniform(0.05, 0.95, (4, 3)), 3))
    variants("BinaryCrossentropy", bits, numbers((4, 3)), {"from_logits": True})
    variants("BinaryCrossentropy", bits, numbers((4, 3)), {"from_logits": True, "label_smoothing": 0.2})
    case("BinaryCrossentropy", bits, np.round(seeded("b").uniform(0.05, 0.95, (4, 3)), 3), {"label_smoothing": 0.1})
    case("BinaryCrossentropy", labels((2, 3, 2), 2).astype(f64), numbers((2, 3, 2)), {"from_logits": True})
    rows = np.eye(3)[labels((4,), 3)]
    variants("CategoricalCrossentropy", rows, probabilities((4, 3)))
    variants("CategoricalCrossentropy", rows, numbers((4, 3)), {"from_logits": True})
    variants("CategoricalCrossentropy", rows, numbers((4, 3)), {"from_logits": True, "label_smoothing": 0.3})
    variants("CategoricalCrossentropy", np.eye(4)[labels((2, 3), 4)], probabilities((2, 3, 4)))
    case("CategoricalCrossentropy", rows, probabilities((4, 3)), {"label_smoothing": 0.3})
    for shape, n in (((4,), 3), ((4, 1), 3), ((2, 3), 4)):
        which = labels(shape, n).astype(i64)
        dense = (shape[0],) + (shape[1:] if shape[-1] != 1 else ()) + (n,)
        variants("SparseCategoricalCrossentropy", which, probabilities(dense), sparse=True)
        variants("SparseCategoricalCrossentropy", which, numbers(dense), {"from_logits": True}, sparse=True)


NAMES = ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "kld", "KLD", "bce", "BCE", "mean_squared_error",
         "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "binary_crossentropy",
         "categorical_crossentropy", "hinge", "squared_hinge", "categorical_hinge", "poisson", "log_cosh", "logcosh",
         "kl_divergence", "kullback_leibler_divergence", "cosine_similarity"]


def functions():
    p, q = probabilities((3, 4)), probabilities((3, 4), 1)
    for name in NAMES:
        emit("losses", name=name, y_true=p, y_pred=q, samples=LOSSES.get(name)(tf.constant(p), tf.constant(q)))


GROUPS = (regression, hinges, crossentropies, functions)
