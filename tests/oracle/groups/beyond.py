"""Cases of functions that Keras lacks, or has with fewer options, and calls of them that must raise."""
import numpy as np

from kit.ops import INF, NAN, f32, f64, i32, i64, u8
from kit.cases import a, case, few, r, refused
from groups.elementwise import SPECIAL


def more_functions():
    low = {"rsqrt": (0, 2), "asin": (-1, 1), "acos": (-1, 1)}
    for name in "rsqrt tan asin acos atan sinh cosh".split():
        for dtype in (f32, f64):
            for s in [(), (5,), (2, 1, 3), (2, 0)]:
                case(name, r(s, dtype, *low.get(name, (-2, 2))))
            case(name, a(SPECIAL, dtype), note="corners")
    for dtype in (f32, f64):
        case("rsqrt", a([0, 1, 4, 1e30, 1e-30], dtype))
        case("tan", a([0, 1, 1.5703125, 100, -1000], dtype))
        for name in ("asin", "acos"):
            case(name, a([-1, -0.75, 0, 0.5, 1, 1.25], dtype), note="the gradient is infinite at -1 and 1, NaN beyond")
        case("atan", a([1e-4, 1, 1e10, -1e30], dtype))
        for name in ("sinh", "cosh"):
            case(name, a([1e-4, -0.5, 9, -20, 88], dtype))
        for name in ("ceil", "trunc", "isnan", "isinf", "isfinite"):
            case(name, a(SPECIAL + [0.5, -0.5, 1.5, -1.5, 7, 1e30], dtype))
            case(name, r((2, 0, 3), dtype))
            case(name, r((), dtype))
    for s, t in [((4,), (4,)), ((2, 1, 3), (4, 1)), ((0, 3), (3,)), ((), (2, 2))]:
        case("logical_xor", r(s, "bool"), r(t, "bool", salt=1))
    for name in ("cummax", "cummin"):
        for s, axis in [((5,), None), ((2, 3), 1), ((3, 1, 4), -3), ((2, 0), 1), ((0, 2), 0)]:
            case(name, r(s), axis=axis)
        for dtype in (f64, i32, i64, u8):
            case(name, r((4, 3), dtype))
            case(name, r((3, 4), dtype), axis=-1)
        case(name, a([[1, NAN, 2, 0], [INF, 1, -INF, 3]]), axis=1, note="once NaN it stays")
    for name in ("var", "std"):
        for correction in (1, 0.5, -1):
            case(name, r((2, 3, 2)), correction=correction)
            case(name, r((2, 3, 2), f64), axis=[0, 2], keepdims=True, correction=correction)
        case(name, r((2, 3)), axis=0, correction=2, grads=False, note="nothing is left")
        case(name, r((2, 3)), axis=0, correction=3, grads=False, note="less than nothing is left")


def more_shapes():
    every = (f64, i32, i64, u8, "bool")
    for s, sizes, axis in [((4,), 2, None), ((4,), 1, 0), ((2, 6), 3, 1), ((3, 5), [1, 4], -1), ((3, 5), [2, 0, 3], 1),
                           ((5, 2), [2, -1], 0), ((0, 2), 2, 0), ((0,), [0, 0], 0)]:
        case("split", r(s), sizes, axis=axis)
    for s, shift, axis in [((5,), 2, None), ((5,), -7, 0), ((2, 3), 4, None), ((2, 3), 1, 1), ((2, 3), [1, -1], [0, 1]),
                           ((2, 3), [1, 1], [1, 1]), ((3, 1, 2), 0, 2), ((2, 0), 1, 1), ((), 3, None)]:
        case("roll", r(s), shift, axis=axis)
    for s, paddings in [((3,), [[1, 2]]), ((2, 3), [[0, 0], [2, 1]]), ((3, 2, 4), [[1, 0], [1, 1], [0, 3]]),
                        ((3, 2), [[0, 0], [0, 0]])]:
        for mode in (None, "reflect", "symmetric"):
            case("pad", r(s), paddings, mode=mode)
        case("pad", r(s), paddings, value=1.5)
    for s, paddings in [((), []), ((0,), [[2, 0]]), ((2, 0), [[1, 0], [0, 1]]), ((0, 3), [[0, 0], [1, 1]])]:
        case("pad", r(s), paddings)
    case("pad", a([[INF, NAN], [-INF, 0]]), [[1, 1], [1, 1]], mode="symmetric", grads=False)
    for dtype in every:
        case("roll", r((2, 3), dtype), 1, axis=1)
        case("split", r((2, 3), dtype), 2)
        case("pad", r((2, 3), dtype), [[1, 0], [1, 1]])
        case("pad", r((2, 3), dtype), [[1, 0], [1, 1]], mode="reflect")
        case("repeat_elements", r((2, 3), dtype), [2, 1], 0)
    for s, rep, axis in [((3,), [1, 0, 2], 0), ((2, 3), [0, 0, 0], 1), ((2, 3), [3, 1], 0), ((2, 3, 2), [1, 2, 1], -2),
                         ((0, 2), [], 0)]:
        case("repeat_elements", r(s), rep, axis)
        case("repeat_elements", r(s), a(rep, i64), axis)
    for n, m in [(2, 3), (3, 2), (0, 2), (2, 0), (3, 3)]:
        case("eye", n, m)
    case("eye", 2, 3, dtype=i32)


