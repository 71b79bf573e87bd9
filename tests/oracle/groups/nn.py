"""Cases of neural nets: activations, losses, sequences, normalization, and calls of them that must raise."""
import numpy as np

from kit.ops import Fn, INF, NAN, f32, f64, i32, i64
from kit.cases import a, case, few, r, refused, refused_in_lua

ACTIVATIONS = "elu softplus softsign hard_sigmoid selu silu hard_silu leaky_relu mish gelu"
CORNERS = [-3, -2.5, -1, 0, 1, 2.5, 3]
FAR = [-80, -20, -9, -5, -1e-3, 1e-3, 5, 9, 20, 80]


def activations():
    for name in ACTIVATIONS.split():
        for s in [(), (7,), (2, 3), (2, 0), (2, 1, 2, 3)]:
            case(name, r(s))
        case(name, r((2, 3), f64))
        for dtype in (f32, f64):
            case(name, a(CORNERS, dtype), note="corners")
            case(name, a(FAR, dtype), note="far out")
        case(name, a([NAN]))
    for alpha in (0.0, 0.25, 1.5):
        for name in ("elu", "leaky_relu"):
            case(name, r((3, 4)), alpha=alpha)
            case(name, a([-1, 0, 1], f64), alpha=alpha, note="corners")
    for s in [(), (2, 3), (2, 0)]:
        case("gelu", r(s), approximate=True)
    for dtype in (f32, f64):
        case("gelu", a(CORNERS + FAR, dtype), approximate=True)
    for name in ("softmax", "log_softmax"):
        for s, axis in [((2, 3), None), ((2, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), -3), ((0, 3), None), ((2, 1), 1)]:
            case(name, r(s), axis=axis)
            case(name, r(s, f64), axis=axis)
        case(name, a([[1000, 1000, -1000], [-90, 0, 90]], f64))


def shares(s, dtype=f32, axis=-1, salt=0):
    """Probabilities that are exact: 64ths that add up to 1."""
    x = r(s, f64, 1, 9, salt=salt)
    x = np.moveaxis(np.floor(x / x.sum(axis, keepdims=True) * 64), axis, -1)
    x[..., 0] += 64 - x.sum(-1)
    return (np.moveaxis(x, -1, axis) / 64).astype(dtype)


