"""Layers with kernels and windows: convolutions, Dense, pooling, padding, cropping, upsampling, resizing."""


def convolutions(m):
    m.both("Conv1D", (2, 7, 4), filters=3, kernel_size=3)
    m.both("Conv1D", (2, 9, 4), filters=6, kernel_size=2, strides=2, padding="same", groups=2, activation="relu")
    m.case("Conv1D", (2, 8, 3), filters=4, kernel_size=3, padding="causal", dilation_rate=2, activation="tanh")
    m.case("Conv1D", (1, 6, 2), filters=2, kernel_size=1, use_bias=False)
    m.both("Conv2D", (2, 5, 6, 3), filters=4, kernel_size=3)
    m.both("Conv2D", (2, 6, 7, 4), filters=6, kernel_size=(3, 2), strides=(2, 1), padding="same", groups=2, activation="relu")
    m.both("Conv2D", (1, 8, 9, 2), filters=3, kernel_size=(2, 3), dilation_rate=(3, 2), use_bias=False)
    m.case("Conv2D", (1, 8, 9, 2), filters=3, kernel_size=3, dilation_rate=2, padding="same", activation="swish",
           kernel_initializer="he_normal", bias_initializer="ones")
    m.case("Conv2D", (2, 4, 5, 6), filters=6, kernel_size=3, groups=6, padding="same", note="as many groups as channels")
    m.both("Conv3D", (1, 4, 5, 6, 2), filters=3, kernel_size=2)
    m.both("Conv3D", (1, 5, 6, 5, 2), filters=2, kernel_size=(3, 2, 1), strides=(1, 2, 2), padding="same", activation="sigmoid")
    m.case("Conv3D", (1, 5, 5, 5, 2), filters=4, kernel_size=2, dilation_rate=2, groups=2, use_bias=False)
    for name, shape, axes in (("Conv1DTranspose", (2, 5, 3), 1), ("Conv2DTranspose", (2, 4, 5, 3), 2),
                              ("Conv3DTranspose", (1, 3, 4, 2, 2), 3)):
        m.both(name, shape, filters=2, kernel_size=3)
        m.both(name, shape, filters=4, kernel_size=3, strides=2, padding="same", activation="relu")
        m.case(name, shape, filters=2, kernel_size=2, strides=(3,) * axes, padding="valid", use_bias=False)
        m.case(name, shape, filters=2, kernel_size=3, strides=2, padding="same", output_padding=1)
        m.case(name, shape, filters=2, kernel_size=3, strides=2, padding="same", output_padding=0)
        m.case(name, shape, filters=2, kernel_size=2, strides=3, padding="valid", output_padding=1)
    m.case("Conv2DTranspose", (1, 4, 5, 2), filters=3, kernel_size=(3, 4), strides=(2, 3), output_padding=(1, 2))
    m.case("Conv2DTranspose", (1, 4, 5, 2), filters=3, kernel_size=3, dilation_rate=2, padding="valid")


def separable(m):
    m.both("DepthwiseConv1D", (2, 7, 3), kernel_size=3)
    m.both("DepthwiseConv1D", (2, 8, 3), kernel_size=2, strides=2, padding="same", depth_multiplier=2, activation="relu")
    m.case("DepthwiseConv1D", (2, 8, 2), kernel_size=2, dilation_rate=3, use_bias=False)
    m.both("DepthwiseConv2D", (2, 5, 6, 3), kernel_size=3)
    m.both("DepthwiseConv2D", (2, 6, 7, 3), kernel_size=(3, 2), strides=2, padding="same", depth_multiplier=2, activation="relu6")
    m.case("DepthwiseConv2D", (1, 8, 9, 2), kernel_size=(2, 3), dilation_rate=(3, 2), use_bias=False)
    m.both("SeparableConv1D", (2, 7, 3), filters=4, kernel_size=3)
    m.case("SeparableConv1D", (2, 8, 3), filters=4, kernel_size=2, padding="causal", dilation_rate=2, depth_multiplier=2,
           activation="elu")
    m.case("SeparableConv1D", (2, 8, 3), filters=2, kernel_size=3, strides=2, padding="same", use_bias=False)
    m.both("SeparableConv2D", (2, 5, 6, 3), filters=4, kernel_size=3)
    m.both("SeparableConv2D", (2, 6, 7, 2), filters=3, kernel_size=(3, 2), strides=2, padding="same", depth_multiplier=3,
           activation="hard_sigmoid")
    m.case("SeparableConv2D", (1, 8, 9, 2), filters=3, kernel_size=2, dilation_rate=(3, 2), use_bias=False)
    m.both("LocallyConnected1D", (2, 7, 3), filters=4, kernel_size=3, use_bias=False, turn=False)
    m.case("LocallyConnected1D", (2, 8, 3), filters=2, kernel_size=2, strides=2, activation="relu")
    m.both("LocallyConnected2D", (2, 4, 5, 2), filters=3, kernel_size=2, use_bias=False, turn=False)
    m.case("LocallyConnected2D", (1, 6, 7, 2), filters=2, kernel_size=(3, 2), strides=(2, 3), activation="tanh")
    m.case("Dense", (3, 4), units=5)
    m.case("Dense", (2, 3, 4), units=2, activation="softmax", use_bias=False)
    m.case("Dense", (2, 2, 3, 4), units=3, activation="selu", kernel_initializer="orthogonal")


