"""Cases of convolutions: dense, grouped, transposed, separable and unshared, of one to three axes."""
import numpy as np

from kit import conv  # noqa: F401, which adds its functions to OPS
from kit.cases import case, few, refused, seeded
from kit.ops import f32, f64, i32

FIRST = "channels_first"


def q(shape, dtype=f32, salt=0):
    """Random eighths (float32) or numbers of four digits."""
    random = seeded(shape, dtype, "conv", salt)
    return (random.randint(-16, 17, shape) / 8 if dtype == f32 else np.round(random.uniform(-2, 2, shape), 4)).astype(dtype)


def both(name, x, kernel, dtype=f32, **options):
    """A case in each layout; x is a shape of channels_last."""
    case(name, q(x, dtype), q(kernel, dtype, 1), **options)
    case(name, q((x[0], x[-1], *x[1:-1]), dtype), q(kernel, dtype, 1), data_format=FIRST, **options)


def convolutions():
    for padding in ("valid", "same", "causal", [[2, 1]]):
        both("conv1d", (2, 6, 2), (3, 2, 3), padding=padding)
        both("conv1d", (1, 7, 4), (2, 2, 4), padding=padding, strides=2, dilation_rate=3)
    case("conv1d", q((2, 5, 1), f64), q((3, 1, 2), f64, 1), strides=2, padding="causal")
    case("conv1d", q((0, 5, 2)), q((3, 2, 3), f32, 1), padding="same")
    for padding in ("valid", "same", [[1, 2], [0, 1]]):
        for strides, dilation in ((1, 1), ([2, 1], 1), (1, [1, 2]), ([2, 3], [2, 1])):
            both("conv2d", (1, 4, 5, 2), (2, 3, 2, 3), padding=padding, strides=strides, dilation_rate=dilation)
    both("conv2d", (1, 3, 4, 4), (2, 2, 2, 6), padding="same")
    both("conv2d", (2, 3, 3, 4), (2, 1, 1, 8), strides=[1, 2])
    both("conv2d", (2, 4, 3, 3), (1, 1, 3, 2))
    both("conv2d", (1, 4, 5, 3), (1, 1, 3, 2), strides=2)
    both("conv2d", (1, 3, 4, 2), (2, 2, 2, 3), f64, padding="same", strides=2)
    case("conv2d", q((2, 0, 4, 2)), q((2, 2, 2, 3), f32, 1), padding="same", grads=False)
    case("conv2d", q((1, 2, 3, 1)), q((5, 5, 1, 1), f32, 1), padding="same")
    for padding in ("valid", "same", [[0, 1], [1, 0], [1, 1]]):
        both("conv3d", (1, 3, 3, 4, 2), (2, 2, 2, 2, 2), padding=padding, strides=[1, 2, 1], dilation_rate=[2, 1, 1])
    both("conv3d", (1, 2, 3, 3, 2), (1, 2, 2, 1, 2), f64, padding="same")


def transposed():
    def each(x, kernel, shape, dtype=f32, **options):
        name = "conv%dd_transpose" % (len(x) - 2)
        case(name, q(x, dtype), q(kernel, dtype, 1), list(shape), **options)
        case(name, q((x[0], x[-1], *x[1:-1]), dtype), q(kernel, dtype, 1), [shape[0], shape[-1], *shape[1:-1]],
             data_format=FIRST, **options)

    for rows in (7, 8):
        each((1, 4, 2, 2), (3, 2, 3, 2), (1, rows, 4, 3), padding="same", strides=2)
    for rows in (9, 10):
        each((1, 4, 2, 2), (3, 2, 3, 2), (-1, rows, 3, 3), strides=[2, 1])
    each((2, 3, 3, 2), (2, 2, 1, 2), (2, 4, 4, 1), f64)
    each((1, 2, 3, 2), (2, 2, 3, 2), (1, 5, 5, 3), padding="same", strides=[3, 2], dilation_rate=[1, 2])
    each((1, 3, 2, 2), (2, 2, 2, 2), (1, 5, 2, 2), padding=[[1, 0], [1, 1]], strides=2)
    each((1, 3, 2, 4), (2, 2, 3, 4), (1, 5, 4, 6), padding="same", strides=2)
    each((2, 3, 2), (3, 1, 2), (2, 6, 1), padding="same", strides=2)
    each((1, 2, 2, 2, 2), (2, 1, 2, 1, 2), (1, 3, 2, 4, 1), padding="same", strides=[2, 1, 2])


