"""Layers without windows: normalization, activations, shapes, noise out of training, rescaling, merging."""

def normalization(m):
    for shape in ((4, 3), (3, 4, 3), (2, 3, 4, 3), (2, 2, 3, 2, 3)):
        m.case("BatchNormalization", shape)
        m.case("BatchNormalization", shape, axis=1, momentum=0.9, epsilon=0.01)
    m.case("BatchNormalization", (2, 3, 4, 3), scale=False)
    m.case("BatchNormalization", (2, 3, 4, 3), center=False, momentum=0.5)
    m.case("BatchNormalization", (2, 3, 4, 3), center=False, scale=False)
    m.case("BatchNormalization", (2, 3, 4, 3), trainable=False, note="uses the averages while training")
    m.case("BatchNormalization", (1, 1, 1, 3), momentum=0.9, note="one number for each channel")
    for axis in (1, 3):
        m.case("BatchNormalization", (2, 3, 4, 3), axis=axis, momentum=0.5, dtype="float64", note="never fused")
    m.case("LayerNormalization", (3, 4))
    m.case("LayerNormalization", (2, 3, 4, 5), epsilon=0.1)
    m.case("LayerNormalization", (2, 3, 4, 5), axis=(1, 2, 3))
    m.case("LayerNormalization", (2, 3, 4), axis=1, scale=False)
    m.case("LayerNormalization", (2, 3, 4), axis=[1, 2], center=False)
    m.case("GroupNormalization", (2, 3, 4, 6), groups=3)
    m.case("GroupNormalization", (2, 3, 6), groups=2, scale=False)
    m.case("GroupNormalization", (2, 6, 3, 2), groups=3, axis=1, epsilon=0.01)
    m.case("GroupNormalization", (2, 3, 4, 6), groups=-1)
    m.case("GroupNormalization", (2, 3, 4, 32), center=False)
    m.case("Normalization", (4, 3))
    m.case("Normalization", (2, 3, 4, 3), invert=True)
    m.case("Normalization", (2, 3, 4), axis=1)
    m.case("Normalization", (4, 3), mean=0.5, variance=2.0)
    m.case("Normalization", (4, 3), mean=[0.5, -1.0, 2.0], variance=[2.0, 0.25, 1.0])
    m.case("Rescaling", (2, 3, 4, 3), scale=1 / 127.5, offset=-1.0, low=0, high=255)
    m.case("Rescaling", (2, 3), scale=2.0)


def activations(m):
    for name in ("linear", "relu", "relu6", "elu", "selu", "softplus", "softsign", "swish", "tanh", "sigmoid", "hard_sigmoid",
                 "exponential", "softmax", "gelu", "mish"):
        m.case("Activation", (2, 3, 5), activation=name, low=-8, high=8)
    m.case("ReLU", (2, 3, 5), low=-8, high=8)
    m.case("ReLU", (2, 3, 5), max_value=6.0, low=-8, high=8)
    m.case("ReLU", (2, 3, 5), max_value=4.0, negative_slope=0.25, threshold=1.0, low=-8, high=8)
    m.case("LeakyReLU", (2, 3, 5))
    m.case("LeakyReLU", (2, 3, 5), alpha=0.1)
    m.case("PReLU", (2, 3, 4))
    m.case("PReLU", (2, 3, 4, 5), shared_axes=[1, 2])
    m.case("PReLU", (2, 3, 4), shared_axes=[2], alpha_initializer="ones")
    m.case("ELU", (2, 3, 5))
    m.case("ELU", (2, 3, 5), alpha=0.5)
    m.case("ThresholdedReLU", (2, 3, 5), low=-3, high=3)
    m.case("ThresholdedReLU", (2, 3, 5), theta=0.25)
    m.case("Softmax", (2, 3, 5))
    m.case("Softmax", (2, 3, 5), axis=1)
    m.case("Softmax", (2, 3, 4, 5), axis=[1, 3])


