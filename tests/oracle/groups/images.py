"""Cases of what is done to images: pooling, resizing, padding, and calls of these that must raise."""
import numpy as np

from kit.ops import INF, NAN, f32, f64, i32, u8
from kit.cases import a, case, few, refused
from kit.cases import r as random

LAST, FIRST = "channels_last", "channels_first"
LOWEST = -np.finfo(f32).max  # that of float32, as TensorFlow gives it


def r(shape, dtype=f32):
    return random(shape, dtype, -8, 8)


def pooling():
    for mode in ("max", "avg"):
        for s, size, strides, padding in [
                ((2, 5, 6, 3), [2, 2], [2, 2], None), ((1, 5, 4, 2), [3, 2], None, "same"),
                ((1, 4, 5, 1), [2, 3], [1, 2], "same"), ((2, 3, 3, 17), [3, 3], [1, 1], "valid"),
                ((1, 7, 6, 2), [3, 3], [2, 2], "same"), ((1, 4, 4, 2), [1, 1], [3, 2], None),
                ((1, 2, 3, 2), [5, 5], [1, 1], "same"), ((0, 4, 4, 2), [2, 2], [2, 2], None)]:
            case("pool2d", r(s), size, strides=strides, padding=padding, pool_mode=mode)
        case("pool2d", r((1, 5, 4, 2), f64), [3, 2], strides=[2, 1], padding="same", pool_mode=mode)
        case("pool2d", r((2, 3, 5, 6)), [2, 3], strides=[2, 1], padding="same", data_format=FIRST, pool_mode=mode)
        case("pool2d", r((1, 2, 4, 5), f64), [3, 2], data_format=FIRST, pool_mode=mode)
        for s, size, strides, padding in [((1, 3, 4, 5, 2), [2, 2, 3], [1, 2, 2], None),
                                          ((1, 3, 2, 4, 1), [2, 3, 2], None, "same"),
                                          ((2, 2, 3, 2, 2), [2, 1, 2], [2, 2, 1], "same")]:
            case("pool3d", r(s), size, strides=strides, padding=padding, pool_mode=mode)
        case("pool3d", r((1, 2, 3, 4, 2)), [2, 2, 2], padding="same", data_format=FIRST, pool_mode=mode)
        for s, size, strides, padding in [((2, 7, 3), [3], [2], None), ((1, 6, 2), [4], None, "same")]:
            case("pool1d", r(s), size, strides=strides, padding=padding, pool_mode=mode)
        case("pool1d", r((2, 2, 7)), [3], strides=[2], padding="same", data_format=FIRST, pool_mode=mode)
    case("pool2d", few((1, 4, 4, 2)), [2, 2], note="ties: the first in row order")
    case("pool2d", few((1, 5, 4, 1)), [3, 3], strides=[2, 2], padding="same", note="ties: the first in row order")
    case("pool2d", a([[1, NAN, 3], [-INF, -INF, 2], [-INF, -INF, INF]]).reshape((1, 3, 3, 1)), [2, 2],
         truth=np.reshape([1, 3, LOWEST, INF], (1, 2, 2, 1)), note="NaN is passed over")
    case("pool2d", a([NAN, NAN, -INF, -INF]).reshape((1, 2, 2, 1)), [2, 2],
         truth=np.reshape(LOWEST, (1, 1, 1, 1)), note="nothing is below the lowest finite number")
    case("pool2d", a([1, NAN, INF, -INF], f64).reshape((1, 2, 2, 1)), [2, 1], pool_mode="avg")
    for name in ("max_pool", "average_pool"):
        for s, size, dilation in [((1, 7, 2), [3], [2]), ((1, 6, 7, 2), [2, 3], [3, 2]),
                                  ((1, 3, 5, 4, 2), [2, 2, 2], [1, 2, 3])]:
            case(name, r(s), size, dilation_rate=dilation)
            if len(s) < 5:
                case(name, r(s, f64), size)
        case(name, r((1, 5, 6, 2)), [2, 3], strides=[2, 2], padding="same")
    for s, size, pads in [((1, 5, 2), [3], [[1, 1]]), ((2, 4, 5, 2), [3, 2], [[1, 2], [0, 1]]),
                          ((1, 2, 3, 2, 1), [2, 2, 2], [[1, 0], [1, 1], [0, 1]])]:
        for dtype in (f32, f64)[:6 - len(s)]:
            case("average_pool", r(s, dtype), size, padding=pads, count_padding=True)


