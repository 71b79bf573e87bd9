"""TensorFlow: traced functions of the tensors ("tf") and eager calls ("tf_eager")."""
import tensorflow as tf

from worker import Peer, Skip, serve

raw = tf.raw_ops


class TensorFlow(Peer):
    version = "TensorFlow " + tf.__version__

    def __init__(self, name, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.eager = name == "tf_eager"

    def prepare(self, job):
        if self.eager and job.op not in ("forward", "grad_x", "grad_kernel", "call"):
            raise Skip("not raced")
        f, *tensors = getattr(self, job.op)(job)
        tensors = [tf.constant(t) for t in tensors]
        if self.eager:
            return lambda: f(*tensors), lambda y: y.numpy()
        # tensors as arguments: constants would be folded away
        traced = tf.function(f).get_concrete_function(*(tf.TensorSpec(t.shape, t.dtype) for t in tensors))
        return lambda: traced(*tensors), lambda y: y.numpy()

    def refuse(self, job):
        if job.sh != job.sw:
            raise Skip("refuses unequal strides")
        if job.first:
            raise Skip("no channels_first on CPUs")

    def convolution(self, job):
        self.refuse(job)
        if job.convolution:
            return lambda x, w: tf.nn.conv2d(x, w, [job.sh, job.sw], "SAME", dilations=[job.d, job.d])
        return lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, job.sh, job.sw, 1], "SAME", dilations=[job.d, job.d])

    def forward(self, job):
        return self.convolution(job), job.x, job.kernel

    call = forward

    def gradient(self, job, which):
        """Through a tape, since the plain ops know no dilation; a traced function drops the forward pass again."""
        f = self.convolution(job)

        def run(x, w, g):
            with tf.GradientTape() as tape:
                v = (x, w)[which]
                tape.watch(v)
                y = f(x, w)
            return tape.gradient(y, v, output_gradients=g)
        return run, job.x, job.kernel, job.g

    def grad_x(self, job):
        if job.d > 1 or job.convolution:
            return self.gradient(job, 0)
        self.refuse(job)
        plain = dict(input_sizes=job.x.shape, strides=[1, job.sh, job.sw, 1], padding="SAME")
        return lambda w, g: raw.DepthwiseConv2dNativeBackpropInput(filter=w, out_backprop=g, **plain), job.kernel, job.g

    def grad_kernel(self, job):
        if job.d > 1 or job.convolution:
            return self.gradient(job, 1)
        self.refuse(job)
        plain = dict(filter_sizes=job.kernel.shape, strides=[1, job.sh, job.sw, 1], padding="SAME")
        return lambda x, g: raw.DepthwiseConv2dNativeBackpropFilter(input=x, out_backprop=g, **plain), job.x, job.g

    def pointwise(self, job):
        return lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"), job.x, job.kernel[None, None]

    def matmul(self, job):
        return lambda a, b: tf.matmul(a, b, transpose_a="a" in job.turn, transpose_b="b" in job.turn), job.x, job.kernel

    def nn(self, job):
        f, size, w = job.f, (job.oh, job.ow), getattr(job, "kernel", None)
        if f in ("max_pool", "average_pool"):
            pool = tf.nn.max_pool2d if f == "max_pool" else tf.nn.avg_pool2d
            return lambda x: pool(x, job.k, job.s, "SAME"), job.x
        if f == "nearest":
            return lambda x: tf.image.resize(x, size, "nearest"), job.x
        if f == "bilinear":
            return lambda x: tf.image.resize(x, size), job.x
        if f == "softmax":
            return tf.nn.softmax, job.x
        if f == "bias_relu":
            return lambda x, b: tf.nn.relu(tf.nn.bias_add(x, b)), job.x, w
        if f == "norm_inference":
            return (lambda x, w: raw.FusedBatchNormV3(x=x, scale=w, offset=w, mean=w, variance=tf.abs(w), epsilon=1e-3,
                                                      is_training=False).y), job.x, w
        if f == "norm":
            return (lambda x, w: raw.FusedBatchNormV3(x=x, scale=w, offset=w, mean=[], variance=[], epsilon=1e-3).y), job.x, w
        made = raw.FusedBatchNormV3(x=job.x, scale=w, offset=w, mean=[], variance=[], epsilon=1e-3)
        saved = dict(reserve_space_1=made.reserve_space_1, reserve_space_2=made.reserve_space_2,
                     reserve_space_3=made.reserve_space_3)
        return (lambda g, x, w: raw.FusedBatchNormGradV3(y_backprop=g, x=x, scale=w, epsilon=1e-3, **saved).x_backprop,
                job.g, job.x, w)

    def layout(self, job):
        axes = (0, 3, 1, 2) if job.to == "first" else (0, 2, 3, 1)
        return lambda x: tf.transpose(x, axes), job.x


serve(dict(tf=TensorFlow, tf_eager=TensorFlow))
