"""Cases of regularizers and constraints. An axis is written as Keras has it, and counted from 1 in the fixture."""
from kit.cases import from_one, r
from kit.ops import f64, tf, tf_keras
from kit.training import emit

W = [(4,), (3, 2), (2, 3, 2, 4)]


def regularizers():
    for name, options in [("L1", {}), ("L1", {"l1": 0.3}), ("L2", {}), ("L2", {"l2": 0.25}), ("L1L2", {}),
                          ("L1L2", {"l1": 0.1}), ("L1L2", {"l1": 0.1, "l2": 0.7})]:
        for shape in W:
            w = tf.constant(r(shape, f64))
            with tf.GradientTape() as tape:
                tape.watch(w)
                loss = getattr(tf_keras.regularizers, name)(**options)(w)
            grad = tape.gradient(loss, w, unconnected_gradients="zero")
            emit("regularizers", name=name, options=options, w=w, loss=loss, grad=grad)
    for name in ("l1", "l2", "l1_l2"):
        w = tf.constant(r((3, 2), f64))
        emit("regularizers", name=name, w=w, loss=tf_keras.regularizers.get(name)(w))


def constraints():
    for name, variants in {
            "MaxNorm": [{}, {"max_value": 0.5}, {"axis": 1}, {"max_value": 1.5, "axis": [0, 1, 2]}],
            "NonNeg": [{}],
            "UnitNorm": [{}, {"axis": 1}, {"axis": [0, 1, 2]}],
            "MinMaxNorm": [{}, {"min_value": 0.5, "max_value": 1.25, "rate": 0.25}, {"min_value": 4, "max_value": 9},
                           {"rate": 0.5, "axis": 1}],
    }.items():
        for options in variants:
            shape = (2, 3, 2, 4) if isinstance(options.get("axis"), list) else (3, 4)
            w = r(shape, f64)
            got = getattr(tf_keras.constraints, name)(**options)(tf.constant(w))
            given = {k: from_one(v) if k == "axis" else v for k, v in options.items()}
            emit("constraints", name=name, options=given, w=w, result=got)
    for name in ("max_norm", "non_neg", "unit_norm", "min_max_norm"):
        w = r((3, 4), f64)
        emit("constraints", name=name, w=w, result=tf_keras.constraints.get(name)(tf.constant(w)))


GROUPS = (regularizers, constraints)
