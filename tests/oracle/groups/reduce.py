"""Cases of reductions, running sums and positions of extremes."""
import numpy as np

from kit.ops import INF, NAN, f32, f64, i32, i64, u8
from kit.cases import a, case, r, sweep


AXES = {(): [None, []], (1,): [None, 0], (6,): [None, 0, [-1], []], (2, 3): [None, 0, 1, -1, [0, 1], [1, 0], []],
        (3, 1, 2): [1, [0, -1], -3], (2, 2, 1, 3): [[0, 2], [1, 3], [-1, 0, 1]],
        (1, 2, 2, 1, 3): [2, [0, 4], [1, -2]],
        (0,): [None, 0], (2, 0): [0, 1, None], (0, 3): [0, -1], (2, 0, 3): [[0, 2], [1]]}


def reduce():
    for name in "max min sum prod mean var std logsumexp any all".split():
        for shape, axes in AXES.items():
            for i, axis in enumerate(axes):
                x = r(shape, "bool", salt=i) if name in ("any", "all") else r(shape)
                options = dict(axis=axis, **({} if i % 3 == 0 else dict(keepdims=i % 3 == 1)))
                case(name, x, grads=x.size > 0 or name in ("sum", "prod"), **options)
        if name in ("any", "all"):
            for dtype in (f32, f64, i32, i64, u8):
                sweep(name, a([[0, 0], [0, 2], [1, 3]], dtype), axis=1)
            case(name, a([[0.0, -0.0], [NAN, 0], [INF, NAN]]), axis=-1, note="NaN is true")
            continue
        for axis in (None, 0, [1, 2]):
            case(name, r((2, 3, 2), f64), axis=axis, keepdims=axis == 0)
        for dtype in (f32, f64):
            case(name, a([[NAN, 1, 2], [INF, 1, 2], [-INF, 1, 2], [INF, -INF, 0], [NAN, INF, -INF], [3, 1, 2]],
                         dtype),
                 axis=1, note="corners")
        if name in ("max", "min", "sum", "prod"):
            for dtype in (i32, i64, u8):
                for axis in (None, 0, -1):
                    case(name, a([[3, 1, 2], [1, 2, 2]], dtype), axis=axis)
            case(name, r((3, 4), i32), axis=[0, 1], keepdims=True)
            case(name, r((3, 0), i32), axis=1)
            case(name, r((2, 2, 2), i64), axis=[0, 2])
    for name in ("max", "min"):
        case(name, a([[2, 2, 1], [1, 1, 1], [0, -2, -2]]), axis=1, note="ties share the gradient")
        case(name, a([[2, 2, 1], [1, 2, 1]], f64), note="ties share the gradient")
    for name in ("mean", "var", "std"):
        case(name, a([[True, False, False], [True, True, True]], bool), axis=0, note="bool is cast first")
        case(name, a([True, False, True, True], bool), note="bool is cast first")
    case("var", a([4, 4, 4]), note="equal values")
    case("std", a([4, 4, 4]), note="equal values: the gradient is 0, NaN in TensorFlow")
    case("std", a([[1, 1, 1], [1, 2, 3]], f64), axis=1, keepdims=True, note="equal values: the gradient is 0, NaN in TensorFlow")
    case("var", a([4096.25, 4096.75, 4097.25, 4095.75]), grads=False, note="a mean far from 0")
    case("prod", a([[0, 2, 3], [0, 2, 0], [1, 2, 3]]), axis=1, note="zeros")
    case("prod", a([0, 2, 3, -1.5], f64), note="a zero")
    for dtype in (f32, f64):
        case("logsumexp", a([[-INF, -INF], [-INF, 0.5], [INF, 1], [INF, -INF]], dtype), axis=1, note="infinities")
        case("logsumexp", a([[1000, 1000.5], [-1000, -1000.25], [0, 500]], dtype), axis=1, note="no overflow")
    for name in ("cumsum", "cumprod"):
        for shape, axis in [((1,), None), ((5,), None), ((5,), -1), ((2, 3), None), ((2, 3), 1), ((3, 1, 2), -1),
                            ((3, 1, 2), 0),
                            ((2, 2, 1, 3), 1), ((2, 2, 1, 3), -2), ((1, 2, 2, 1, 3), 4), ((0,), None), ((2, 0), 0),
                            ((2, 0), 1)]:
            case(name, r(shape), axis=axis)
        case(name, r((3, 4), f64), axis=1)
        case(name, r((2, 3), f64))
        for dtype in (i32, i64):
            case(name, r((3, 3), dtype))
            case(name, r((3, 3), dtype), axis=-1)
        sweep(name, a([1, 2, 3], u8))
        case(name, a([[1, NAN, 2], [INF, 1, -INF]]), axis=1, note="corners")
    for x in (a([2, 0, 3, 4], f64), a([2, -1, 0, 3, 0, 1.5])):
        case("cumprod", x, gradient=lambda g, x=x: [cumprod_gradient(x.astype(f64), g)],
             note="zeros: the true gradient, not TensorFlow's")
    for name in ("argmax", "argmin"):
        for shape, axis in [((1,), None), ((6,), None), ((6,), 0), ((2, 3), None), ((2, 3), 0), ((3, 1, 2), 1),
                            ((3, 4, 2), -2),
                            ((2, 2, 1, 3), 1), ((1, 2, 2, 1, 3), -1), ((0, 3), None), ((3, 0), 0)]:
            case(name, r(shape), axis=axis)
        case(name, r((2, 3), f64))
        for dtype in (f32, f64, i32, i64, u8):
            case(name, a([[3, 1, 3], [1, 1, 2]], dtype), note="the first of a tie")
            case(name, a([[3, 1, 3], [3, 1, 2]], dtype), axis=0, note="the first of a tie")
        sweep(name, a([[False, True, True], [False, False, False]], bool))
        case(name, a([[1, NAN, 2], [2, 1, NAN], [-1, 3, NAN], [INF, -INF, 0]]), axis=1, note="a NaN is passed over")


def cumprod_gradient(x, g):
    """By definition: d y[i] / d x[j] is the product of the others up to i."""
    return np.array([sum(g[i] * np.prod(np.delete(x[:i + 1], j)) for i in range(j, len(x))) for j in range(len(x))])
