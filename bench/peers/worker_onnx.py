"""ONNX Runtime and OpenVINO on a model of one operation: bound tensors, the result's memory reused, float32."""
import numpy as np
from onnx import TensorProto, helper

from worker import Peer, Skip, inference_only, serve, to_first, to_last

TYPES = dict(float32=TensorProto.FLOAT, float64=TensorProto.DOUBLE)


def model(node, dtype, x, y, weights=None):
    """one node from x to y, whose second input are the weights"""
    kind = TYPES[dtype]
    constants = [] if weights is None else [helper.make_tensor("w", kind, weights.shape, weights.tobytes(), raw=True)]
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", kind, x)],
                              [helper.make_tensor_value_info("y", kind, y)], constants)
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    m.ir_version = 9
    return m.SerializeToString()


def convolution(job):
    """the model, and the shape of its result, as (n,c,h,w)"""
    n, h, w, c = job.x.shape
    weights = job.oihw()
    if job.op == "pointwise":
        y = [n, job.k, h, w]
        node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1])
    else:
        top, bottom, left, right = job.pads
        y = [n, job.o, job.oh, job.ow]
        node = helper.make_node("Conv", ["x", "w"], ["y"], group=job.groups, kernel_shape=[job.kh, job.kw],
                                strides=[job.sh, job.sw], dilations=[job.d] * 2, pads=[top, left, bottom, right])
    return model(node, job.dtype, [n, c, h, w], y, weights), y


class OnnxRuntime(Peer):
    """Knows images as (n,c,h,w) only; a user who has channels_last pays for two transpositions more."""

    places = "all"

    def __init__(self, _, threads):
        import onnxruntime
        self.ort, self.threads = onnxruntime, threads
        self.version = "ONNX Runtime " + onnxruntime.__version__
        onnxruntime.set_default_logger_severity(3)

    def bound(self, content, x, shape):
        options = self.ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        session = self.ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        given, result = (self.ort.OrtValue.ortvalue_from_numpy(a) for a in (x, np.ones(shape, x.dtype)))
        binding.bind_ortvalue_input("x", given)
        binding.bind_ortvalue_output("y", result)

        def call():
            session.run_with_iobinding(binding)
            return result
        call.keeps = given
        return call

    def prepare(self, job):
        if job.op == "layout":
            axes = (0, 3, 1, 2) if job.to == "first" else (0, 2, 3, 1)
            y = [job.x.shape[a] for a in axes]
            content = model(helper.make_node("Transpose", ["x"], ["y"], perm=axes), "float32", job.x.shape, y)
            return self.bound(content, job.x, y), lambda y: y.numpy()
        inference_only(job)
        if job.dtype == "float64":
            raise Skip("no convolution in float64")
        content, y = convolution(job)
        return self.bound(content, to_first(job.x), y), lambda y: to_last(y.numpy())


class OpenVino(Peer):
    """Places the thread that calls by itself, if it is left free."""

    places = "helpers"

    def __init__(self, _, threads):
        import openvino
        self.ov, self.core = openvino, openvino.Core()
        self.version = "OpenVINO " + openvino.__version__.partition("-")[0]
        self.settings = dict(INFERENCE_PRECISION_HINT="f32", PERFORMANCE_HINT="LATENCY", NUM_STREAMS=1,
                             INFERENCE_NUM_THREADS=threads, ENABLE_CPU_PINNING=True)

    def in_layout(self, content, layout):
        """the model with input and result as the caller holds them"""
        steps = self.ov.preprocess.PrePostProcessor(self.core.read_model(content))
        for end in (steps.input(), steps.output()):
            end.tensor().set_layout(self.ov.Layout(layout))
            end.model().set_layout(self.ov.Layout("NCHW"))
        return steps.build()

    def prepare(self, job):
        inference_only(job)
        if job.dtype == "float64":
            raise Skip("computes float64 in float32")
        content, y = convolution(job)
        network = self.in_layout(content, "NCHW" if job.first else "NHWC")
        compiled = self.core.compile_model(network, "CPU", self.settings)
        request = compiled.create_infer_request()
        x = to_first(job.x) if job.first else job.x
        result = np.ones(y if job.first else [y[i] for i in (0, 2, 3, 1)], "f4")
        request.set_input_tensor(self.ov.Tensor(x, shared_memory=True))
        request.set_output_tensor(self.ov.Tensor(result, shared_memory=True))

        def call():
            request.infer()
            return result
        call.keeps = compiled, x
        return call, to_last if job.first else lambda y: y


serve(dict(ort=OnnxRuntime, openvino=OpenVino))
