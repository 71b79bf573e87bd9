"""Cases of making tensors and writing into them, of control and sorting."""
import numpy as np

from kit.ops import Fn, INF, NAN, f32, f64, i32, i64, u8
from kit.cases import a, case, r, sweep


def create():
    every = (f32, f64, i32, i64, u8, "bool")
    for name in ("zeros", "ones"):
        for s in [[], [3], [2, 3], [2, 0], [1, 2, 1, 2]]:
            case(name, s)
        for dtype in every:
            case(name, [2, 2], dtype=dtype)
    for name in ("zeros_like", "ones_like"):
        for s in [(), (3,), (2, 0, 3), (2, 1, 2)]:
            case(name, r(s))
        for dtype in every:
            case(name, r((2, 2), dtype))
            case(name, r((2,)), dtype=dtype)
        case(name, a([NAN, INF]))
    for n in (0, 1, 3):
        case("eye", n)
    for dtype in (f64, i32, i64, u8):
        case("eye", 2, dtype=dtype)
    for given in [(5,), (0,), (-3,), (2, 6), (-2, 2), (3, 3), (0, 7, 3), (7, 0, -2), (1, 2, 5), (0, 2, 0.5), (2.5,),
                  (0.25, 1.25, 0.25), (5, -1, -2.5)]:
        case("arange", *given)
    for dtype in (f32, f64, i64):
        case("arange", 4, dtype=dtype)
        case("arange", 1, 8, 3, dtype=dtype)
    for value in (3, -0.5, [1, 2, 3], [[1.5, 2], [3, 4], [5, 6]], [[[1], [2]]], []):
        case("constant", value)
        case("variable", value)
    for dtype in (f64, i32, i64, u8):
        case("constant", [[1, 2], [3, 4]], dtype=dtype)
        case("constant", 7, dtype=dtype, shape=[2, 3])
        case("variable", [[1, 2], [3, 4]], dtype=dtype)
    case("constant", [True, False], dtype="bool")
    case("variable", [True, False], dtype="bool")
    case("constant", [1, 2, 3, 4, 5, 6], shape=[3, 2])
    case("constant", [[1, 2, 3], [4, 5, 6]], shape=[6])
    case("constant", 1.5, shape=[])
    case("constant", 0.1, shape=[2, 0])
    case("constant", 0.1, dtype=f64)
    for target in every:
        for source in every:
            if source in (f32, f64):
                x = a([0, 1, 2.75, 100.5] if target == u8 else [0, 1, -1, 2.75, -2.75, 0.25, -0.25, 1e6], source)
            else:
                x = a({"bool": [0, 1, 0], u8: [0, 1, 2, 200]}.get(source, [0, 1, -1, 77, -300]), source)
            case("cast", x, target)
    case("cast", a([2**32 + 5, -2**40 - 1, 2**31, 255], i64), i32, note="wraps")
    case("cast", a([256, 511, -1, 1000], i32), u8, note="wraps")
    case("cast", a([2**53 + 1, -2**53 - 3, 2**62 + 1], i64), f64, note="rounds to even")
    case("cast", a([2**24 + 1, 2**31 - 1], i32), f32, note="rounds to even")
    case("cast", a([0.1, 1e-50, 1e30, 1 + 2**-24], f64), f32)
    case("cast", a([NAN, INF, -INF, -0.0]), f64, grads=False)
    case("cast", a([NAN, INF, 0.0, -0.0, 1e-30]), "bool", note="NaN is true")
    for s in [(), (0, 3), (2, 1, 2)]:
        case("cast", r(s), f64)
        case("cast", r(s), i32)
    for dtype in every:
        case("cast_to_floatx", r((2, 3), dtype))
    case("cast_to_floatx", [[1, 2], [3, 4]])
    for s in [(), (2, 3), (2, 0)]:
        case("stop_gradient", r(s), gradient=lambda g: [np.zeros_like(g)])
    for s in [(), (3,), (2, 3), (2, 0), (2, 1, 3, 1)]:
        for name in ("shape", "int_shape", "ndim", "count_params"):
            case(name, r(s))
    for dtype in every:
        case("dtype", r((2,), dtype))
        case("ndim", r((2, 1), dtype))
    for name in ("epsilon", "floatx", "image_data_format"):
        case(name)


