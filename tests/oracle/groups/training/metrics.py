"""Cases of metrics: several batches, with and without weights, the result after each; labels count from 1 in Lua."""
import numpy as np

from groups.training.losses import labels, numbers, probabilities
from kit.cases import seeded
from kit.ops import f64, i64, tf, tf_keras
from kit.training import emit

METRICS = tf_keras.metrics
BATCHES = 3


def from_one(options):
    options = dict(options)
    if "class_id" in options:
        options["class_id"] += 1
    return options


def dtype_for(name, options):
    """The best k are found in float32 only."""
    return "float32" if "TopK" in name or "top_k" in options else None


def case(name, batches, options=None, weights=None, sparse=False, both_sparse=False):
    """`batches`: of (y_true, y_pred); `weights`: one for each batch, or None."""
    options = dict(options or {})
    metric = getattr(METRICS, name)(dtype=dtype_for(name, options), **options)
    results, fed = [], []
    for i, (t, p) in enumerate(batches):
        w = None if weights is None else weights[i]
        metric.update_state(tf.constant(t), tf.constant(p), sample_weight=None if w is None else tf.constant(w))
        results.append(metric.result().numpy())
        batch = {"y_true": t + 1 if sparse else t, "y_pred": p + 1 if both_sparse else p}
        fed.append(batch if w is None else {**batch, "weight": w})
    emit("metrics", name=name, options=from_one(options), batches=fed,
         results=[r.tolist() if r.ndim else r for r in results])


def weights_for(batches, columns=False):
    return [np.round(seeded("mw", i, len(p)).uniform(0, 2, (len(p), 1) if columns else (len(p),)), 2)
            for i, (t, p) in enumerate(batches)]


def both(name, batches, options=None, sparse=False, columns=False):
    case(name, batches, options, sparse=sparse)
    case(name, batches, options, weights_for(batches, columns), sparse)


def dense(shape=(4, 3)):
    return [(numbers(shape, salt=i), numbers(shape, salt=i + 10)) for i in range(BATCHES)]


def positive(shape=(4, 3)):
    return [(numbers(shape, 0, 3, salt=i), numbers(shape, 0.1, 3, salt=i + 10)) for i in range(BATCHES)]


def binary(shape=(5,), salt=0):
    return [(labels(shape, 2, salt=i + salt).astype(f64),
             np.round(seeded("q", shape, i + salt).uniform(0.02, 0.98, shape), 3)) for i in range(BATCHES)]


def classes(n=6, c=4):
    return [(np.eye(c)[labels((n,), c, salt=i)], probabilities((n, c), salt=i)) for i in range(BATCHES)]


def sparse_classes(n=6, c=4, column=False):
    return [(labels((n, 1) if column else (n,), c, salt=i).astype(i64), probabilities((n, c), salt=i))
            for i in range(BATCHES)]


def values():
    for name in ("Mean", "Sum", "MeanTensor"):
        for weights in (None, [np.float64(2), np.array([[0.5], [2]]), np.array([[1.0, 0, 2], [1, 3, 1]])]):
            metric = getattr(METRICS, name)()
            fed, results = [], []
            for i in range(BATCHES):
                v = numbers((2, 3), salt=i)
                w = None if weights is None else weights[i]
                metric.update_state(tf.constant(v), sample_weight=None if w is None else tf.constant(w))
                results.append(metric.result().numpy())
                fed.append({"values": v} if w is None else {"values": v, "weight": w})
            emit("metrics", name=name, options={}, batches=fed, results=results)