def losses():
    for s, axis in [((2, 3), None), ((3, 4), -1), ((2, 3, 4), 1), ((2, 3, 4), -3), ((0, 3), None), ((1, 1), None)]:
        for dtype in (f32, f64):
            at = -1 if axis is None else axis
            target = shares(s, dtype, at) if np.prod(s) else r(s, dtype)
            case("categorical_crossentropy", target, r(s, dtype, 0, 1), axis=axis)
            case("categorical_crossentropy", target, r(s, dtype), axis=axis and at % len(s), from_logits=True)
            n = s[:at % len(s)] + s[at % len(s) + 1:]
            labels = np.arange(int(np.prod(n))).reshape(n) % s[at]
            case("sparse_categorical_crossentropy", labels.astype(i64), r(s, dtype, 0, 1), axis=axis)
            case("sparse_categorical_crossentropy", labels.astype(i32), r(s, dtype), axis=axis, from_logits=True)
    one = a([[0, 1, 0], [1, 0, 0]])
    for dtype in (f32, f64):
        sharp = a([[0, 1, 0], [0, 1, 0]], dtype)
        if dtype == f64:
            case("categorical_crossentropy", one.astype(dtype), sharp, note="clipped: the gradient is 0")
            case("sparse_categorical_crossentropy", a([1, 0], i64), sharp, note="clipped: the gradient is 0")
        case("categorical_crossentropy", one.astype(dtype), a([[3, 5, 8], [2, 2, 4]], dtype), note="divided by the sum")
        case("sparse_categorical_crossentropy", a([[1], [0]], i64), a([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]], dtype),
             note="a label of shape n,1")
        case("sparse_categorical_crossentropy", a([1, 0], dtype) if dtype == f32 else a([1, 0], i32),
             a([[200, -200], [-200, 200]], dtype), from_logits=True, note="saturated")
        case("categorical_crossentropy", a([[0, 1], [1, 0]], dtype), a([[200, -200], [0, 0]], dtype), from_logits=True,
             note="saturated")
        case("categorical_crossentropy", a([[1, 0]], dtype), a([[0, 0]], dtype), grads=False, note="all zeros give NaN")
    for s in [(), (5,), (2, 3), (2, 0), (2, 1, 3)]:
        for dtype in (f32, f64):
            case("binary_crossentropy", r(s, dtype, 0, 1, salt=1), r(s, dtype, 0, 1))
            case("binary_crossentropy", r(s, dtype, 0, 1, salt=1), r(s, dtype), from_logits=True)
    case("binary_crossentropy", a([1, 0, 1, 0], f64), a([0, 1, 1, 0], f64), note="clipped, and epsilon is added again")
    for dtype in (f32, f64):
        case("binary_crossentropy", a([0, 1, 0.5, 0, 1, 1], dtype), a([0, 0, 0, 200, -200, 20], dtype), from_logits=True,
             note="the slope at 0; saturated")
    for s in [(4,), (2, 3), (2, 1, 3), (0, 3)]:
        for dtype in (f32, f64):
            for name in ("huber", "cosine_similarity"):
                case(name, r(s, dtype), r(s, dtype, salt=1))
            case("kl_divergence", r(s, dtype, 0, 1), r(s, dtype, 0, 1, salt=1))
    case("huber", r((2, 3)), r((2, 3), salt=1), delta=0.25)
    case("huber", a([[0, 0, 0, 0]], f64), a([[0, 0.5, -0.5, 3]], f64), delta=0.5, note="corners")
    case("kl_divergence", a([[0, 1, 2]], f64), a([[0.5, 0, 2]], f64), note="clipped to epsilon..1")
    for axis in (0, 1, -2):
        case("cosine_similarity", r((2, 3, 2)), r((2, 3, 2), salt=1), axis=axis)
    case("cosine_similarity", a([[0, 0], [1, 2]]), a([[1, 2], [2, 4]]), grads=False, note="all zeros give 0")