def windows(m):
    for kind in ("Max", "Average"):
        for axes, shape in ((1, (2, 7, 3)), (2, (2, 5, 7, 3)), (3, (1, 4, 5, 6, 2))):
            name = "%sPooling%dD" % (kind, axes)
            m.both(name, shape)
            m.case(name, shape, pool_size=3, strides=2, padding="same")
            m.case(name, shape, pool_size=(2, 3, 1)[:axes], strides=(1, 2, 2)[:axes], padding="valid")
            name = "Global%sPooling%dD" % (kind, axes)
            m.both(name, shape)
            m.both(name, shape, keepdims=True)


def sides(m):
    m.case("ZeroPadding1D", (2, 3, 2))
    m.case("ZeroPadding1D", (2, 3, 2), padding=(2, 0))
    m.both("ZeroPadding2D", (2, 3, 4, 2))
    m.both("ZeroPadding2D", (2, 3, 4, 2), padding=((1, 2), (0, 3)))
    m.case("ZeroPadding2D", (2, 3, 4, 2), padding=(2, 1))
    m.both("ZeroPadding3D", (1, 2, 3, 2, 2))
    m.case("ZeroPadding3D", (1, 2, 3, 2, 2), padding=((0, 1), (2, 0), (1, 1)))
    m.case("Cropping1D", (2, 5, 2))
    m.case("Cropping1D", (2, 5, 2), cropping=(0, 3))
    m.both("Cropping2D", (2, 5, 6, 2))
    m.both("Cropping2D", (2, 5, 6, 2), cropping=((1, 2), (0, 3)))
    m.case("Cropping2D", (2, 5, 6, 2), cropping=2)
    m.case("Cropping3D", (1, 4, 5, 6, 2), cropping=1)
    m.both("Cropping3D", (1, 4, 5, 6, 2), cropping=((0, 1), (2, 0), (1, 1)))
    m.case("UpSampling1D", (2, 3, 2))
    m.case("UpSampling1D", (2, 3, 2), size=3)
    m.both("UpSampling2D", (2, 3, 4, 2))
    m.both("UpSampling2D", (2, 3, 4, 2), size=(2, 3), interpolation="bilinear")
    m.case("UpSampling3D", (1, 2, 3, 2, 2))
    m.both("UpSampling3D", (1, 2, 3, 2, 2), size=(1, 3, 2))
    m.case("Resizing", (2, 5, 6, 2), height=7, width=4)
    m.case("Resizing", (2, 5, 6, 2), height=7, width=4, interpolation="nearest")
    m.case("Resizing", (2, 5, 8, 2), height=4, width=4, crop_to_aspect_ratio=True)
    m.case("Resizing", (2, 9, 4, 2), height=3, width=5, crop_to_aspect_ratio=True)
    m.case("CenterCrop", (2, 6, 7, 2), height=3, width=4)
    m.case("CenterCrop", (2, 3, 7, 2), height=4, width=4, note="smaller: resized")


def cases(m):
    convolutions(m)
    separable(m)
    windows(m)
    sides(m)
