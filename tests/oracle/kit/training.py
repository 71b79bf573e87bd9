"""How a case of what training is made of (losses, optimizers, ...) becomes Lua text. The groups in groups/training call
emit(); training.py writes what it gathered. Everything is computed in float64."""
import numpy as np

from kit.cases import lua, wrap
from kit.ops import K

K.set_floatx("float64")

FILES = {}


def text(value):
    """A value as Lua; dicts become tables with fields."""
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (k, text(v)) for k, v in value.items()) if value else "{}"
    if isinstance(value, (list, tuple)):
        return "{ %s }" % ", ".join(map(text, value))
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.ndim == 0 or isinstance(value, np.generic):
        value = value.item()
    return lua(value)


def emit(file, **fields):
    FILES.setdefault(file, []).append(wrap(text(fields) + ",") + "\n")