def sequences():
    """The loss of ctc in float32 only, as TensorFlow computes it no better in float64."""
    for n, t, c, most, dtype in [(1, 4, 3, 2, f32), (3, 8, 5, 3, f32), (2, 6, 4, 3, f32), (1, 5, 2, 1, f32)]:
        labels = np.arange(n * most).reshape(n, most) % (c - 1)
        lengths = np.array([[most - i % 2] for i in range(n)], i32)
        steps = np.array([[t - i] for i in range(n)], i32)
        case("ctc_batch_cost", labels.astype(i32), shares((n, t, c), dtype), steps, lengths)
    case("ctc_batch_cost", a([[0, 0, 1, 1]], i32), shares((1, 7, 3), f32), a([[7]], i32), a([[4]], i32), note="repeats")
    case("ctc_batch_cost", a([[0, 1]], i32), shares((1, 2, 3), f32), a([[2]], i32), a([[2]], i32), note="no time to spare")
    case("ctc_batch_cost", a([[0, 1]], i32), a([[[1, 0, 0], [0, 0, 1], [0, 1, 0]]], f32), a([[3]], i32), a([[2]], i32),
         note="probabilities of 0 and 1")
    case("ctc_batch_cost", a([[0, 1]], i32), a([[[0, 0, 1]] * 9], f32), a([[9]], i32), a([[2]], i32),
         note="nothing but blanks")
    for n, t, c, dtype in [(1, 4, 3, f32), (3, 7, 5, f32), (2, 6, 4, f32)]:
        x, steps = shares((n, t, c), dtype, salt=5), np.array([t - i for i in range(n)], i32)
        case("ctc_decode", x, steps)
        for width, paths in [(1, 1), (2, 2), (10, 3), (100, 4)]:
            for merge in (True, False):
                case("ctc_decode", x, steps, greedy=False, beam_width=width, top_paths=paths, merge_repeated=merge)
    case("ctc_decode", a([[[0.75, 0, 0.25], [0.75, 0.125, 0.125], [0, 0.25, 0.75], [0.75, 0.25, 0], [0, 1, 0], [0.25, 0.25, 0.5]]]),
         a([6], i32), note="a label twice")
    for s in [(1, 1, 2), (2, 4, 3), (3, 2, 1)]:
        for settings in (dict(), dict(go_backwards=True), dict(time_major=True), dict(unroll=True)):
            n = s[1] if "time_major" in settings else s[0]
            case("rnn", Fn("step"), r(s), [r((n, s[2]), salt=1)], constants=[r((n, s[2]), salt=2)], **settings)
    x, h, c = r((3, 4, 2)), r((3, 2), salt=1), r((3, 2), salt=2)
    mask = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]], bool)
    for settings in (dict(), dict(go_backwards=True), dict(zero_output_for_mask=True),
                     dict(zero_output_for_mask=True, go_backwards=True)):
        case("rnn", Fn("step"), x, [h], constants=[c], mask=mask, **settings)
    case("rnn", Fn("step"), x, [h], constants=[c], mask=mask[:, :, None])
    case("rnn", Fn("step"), x, [h, r((3, 2), salt=3)], constants=[c], mask=mask)
    for back in (None, True):
        case("rnn", Fn("step"), x, [h], constants=[c], input_length=a([4, 2, 1], i32), go_backwards=back)
    case("rnn", Fn("step"), r((2, 3, 2), f64), [r((2, 2), f64, salt=1)], constants=[r((2, 2), f64, salt=2)])
    for s in [(), (2, 3), (0, 2)]:
        for dtype in (f32, f64):
            case("dropout", r(s, dtype), 0.0, note="nothing is dropped")
    for k in (0, 1, 2, 5):
        x = a([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.25, 0.25, 0.5], [1, NAN, 0], [1, 2, INF], [0.5, 0.25, 0.25]])
        case("in_top_k", x, a([2, 2, 0, 0, 0, 1], i32), k, note="ties, and what is not finite")
        case("in_top_k", x, a([3, -1, 1, 2, 2, 0], i64), k, note="classes that are not there")
    case("in_top_k", r((0, 3)), a([], i32), 1)


def norm():
    for s, axis in [((), None), ((5,), None), ((2, 3), None), ((2, 3), 0), ((2, 3, 4), [0, 2]), ((2, 3), -1), ((0, 3), 1)]:
        for dtype in (f32, f64):
            case("l2_normalize", r(s, dtype), axis=axis)
    case("l2_normalize", a([[0, 0], [3, 4], [1e-8, 0]], f64), axis=1, note="of zeros the gradient is g * 1e6")
    for s, axis in [((4, 3), None), ((2, 3, 4), 1), ((2, 3, 2, 4), -1), ((2, 3, 2, 4), 1), ((0, 3), None)]:
        for dtype in (f32, f64):
            n = s[-1 if axis is None else axis]
            mean, beta, gamma = (r((n,), dtype, salt=i) for i in range(3))
            var = r((n,), dtype, 0, 2, salt=4)
            case("batch_normalization", r(s, dtype), mean, var, beta, gamma, axis=axis)
            case("batch_normalization", r(s, dtype), mean, var, None, None, axis=axis, epsilon=0.25)
    for shape in [(3, 1), (1, 3, 1), (2, 3, 4)]:
        mean, beta, gamma = (r(shape, salt=i) for i in range(3))
        case("batch_normalization", r((2, 3, 4)), mean, r(shape, low=0, salt=4), beta, gamma)
    for s, axes in [((4, 3), [0]), ((2, 3, 4), [0, 1]), ((2, 3, 2, 4), [0, 1, 2]), ((2, 4, 3, 2), [0, 2, 3]),
                    ((2, 3, 2, 2, 2), [0, 1, 2, 3])]:
        for dtype in (f32, f64):
            n = [v for i, v in enumerate(s) if i not in axes]
            for epsilon in (None, 0.25):
                case("normalize_batch_in_training", r(s, dtype), r(n, dtype, salt=1), r(n, dtype, salt=2), axes,
                     epsilon=epsilon)
    for s, axis in [((3, 4), None), ((2, 3, 4), 1), ((2, 3, 4), [1, 2]), ((2, 3, 4), [-1])]:
        axes = [-1] if axis is None else axis if isinstance(axis, list) else [axis]
        for dtype in (f32, f64):
            n = [s[i] for i in axes]
            case("layer_normalization", r(s, dtype), r(n, dtype, salt=1), r(n, dtype, salt=2), axis=axis)
    for s, groups, axis in [((2, 4), 2, None), ((2, 3, 6), 3, None), ((2, 6, 5), 2, 1), ((2, 3, 2, 4), 1, -1), ((2, 3, 2, 4), 4, -1)]:
        for dtype in (f32, f64):
            n = (s[-1 if axis is None else axis],)
            case("group_normalization", r(s, dtype), r(n, dtype, salt=1), r(n, dtype, salt=2), groups=groups, axis=axis)