def losses():
    for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "LogCoshError",
                 "CosineSimilarity", "RootMeanSquaredError", "Hinge", "SquaredHinge", "CategoricalHinge"):
        both(name, dense())
    for name in ("MeanSquaredLogarithmicError", "Poisson"):
        both(name, positive())
    both("KLDivergence", [(probabilities((4, 3), i), probabilities((4, 3), i + 5)) for i in range(BATCHES)])
    both("CosineSimilarity", dense(), {"axis": -1})
    case("MeanRelativeError", dense((2, 3))[:2], {"normalizer": [[1.0, 2.0, 0.0], [4.0, 5.0, 6.0]]})
    both("BinaryCrossentropy", binary((4, 2)))
    both("BinaryCrossentropy", dense(), {"from_logits": True, "label_smoothing": 0.1})
    both("CategoricalCrossentropy", classes())
    both("CategoricalCrossentropy", classes(), {"label_smoothing": 0.2})
    both("SparseCategoricalCrossentropy", sparse_classes(), sparse=True)
    case("SparseCategoricalCrossentropy", sparse_classes(), {"from_logits": True}, sparse=True)


def accuracies():
    exact = [(labels((6, 1), 3, salt=i).astype(f64), labels((6, 1), 3, salt=i + 9).astype(f64)) for i in range(BATCHES)]
    both("Accuracy", exact, columns=True)
    both("BinaryAccuracy", binary((6, 1)))
    both("BinaryAccuracy", binary((3, 4)), {"threshold": 0.3})
    both("CategoricalAccuracy", classes())
    both("SparseCategoricalAccuracy", sparse_classes(), sparse=True)
    both("SparseCategoricalAccuracy", sparse_classes(column=True), sparse=True)
    case("SparseCategoricalAccuracy", [(labels((2, 3), 4, salt=i), probabilities((2, 3, 4), i)) for i in range(2)],
         sparse=True)
    both("TopKCategoricalAccuracy", classes(6, 7), {"k": 2})
    case("TopKCategoricalAccuracy", classes(6, 7))
    both("SparseTopKCategoricalAccuracy", sparse_classes(6, 7), {"k": 3}, sparse=True)
    case("SparseTopKCategoricalAccuracy", sparse_classes(6, 7), sparse=True)


def confusion():
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall"):
        both(name, binary())
        case(name, binary((3, 4)), {"thresholds": [0.7, 0.2, 0.5]}, weights_for(binary((3, 4)), True))
    for name in ("Precision", "Recall"):
        case(name, binary((3, 4)), {"top_k": 2})
        case(name, binary((3, 4)), {"top_k": 2, "class_id": 1})
        case(name, binary((3, 4)), {"class_id": 2, "thresholds": 0.4}, weights_for(binary((3, 4)), True))
    many = binary((24,))
    for curve in ("ROC", "PR"):
        for method in ("interpolation", "minoring", "majoring"):
            case("AUC", many, {"curve": curve, "summation_method": method})
        case("AUC", many, {"curve": curve, "num_thresholds": 9}, weights_for(many))
        case("AUC", many, {"curve": curve, "thresholds": [0.9, 0.1, 0.35]})
        wide = binary((8, 3))
        case("AUC", wide, {"curve": curve, "multi_label": True}, weights_for(wide, True))
        case("AUC", wide, {"curve": curve, "multi_label": True, "label_weights": [0.2, 1.5, 0.7]})
        case("AUC", wide, {"curve": curve, "label_weights": [0.2, 1.5, 0.7]})
    case("AUC", [(t, p * 6 - 3) for t, p in many], {"from_logits": True})
    case("AUC", binary((3,)))
    for name, level in (("SensitivityAtSpecificity", 0.6), ("SpecificityAtSensitivity", 0.6), ("PrecisionAtRecall", 0.7),
                        ("RecallAtPrecision", 0.55)):
        case(name, many, {name.split("At")[1].lower(): level})
        case(name, many, {name.split("At")[1].lower(): level, "num_thresholds": 6}, weights_for(many))
        case(name, many, {name.split("At")[1].lower(): 0.99})
    some = [(labels((9,), 3, salt=i), labels((9,), 3, salt=i + 4)) for i in range(BATCHES)]
    case("MeanIoU", some, {"num_classes": 3}, sparse=True, both_sparse=True)
    case("MeanIoU", some, {"num_classes": 4}, [np.round(seeded(i).uniform(0, 2, (9,)), 2) for i in range(BATCHES)],
         sparse=True, both_sparse=True)


GROUPS = (values, losses, accuracies, confusion)