def matrix():
    every = (f64, i32, i64, u8, "bool")
    for k in (None, 1, -2):
        case("diag", r((3,)), k=k)
        case("diag", r((3, 4)), k=k)
        case("diagonal", r((2, 4, 3)), k or 0)
        for name in ("tril", "triu"):
            for s in [(3, 3), (2, 4), (2, 1, 4, 2), (0, 3), (2, 0)]:
                case(name, r(s), k=k)
            case(name, a([[INF, NAN, 1], [NAN, -INF, 2]]), k=k, grads=False, note="what is not kept does not matter")
    for dtype in every:
        case("diag", r((2,), dtype))
        case("diag", r((2, 3), dtype))
        for name in ("tril", "triu"):
            case(name, r((2, 3, 3), dtype), k=-1)
    case("diag", r((0,)), k=1, grads=False)
    for s in [(3, 3), (2, 4), (2, 3, 2), (1, 2, 2, 3), (0, 3), (2, 0, 2)]:
        case("trace", r(s))
    for dtype in (f64, i32, i64):
        case("trace", r((2, 3, 3), dtype))
    for s, axis in [((), None), ((5,), None), ((2, 3), None), ((2, 3), 0), ((2, 3), [0, 1]), ((2, 3, 4), -1), ((3, 1, 2), 0)]:
        for ord in (None, 1, INF):
            case("norm", r(s), ord=ord, axis=axis)
            case("norm", r(s, f64), ord=ord, axis=axis, keepdims=True)
    case("norm", r((2, 3)), ord="fro")
    case("norm", a([NAN, INF, 1]), note="corners")
    case("norm", a([1, -INF]), grads=False, note="corners")
    case("norm", a([2e38, 2e38, 1e38]), truth=3e38, gradient=lambda g: [np.array([2, 2, 1]) / 3 * g], note="no overflow on the way")
    case("norm", a([2e300, -1e300, 2e300], f64), truth=3e300, gradient=lambda g: [np.array([2, -1, 2]) / 3 * g],
         note="no overflow on the way")
    case("norm", a([2e-300, -1e-300, 2e-300], f64), truth=3e-300, gradient=lambda g: [np.array([2, -1, 2]) / 3 * g],
         note="no underflow on the way")
    case("norm", a([[0, 0], [3, 4]]), axis=1, gradient=lambda g: [np.array([[0, 0], [0.6, 0.8]]) * g[:, None]],
         note="the gradient at 0 is 0, NaN in TensorFlow")
    for equation, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
            ("ij,kj->ki", [(2, 3), (4, 3)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ij->j", [(2, 3)]), ("ii->i", [(3, 3)]),
            ("ii", [(3, 3)]), ("i,i->", [(4,), (4,)]), ("i,j->ij", [(2,), (3,)]), ("ij,ij->ij", [(2, 3), (2, 3)]),
            ("ij,ij->i", [(2, 3), (2, 3)]), ("ij,i,j->", [(2, 3), (2,), (3,)]), ("i,ij,jk,k->", [(2,), (2, 3), (3, 4), (4,)]),
            ("...ij,...jk->...ik", [(2, 3, 4), (4, 2)]), ("...ij,...jk->...ik", [(2, 1, 3, 4), (3, 4, 2)]),
            ("b...c,cd->bd...", [(2, 3, 4), (4, 2)]), ("iij,jk->ik", [(2, 2, 3), (3, 2)]), ("ij,k->i", [(2, 3), (4,)]),
            ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]), ("ba", [(2, 3)]), ("ij,jk->ik", [(0, 3), (3, 2)]),
            ("ij,jk->ik", [(2, 0), (0, 2)]), (",i->i", [(), (3,)])]:
        case("einsum", equation, *[r(s, salt=i) for i, s in enumerate(shapes)])
    case("einsum", "bij,bjk->bik", r((2, 3, 4), f64), r((2, 4, 2), f64, salt=1))
    case("einsum", " ij , jk -> ik ", r((2, 3), f64), r((3, 2), f64, salt=1))
    case("einsum", "ij,jk->ik", r((2, 3), i32), r((3, 2), i32, salt=1))
    for s, t in [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4)), ((0,), (0,)), ((0,), (0, 2))]:
        for dtype in (f32, f64):
            case("matmul", r(s, dtype), r(t, dtype, salt=1))
    case("matmul", r((3,), i32), r((3, 2), i32, salt=1))