def refusals():
    x, n = few((2, 3)), few((2, 3), i32)
    for name in ACTIVATIONS.split() + ["softmax", "log_softmax"]:
        refused(name, n, why="whole numbers" if name in ("leaky_relu", "hard_silu", "mish") else None)
        refused(name, "words", why="no tensor")
    refused("softmax", x, axis=2)
    for name in ("categorical_crossentropy", "binary_crossentropy"):
        refused(name, x, few((2, 3), f64))
        refused(name, x, few((3, 2)))
        refused(name, x, n)
    refused("categorical_crossentropy", x, x, axis=2)
    refused_in_lua("categorical_crossentropy", "axes count from 1", x, x, axis=0)
    for labels in (a([0, 3], i32), a([-1, 0], i32)):
        refused("sparse_categorical_crossentropy", labels, x)
    refused("sparse_categorical_crossentropy", a([0, 1, 2], i32), x)
    refused_in_lua("sparse_categorical_crossentropy", "labels count from 1", a([0, 1], i32), x)
    refused("huber", x, few((2, 4)))
    refused("kl_divergence", x, few((2, 4)))
    refused("cosine_similarity", x, few((2, 4)))
    refused("cosine_similarity", x, x, axis=2)
    y, one = shares((1, 3, 3)), a([[1]], i32)
    for label in ([[2]], [[3]]):
        refused("ctc_batch_cost", a(label, i32), y, one * 3, one, why="a label that is the blank, or no class")
    refused("ctc_batch_cost", a([[0, 0]], i32), y, one * 2, one * 2, why="no time for a blank between; inf in TensorFlow")
    for labels, steps, length in [([[0]], 4, 1), ([[0, 1, 0, 1]], 3, 4)]:
        refused("ctc_batch_cost", a(labels, i32), y, one * steps, one * length)
    refused("ctc_batch_cost", a([[0]], i32), y, one * 3, one * 2, why="more labels than there are")
    refused_in_lua("ctc_batch_cost", "labels count from 1", a([[0]], i32), y, one * 3, one)
    refused("ctc_decode", y, a([4], i32))
    refused("ctc_decode", y, a([3], i32), greedy=False, beam_width=2, top_paths=3)
    refused("rnn", Fn("step"), few((2, 3)), [few((2, 3))])
    refused("dropout", x, 1.5)
    refused("dropout", x, -0.5)
    refused("dropout", n, 0.5)
    refused("in_top_k", x, a([0], i32), 1)
    refused("in_top_k", few((2,)), a([0], i32), 1)
    refused("in_top_k", x, a([0.0, 1.0]), 1)
    refused("l2_normalize", x, axis=2)
    refused("l2_normalize", n)
    c = few((3,))
    refused("batch_normalization", x, few((4,)), c, c, c)
    refused("batch_normalization", x, few((3,), f64), c, c, c)
    refused("normalize_batch_in_training", x, few((4,)), c, [0])
    refused("normalize_batch_in_training", x, c, c, [2])
    refused("normalize_batch_in_training", n, c, c, [0])
    refused("layer_normalization", x, few((2,)), few((2,)))
    refused("group_normalization", x, c, c, groups=2)