def resizing():
    for s, rows, columns in [((1, 2, 2, 1), 2, 2), ((2, 3, 4, 2), 2, 3), ((1, 1, 3, 2), 3, 1), ((0, 2, 3, 1), 2, 2),
                             ((1, 3, 2, 17), 1, 4)]:
        for interpolation in (None, "bilinear"):
            case("resize_images", r(s), rows, columns, LAST, interpolation=interpolation)
    for interpolation in (None, "bilinear"):
        case("resize_images", r((2, 3, 2, 4)), 2, 3, FIRST, interpolation=interpolation)
    for dtype in (f64, i32, u8):
        case("resize_images", r((1, 2, 3, 2), dtype), 3, 2, LAST)
    for dtype in (i32, u8):
        case("resize_images", r((1, 2, 3, 2), dtype), 2, 2, LAST, interpolation="bilinear",
             note="whole numbers become floats")
    for s, sizes in [((1, 5, 7, 2), [3, 9]), ((2, 4, 6, 1), [6, 4]), ((1, 3, 10, 3), [7, 3]), ((1, 8, 8, 1), [5, 1]),
                     ((1, 1, 1, 4), [3, 2])]:
        for interpolation in ("nearest", "bilinear"):
            case("resize", r(s), sizes, interpolation=interpolation)
    case("resize", r((1, 5, 7, 2), f64), [3, 4], interpolation="nearest")
    for data_format in (LAST, FIRST):
        case("resize_volumes", r((1, 2, 3, 2, 2)), 2, 1, 3, data_format)
    case("resize_volumes", r((1, 2, 1, 3, 1), f64), 1, 2, 2, LAST)


def padding():
    case("temporal_padding", r((2, 3, 2)))
    case("temporal_padding", r((2, 3, 2), f64), padding=[0, 2])
    case("temporal_padding", r((0, 3, 2)), padding=[2, 0])
    for data_format in (None, LAST, FIRST):
        case("spatial_2d_padding", r((1, 3, 2, 2)), data_format=data_format)
        case("spatial_2d_padding", r((2, 2, 3, 1)), padding=[[2, 0], [1, 3]], data_format=data_format)
        case("spatial_3d_padding", r((1, 2, 1, 3, 2)), data_format=data_format)
        case("spatial_3d_padding", r((1, 2, 3, 2, 1), f64), padding=[[0, 1], [2, 0], [1, 1]], data_format=data_format)


def image_refusals():
    x, n = few((1, 3, 4, 2)), few((1, 3, 4, 2), i32)
    for size in ([2], [2, 2, 2]):
        refused("pool2d", x, size)
    refused("pool2d", x, [4, 2], why="a window that does not fit, which gives TensorFlow an empty result")
    refused("pool2d", x, [0, 2])
    refused("pool2d", x, [2, 2], strides=[1])
    refused("pool2d", x, [2, 2], strides=[0, 1])
    refused("pool2d", x, [2, 2], padding="full")
    refused("pool2d", x, [2, 2], pool_mode="min")
    refused("pool2d", x, [2, 2], data_format="channels_middle")
    refused("pool2d", few((3, 4, 2)), [2, 2])
    refused("pool2d", n, [2, 2], pool_mode="avg")
    refused("pool2d", n, [2, 2], why="max pooling of whole numbers, which TensorFlow has")
    refused("pool3d", x, [2, 2, 2])
    refused("pool3d", few((1, 2, 2, 2, 1)), [3, 1, 1], why="a window that does not fit")
    refused("resize_images", x, 2, 2, "channels_middle")
    refused("resize_images", x, 2, 2, LAST, interpolation="cubic")
    refused("resize_images", few((3, 4, 2)), 2, 2, LAST, why="of rank 3")
    refused("resize_images", x, 0.5, 2, LAST)
    refused("resize_images", few((1, 0, 2, 1)), 2, 2, LAST)
    refused("resize_volumes", x, 2, 2, 2, LAST, why="of rank 4")
    refused("temporal_padding", x)
    refused("temporal_padding", few((1, 2, 1)), padding=[1, 1, 1])
    refused("spatial_2d_padding", x, padding=[[1, 1]])
    refused("spatial_2d_padding", x, padding=[[1, 1], [1]])
    refused("spatial_2d_padding", x, data_format="channels_middle")
    refused("spatial_3d_padding", x)


GROUPS = (pooling, resizing, padding, image_refusals)