def shapes(m):
    m.case("Flatten", (2, 3, 4))
    m.case("Flatten", (2, 3, 4, 2), data_format="channels_first")
    m.case("Flatten", (4, 3))
    m.case("Reshape", (2, 3, 4), target_shape=(6, 2))
    m.case("Reshape", (2, 3, 4), target_shape=(-1, 2, 1))
    m.case("Reshape", (2, 1), target_shape=())
    m.case("Permute", (2, 3, 4), dims=(2, 1))
    m.case("Permute", (2, 3, 4, 5), dims=(3, 1, 2))
    m.case("RepeatVector", (2, 3), n=4)
    m.case("Dropout", (2, 3), rate=0.5, train=False)
    m.case("Dropout", (2, 3), rate=0.0)
    m.case("SpatialDropout1D", (2, 3, 4), rate=0.5, train=False)
    m.case("SpatialDropout2D", (2, 3, 4, 2), rate=0.5, train=False)
    m.case("SpatialDropout3D", (1, 2, 3, 2, 2), rate=0.25, train=False)
    m.case("GaussianNoise", (2, 3), stddev=0.5, train=False)
    m.case("AlphaDropout", (2, 3), rate=0.5, train=False)
    m.case("ActivityRegularization", (2, 3), l1=0.5, l2=0.25)
    m.case("Embedding", None, x=m.np.array([[0, 3, 1], [2, 2, 0]]), from_one=True, input_dim=4, output_dim=3)
    m.case("Embedding", None, x=m.np.array([4, 0, 1]), from_one=True, input_dim=5, output_dim=2, embeddings_initializer="ones")
    m.case("GaussianDropout", (2, 3), rate=0.25, train=False)
    for name, config in (("RandomFlip", {}), ("RandomFlip", dict(mode="vertical")), ("RandomRotation", dict(factor=0.1)),
                         ("RandomRotation", dict(factor=(-0.1, 0.2), fill_mode="constant", fill_value=2.0)),
                         ("RandomTranslation", dict(height_factor=0.2, width_factor=(-0.1, 0.3), interpolation="nearest")),
                         ("RandomZoom", dict(height_factor=(0.2, 0.3), fill_mode="nearest")),
                         ("RandomZoom", dict(height_factor=0.2, width_factor=0.1, fill_mode="wrap")),
                         ("RandomContrast", dict(factor=0.5)), ("RandomContrast", dict(factor=(0.1, 2.0)))):
        inference(m, name, (2, 4, 5, 2), **config)
    inference(m, "RandomCrop", (2, 6, 5, 2), height=3, width=4)


def inference(m, name, shape, **config):
    """Keras's augmentation trains unless it is told not to; here only inference is compared, which is without chance."""
    kind = getattr(m.L, name)
    original = kind.__call__
    kind.__call__ = lambda self, x, **more: original(self, x, training=False)
    m.case(name, shape, train=False, **config)
    kind.__call__ = original


def merging(m):
    for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"):
        m.case(name, [(2, 3, 4), (2, 3, 4)])
        m.case(name, [(2, 3, 4), (2, 1, 4)], note="stretched")
        m.case(name, [(2, 3, 4), (2, 4)], note="axes after the batch are filled in")
    m.case("Add", [(2, 3), (2, 3), (2, 1)])
    m.case("Average", [(2, 3), (2, 3), (2, 3)])
    m.case("Concatenate", [(2, 3, 4), (2, 3, 2)])
    m.case("Concatenate", [(2, 3, 4), (2, 1, 4), (2, 2, 4)], axis=1)
    m.case("Dot", [(2, 3, 4), (2, 5, 4)], axes=2)
    m.case("Dot", [(2, 3, 4), (2, 3, 5)], axes=(1, 1), normalize=True)
    m.case("Dot", [(2, 3, 4), (2, 4, 5)], axes=(2, 1))
    m.case("Dot", [(2, 4), (2, 4)], axes=1)
    m.case("Dot", [(2, 4), (2, 4)], axes=-1, normalize=True)


def transforms(m):
    """What Keras's transform makes of images, by mode and interpolation, and its matrices."""
    from tf_keras.src.layers.preprocessing import image_preprocessing as p
    f = m.tf.constant
    x = m.numbers("transform", shape=(3, 4, 5, 2))
    angles, zooms = f([0.3, -2.0, 3.5]), f([[0.5, 1.5], [1.25, 0.75], [1.0, 2.5]])
    moves = f([[1.5, -2.25], [0.0, 7.0], [-11.0, 0.5]])
    for name, matrix in (("rotation", p.get_rotation_matrix(angles, f(4.0), f(5.0))),
                         ("zoom", p.get_zoom_matrix(zooms, f(4.0), f(5.0))), ("translation", p.get_translation_matrix(moves))):
        given = dict(rotation=angles, zoom=zooms, translation=moves)[name].numpy()
        for mode in ("constant", "nearest", "reflect", "wrap"):
            for interpolation in ("nearest", "bilinear"):
                y = p.transform(f(x), matrix, mode, 0.5, interpolation).numpy()
                m.TEXTS.append('  { transform = "%s", given = %s, mode = "%s", interpolation = "%s", x = %s, y = %s },' % (
                    name, m.tensor(given), mode, interpolation, m.tensor(x), m.tensor(y)))


def cases(m):
    normalization(m)
    activations(m)
    shapes(m)
    merging(m)
    transforms(m)