def update():
    for s in [(), (3,), (2, 3), (2, 1, 2), (2, 0)]:
        for name in ("update", "update_add", "update_sub"):
            case(name, r(s), r(s, salt=1))
        case("moving_average_update", r(s), r(s, salt=1), 0.75)
    for dtype in (f64, i32, i64):
        for name in ("update", "update_add", "update_sub"):
            case(name, r((2, 2), dtype), r((2, 2), dtype, salt=1))
    for momentum in (0.984375, 0.0, 1.0):  # TensorFlow rounds it to float32
        case("moving_average_update", r((2, 3), f64), r((2, 3), f64, salt=1), momentum)
    case("moving_average_update", r((2, 3)), r((2, 3), salt=1), 0.99)
    case("set_value", r((2, 2)), [[1, 2], [3, 4]])
    case("set_value", r((2,), i32), [5, 6])


def control():
    for c, s in [((), (2, 3)), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2,), (2,)), ((2, 1), (2, 3)), ((2, 3), (2, 3, 2)),
                 ((2, 1), (2, 2, 2)), ((2, 1, 2), (2, 3, 2)),
                 ((2, 0), (2, 0)), ((2, 2), (2, 2, 1, 3)), ((3,), (2, 1, 3))]:
        for salt in (0, 1):
            case("switch", r(c, "bool", salt=salt), r(s), r(s, salt=9))
    for value in (True, False):
        case("switch", a(value, bool), r((2, 2), f64), r((2, 2), f64, salt=1))
        case("switch", a(value, bool), r((2,), i32), r((2,), i32, salt=1))
    case("switch", a([0.0, 2.0, -1.0, 0.5]), r((4,)), r((4,), salt=1), grads=False,
         note="a number counts as true when it is not 0")
    case("switch", a(0, i32), r((2,)), r((2,), salt=1))
    case("switch", a([3, 0], i32), r((2,)), r((2,), salt=1))
    for name in ("in_train_phase", "in_test_phase"):
        for training in (None, True, False, 1, 0):
            case(name, r((2,)), r((2,), salt=1), training=training, grads=False)
    for name in ("foldl", "foldr"):
        for fn in ("acc + e", "acc - e", "acc * e", "acc * acc - e"):
            case(name, Fn(fn), a([1, 2, 3, 4]))
            case(name, Fn(fn), r((3, 2)))
            case(name, Fn(fn), r((3, 2), f64), initializer=r((2,), f64, salt=1))
        case(name, Fn("acc - e"), a([1, 2, 3, 4], i32))
        case(name, Fn("acc - e"), r((0, 2)), initializer=r((2,)))
        case(name, Fn("acc - e"), r((1, 2)))
        case(name, Fn("acc - e"), r((3, 2)), initializer=a(0.5))
    for fn in ("e * e", "e - 1", "sum(e)", "exp(e)"):
        for s in [(3,), (2, 3), (1, 2, 2)]:
            case("map_fn", Fn(fn), r(s))
        case("map_fn", Fn(fn), r((2, 2), f64))
    case("map_fn", Fn("e * e"), r((3, 2), i32))
    case("map_fn", Fn("e > 0"), r((3, 2)), dtype="bool")


def sorting():
    for name in ("sort", "argsort"):
        for s, axis in [((1,), None), ((6,), None), ((6,), 0), ((2, 5), None), ((5, 2), 0), ((3, 1, 2), 1),
                        ((3, 4, 2), -2), ((2, 3, 1, 2), 1), ((0, 3), -1)]:
            for direction in (None, "descending"):
                case(name, r(s), axis=axis, **({"direction": direction} if direction else {}))
        for dtype in (f32, f64, i32, i64, u8):
            for direction in ("ascending", "descending"):
                sweep(name, a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), direction=direction, note="ties")
        case(name, r((3, 4), f64), axis=1)
        case(name, a([2, INF, -INF, 0, -1]), note="infinities")
    for s, k in [((5,), 1), ((5,), 3), ((5,), 5), ((2, 4), 2), ((2, 1, 3), 2), ((3,), 0), ((0, 3), 2),
                 ((2, 2, 1, 3), 2)]:
        case("top_k", r(s), k)
    for dtype in (f32, f64, i32, i64, u8):
        sweep("top_k", a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), 4, note="ties: the first comes first")