def picking():
    for s, k, axis, largest in [((5, 2), 2, 0, None), ((2, 3, 2), 1, 1, None), ((5,), 2, None, False), ((3, 4), 3, 0, False),
                                ((2, 3, 2), 2, -2, False), ((0, 3), 0, 0, False)]:
        case("top_k", r(s), k, axis=axis, largest=largest)
    for dtype in (f64, i32, i64, u8):
        case("top_k", a([[3, 1, 3, 0, 1], [2, 2, 2, 1, 1]], dtype), 3, largest=False, note="ties: the first comes first")
    for s, m in [((4,), (4,)), ((2, 3), (2, 3)), ((3, 2), (3,)), ((2, 3, 2), (2, 3)), ((0, 2), (0,)), ((2, 0), (2,))]:
        case("boolean_mask", r(s), r(m, "bool"))
    for dtype in (f64, i32, i64, u8, "bool"):
        case("boolean_mask", r((4, 2), dtype), a([True, False, True, True], bool))
    case("boolean_mask", r((3,)), a([False, False, False], bool))
    for s in [(6,), (2, 3), (2, 1, 3), (0, 2), (2, 0)]:
        case("nonzero", r(s, "bool"))
    for dtype in (f32, f64, i32, i64, u8):
        case("nonzero", a([[0, 2], [0, 0], [1, 3]], dtype))
    case("nonzero", a([0.0, -0.0, NAN, INF]), note="NaN is true")


def more_refusals():
    x, n, b = few((2, 3)), few((2, 3), i32), few((2, 3), "bool")
    for name in "rsqrt tan asin acos atan sinh cosh".split():
        refused(name, n)
        refused(name, "words", why="no tensor")
    refused("logical_xor", n, n)
    for name in ("cummax", "cummin"):
        refused(name, x, axis=2)
        refused(name, a(1.0))
    for sizes in (2, [1, 3], [-1, -1], [4], 0, -1):
        refused("split", x, sizes, axis=1)
    refused("split", x, 2, axis=2)
    refused("split", a(1.0), 1)
    refused("roll", x, 1, axis=2)
    refused("roll", x, [1], axis=[0, 1])
    refused("roll", x, 1.5, axis=0)
    for paddings in ([[1, 1]], [[1, 1], [1, -1]], [[1], [1]], [1, 1]):
        refused("pad", x, paddings)
    refused("pad", x, [[2, 0], [0, 0]], mode="reflect")
    refused("pad", x, [[3, 0], [0, 0]], mode="symmetric")
    refused("pad", x, [[1, 0], [0, 0]], mode="edge")
    refused("pad", n, [[1, 0], [0, 0]], value=0.5)
    refused("diag", a(1.0))
    refused("diag", few((2, 3, 2)), why="not of rank 1 or 2; TensorFlow takes more as a batch")
    for name in ("tril", "triu", "trace", "diagonal"):
        refused(name, few((3,)))
    refused("trace", b)
    refused("norm", n)
    refused("norm", x, axis=2)
    refused("norm", x, ord=3, why="an order it does not have")
    refused("eye", 2, -1)
    refused("repeat_elements", x, [1, 2, 3], 0)
    refused("repeat_elements", x, [1, -2], 0, why="a count below 0")
    refused("top_k", x, 3, axis=0)
    refused("boolean_mask", x, a([True, False, True], bool))
    refused("boolean_mask", x, a(True, bool))
    refused("boolean_mask", x, n, why="a mask that is not bool")
    for equation, operands in [("ij,jk->ik", [x, x]), ("ij", [few((3,))]), ("ij,jk->ik", [x]), ("ij->ik", [x]), ("ij->ii", [x]),
                               ("i-j->ij", [x]), ("i....j", [x]), ("ii", [x]), ("ij,ij", [x, few((2, 3), f64)]), ("i..j->ij", [x])]:
        refused("einsum", equation, *operands)
    refused("einsum", "...i->i", x, why="axes of dots that the result does not have")