def made_of_them():
    for padding in ("valid", "same"):
        both("depthwise_conv1d", (2, 6, 3), (3, 3, 2), padding=padding, strides=2, dilation_rate=2)
        for strides in (1, 2):
            case("separable_conv2d", q((1, 4, 5, 2)), q((2, 3, 2, 2), f32, 1), q((1, 1, 4, 3), f32, 2),
                 strides=strides, padding=padding)
    both("depthwise_conv1d", (1, 5, 1), (2, 1, 3), f64, padding="causal")
    case("separable_conv2d", q((1, 2, 4, 5)), q((2, 3, 2, 2), f32, 1), q((1, 1, 4, 3), f32, 2), strides=[2, 1],
         padding="same", dilation_rate=2, data_format=FIRST)
    case("separable_conv1d", q((1, 6, 2), f64), q((3, 2, 2), f64, 1), q((1, 4, 3), f64, 2), strides=2, padding="causal")
    case("separable_conv1d", q((2, 3, 5)), q((2, 3, 1), f32, 1), q((1, 3, 2), f32, 2), data_format=FIRST)
    for k, s in ((2, 1), (3, 2), (1, 2)):
        n = (5 - k) // s + 1
        case("local_conv1d", q((2, 5, 2)), q((n, k * 2, 3), f32, 1), k, s)
        case("local_conv1d", q((2, 2, 5)), q((n, k * 2, 3), f32, 1), k, s, data_format=FIRST)
    for k, s, shape in (([2, 2], [1, 1], [2, 3]), ([1, 3], [2, 1], [2, 2])):
        kernel = q((shape[0] * shape[1], k[0] * k[1] * 2, 3), f32, 1)
        case("local_conv2d", q((2, 3, 4, 2)), kernel, k, s, shape)
        case("local_conv2d", q((2, 2, 3, 4)), kernel, k, s, shape, data_format=FIRST)
    for x, first in (((2, 3), (2, 3)), ((2, 4, 3), (2, 3, 4)), ((2, 2, 4, 3), (2, 3, 2, 4)),
                     ((1, 2, 2, 4, 3), (1, 3, 2, 2, 4))):
        case("bias_add", q(x), q((3,), f32, 1))
        case("bias_add", q(first), q((3,), f32, 1), data_format=FIRST)
        if len(x) > 2:
            case("bias_add", q(x), q(x[1:], f32, 1))
            case("bias_add", q(first), q(x[1:], f32, 1), data_format=FIRST)


def refusals():
    x, w = few((1, 4, 5, 2)), few((2, 2, 2, 3))
    refused("conv2d", x, few((2, 2, 3, 3)))
    refused("conv2d", few((1, 4, 5, 4)), w, why="3 output channels do not divide into two groups")
    refused("conv2d", x, few((2, 2, 2, 3), f64))
    refused("conv2d", x, few((2, 2, 3)))
    refused("conv2d", few((4, 5, 2)), w)
    refused("conv2d", few((1, 4, 5, 2), i32), few((2, 2, 2, 3), i32), why="convolutions are of floats")
    refused("conv2d", x, few((5, 2, 2, 3)), why="a window larger than its input is an error")
    refused("conv2d", x, few((2, 2, 2, 3)), strides=0)
    refused("conv2d", x, w, padding="full")
    refused("conv2d", x, w, padding="causal")
    refused("conv1d", few((1, 5, 2)), few((2, 3, 3)))
    refused("conv3d", few((1, 3, 3, 3, 2)), few((2, 2, 2, 3, 3)))
    for shape in ([1, 11, 3, 3], [1, 8, 3, 3]):
        refused("conv2d_transpose", few((1, 4, 2, 2)), few((3, 2, 3, 2)), shape, strides=[2, 1])
    refused("conv2d_transpose", few((1, 4, 2, 3)), few((3, 2, 3, 2)), [1, 9, 3, 3], strides=[2, 1])
    refused("separable_conv2d", x, few((2, 2, 2, 2)), few((1, 1, 3, 3)))
    refused("separable_conv2d", x, few((2, 2, 2, 2)), few((2, 1, 4, 3)))
    refused("bias_add", x, few((3,)))
    refused("bias_add", x, few((5, 2)))
    refused("local_conv1d", few((1, 5, 2)), few((3, 4, 3)), 2, 1, why="a kernel for three positions of four")


GROUPS = (convolutions, transposed, made_of_them, refusals)
