"""Cases of numbers one by one: one operand, two, pow, clip and where."""
import math

import numpy as np

from kit.ops import INF, NAN, f32, f64, i32, i64, u8
from kit.cases import a, case, r, sweep


SHAPES = [(), (1,), (7,), (2, 3), (3, 1, 2), (2, 2, 1, 3), (1, 2, 2, 1, 3), (0,), (2, 0, 3)]
PAIRS = [((), ()), ((4,), (4,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)), ((2, 3), ()), ((), (2, 2)),
         ((2, 1, 3), (4, 1)), ((1, 2, 1, 3), (2, 1, 2, 1)), ((2, 1, 1, 2, 1), (2, 1, 3)), ((0, 3), (1, 3)),
         ((2, 0), (1,))]
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -2.5]
CROSS = (np.array(SPECIAL).reshape(7, 1), np.array(SPECIAL))  # each with each
INTS = [-7, -3, -1, 0, 1, 2, 9]


def unary():
    for name in "square abs exp sin cos sqrt round sign tanh sigmoid erf log negative log1p expm1".split():
        low = {"sqrt": 0, "log": 0, "log1p": -0.9}.get(name, -2)
        for shape in SHAPES:
            case(name, r(shape, low=low))
        for shape in [(4,), (2, 0), (2, 1, 2)]:
            case(name, r(shape, f64, low=low))
        for dtype in (f32, f64):
            if name == "erf":
                case(name, a(SPECIAL, dtype), truth=[math.erf(v) for v in SPECIAL],
                     note="corners; in float64 TensorFlow gives NaN at infinity")
            else:
                case(name, a(SPECIAL, dtype), note="corners")
    for name in "square abs round sign negative".split():
        for dtype in (i32, i64, u8):
            sweep(name, a([0, 1, 2, 9] if dtype == u8 else INTS, dtype))
        case(name, r((2, 0), i32))
    for dtype in (f32, f64):
        case("exp", a([-104, -87, -30, -1, 0, 1, 30, 88, 89, 700, -700], dtype), grads=False)
        case("log", a([1e-30, 1e-7, 0.5, 1, 2, 10, 1e30, 0, -1], dtype), grads=False)
        case("sin", a([0, 1, 3.140625, 6.25, 100, -1000], dtype))
        case("cos", a([0, 1, 3.140625, 6.25, 100, -1000], dtype))
        case("tanh", a([0, 1e-4, 0.5, 3, 9, 20, 100, -1e-4, -3, -100], dtype))
        case("sigmoid", a([0, 1e-4, 0.5, 3, 16, 30, 90, -3, -16, -30, -90, -110], dtype))
        case("erf", a([0, 1e-4, 0.5, 0.875, 1, 1.5, 2, 3, 4, 6, 30, -0.25, -1, -2, -5], dtype))
        case("round", a([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, 0.25, 0.75, 1e6 + 0.5, 8388609], dtype),
             note="half to even")
        case("abs", a([0.0, -0.0, 2, -2], dtype), note="the gradient at 0 is 0")
        case("sign", a([0.0, -0.0, 2, -2], dtype), note="the gradient is 0")
        case("sqrt", a([-4, -0.25, 0.25, 4], dtype), note="clipped at 0, and its gradient")
        case("sqrt", a([0, 0], dtype), note="the gradient at 0 is infinite")
        case("log", a([0, 1], dtype), note="the gradient at 0 is infinite")


def binary():
    for name in "add subtract multiply divide floor_divide mod maximum minimum".split():
        for i, (s, t) in enumerate(PAIRS):
            x, y = r(s, salt=i), r(t, salt=i + 100)
            case(name, x, y if (x.size == 0) or name in ("add", "subtract", "multiply") else away(x, y))
        case(name, r((2, 3), f64), r((3, 1, 3), f64, 1, 3))
        for dtype in (i32, i64):
            x, y = r((3, 4), dtype), r((4,), dtype, salt=1)
            if name != "divide":
                case(name, x, np.where(y == 0, 5, y).astype(dtype))
                case(name, r((2, 0), dtype), a([2], dtype))
                case(name, x, 3)
                case(name, 7, np.where(x == 0, -4, x).astype(dtype))
        case(name, r((2, 3)), 0.75)
        case(name, -1.5, r((2, 3)))
        case(name, r((2, 3), f64), 0.1)
        case(name, 2, r((3,), f64))
        x, y = (v.astype(f32) for v in CROSS)
        case(name, x, y[np.isfinite(y)] if name in ("mod", "floor_divide") else y, note="corners")
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        sweep(name, a([20, 9, 5], u8), a([3, 4, 5], u8))
    for dtype in (f32, f64, i32, i64):
        x, y = a([7, 7, -7, -7, 6, -6, 0], dtype), a([2, -2, 2, -2, 3, 3, -5], dtype)
        case("floor_divide", x, y, note="towards minus infinity")
        case("mod", x, y, note="the sign of y")
    for name in ("maximum", "minimum"):
        case(name, a([1, 2, -3, 0]), a([1, 2, -3, 0]), note="a tie goes to the first argument")
        case(name, a([1, 2]), 1.0, note="a tie goes to the first argument")
    for name in "equal not_equal greater greater_equal less less_equal".split():
        for i, (s, t) in enumerate(PAIRS):
            case(name, r(s, i32, salt=i) // 4, r(t, i32, salt=i + 100) // 4)
        for dtype in (f32, f64, i32, i64, u8):
            case(name, a([1, 2, 3, 3], dtype), a([2, 2, 2, 3], dtype))
        for dtype in (f32, f64):
            case(name, *(v.astype(dtype) for v in CROSS), note="corners")
        case(name, r((2, 3)), 0.5)
        case(name, a([1, 2, 3], i32), 2)
        case(name, 0.1, a([0.1, 0.2, 0.3], f64))
        if "equal" in name and len(name) < 10:
            case(name, a([[True, False]], bool), a([[True], [False]], bool))
    case("equal", a([0.1, 0.2], f32), 0.1, note="the number takes the tensor's dtype first")
    for name in ("logical_and", "logical_or"):
        case(name, a([False, False, True, True], bool), a([False, True, False, True], bool))
        case(name, r((2, 1, 3), "bool"), r((4, 1), "bool", salt=1))
        case(name, r((0, 3), "bool"), r((3,), "bool"))
        case(name, a(True, bool), r((2, 2), "bool"))
    for shape in [(), (3,), (2, 0), (2, 1, 3)]:
        case("logical_not", r(shape, "bool"))


def away(x, y):
    """y, moved by 1/32 where it ties with x."""
    return np.where(np.broadcast_to(np.isin(y, x), y.shape), y + y.dtype.type(1 / 32), y).astype(y.dtype)


def pow_clip_where():
    for shape in [(), (5,), (2, 3), (2, 0), (2, 1, 2, 3)]:
        case("pow", r(shape, low=0), 2.5)
        case("pow", r(shape), 3)
        case("pow", r(shape, f64, 0), -1.5)
    for s, t in PAIRS:
        case("pow", r(s, low=0), r(t))
    case("pow", r((2, 3), f64, 0, 3), r((2, 1), f64))
    for dtype in (f32, f64):
        case("pow", a([-2, -2, 0, 0, 2, -2, -0.5], dtype), a([0.5, 3, 2, 0.5, -3, 2, -2], dtype), grads=False,
             note="corners")
        case("pow", a([-2, -1.5, 2], dtype), a([3, 2, 2], dtype), note="d/da is 0 where x <= 0")
        case("pow", a([NAN, INF, -INF, 1, 0, NAN], dtype), a([0, 2, 3, NAN, 0, 1], dtype), note="corners")
        for e in (0, 1, 2, -1, 0.5):
            case("pow", a([0.25, 1, 4], dtype), float(e))
        case("pow", a([0, -2, 3], dtype), 2.0, note="the gradient at 0")
    for dtype in (i32, i64):
        case("pow", a([-3, -1, 0, 2, 3], dtype), 3)
        case("pow", a([-3, -1, 0, 2, 3], dtype), a([2, 5, 0, 10, 0], dtype))
    for shape in SHAPES:
        case("relu", r(shape))
    ramp = a([-2, -0.5, 0, 0.5, 1, 3, 6, 7])
    for settings in (dict(), dict(alpha=0.25), dict(max_value=6.0), dict(max_value=1.0), dict(threshold=0.5),
                     dict(alpha=0.25, max_value=6.0), dict(alpha=0.25, max_value=3.0, threshold=0.5),
                     dict(threshold=6.0, max_value=3.0), dict(threshold=-1.0), dict(alpha=-0.5, threshold=1.0)):
        case("relu", ramp, note="corners", **settings)
        case("relu", r((2, 3), f64), **settings)
    case("relu", a([INF, -INF, 0.0]), grads=False, note="corners")
    for shape in SHAPES:
        case("clip", r(shape), -0.5, 0.75)
    case("clip", r((2, 3), f64), -0.1, 0.7)
    for dtype in (i32, i64):
        case("clip", a(INTS, dtype), -2, 4)
    case("clip", r((3, 3)), None, 0.25)
    case("clip", r((3, 3)), -0.25, None)
    case("clip", r((3,)), None, None)
    case("clip", r((2, 3)), 1.0, -1.0, note="max below min: everything becomes min")
    case("clip", a(INTS, i32), 4, -2, note="max below min: everything becomes min")
    case("clip", a([NAN, INF, -INF, 0.0]), -1.0, 1.0, note="corners")
    case("clip", a([-2, -1, 0, 1, 2]), -1.0, 1.0, note="the gradient is 1 at both bounds")
    case("clip", r((2, 3)), r((3,), low=-2, high=-1), r((2, 1), low=0, high=1), note="bounds that are tensors")
    case("clip", r((2, 3), f64), r((2, 3), f64, -2, 0), r((2, 3), f64, 0, 2), note="bounds that are tensors")
    for i, (s, t) in enumerate(PAIRS):
        case("where", r(np.broadcast_shapes(s, t), "bool", salt=i), r(s, salt=i), r(t, salt=i + 50))
    case("where", r((3, 1), "bool"), r((2, 1, 4)), r((4,)), note="the condition broadcasts too")
    case("where", a(True, bool), r((2,)), r((3, 2)))
    case("where", r((4,), "bool"), r((2, 4), f64), r((2, 1), f64))
    for dtype in (i32, i64, u8, "bool"):
        case("where", r((2, 3), "bool"), r((2, 3), dtype), r((3,), dtype, salt=1))
    case("where", a([True, False], bool), r((2,)), 0.5)
    case("where", a([True, False], bool), 0.5, r((2,), f64))
    case("where", a([True, False, True], bool), a([1, 2, 3]), a([NAN, NAN, INF]),
         note="what is not chosen does not matter")
