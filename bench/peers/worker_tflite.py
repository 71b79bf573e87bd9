"""TFLite with XNNPACK on a model of one operation, written here field by field."""
from importlib import metadata

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from worker import Peer, Skip, inference_only, serve


def filled(kind, **fields):
    t = kind()
    for name, value in fields.items():
        setattr(t, name, value)
    return t


def tensor(name, shape, buffer):
    return filled(schema.TensorT, shape=[int(n) for n in shape], buffer=buffer, name=name,
                  type=schema.TensorType.FLOAT32)


def buffer(a):
    return filled(schema.BufferT, data=None if a is None else np.frombuffer(a.tobytes(), np.uint8))


def operation(job):
    """the op's code, its options and its weights"""
    options = dict(padding=schema.Padding.SAME, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    if job.op == "pointwise":
        code, kind, union = (schema.BuiltinOperator.CONV_2D, schema.Conv2DOptionsT, schema.BuiltinOptions.Conv2DOptions)
        weights = np.ascontiguousarray(job.kernel.T)[:, None, None, :]
    elif job.convolution:
        code, kind, union = (schema.BuiltinOperator.CONV_2D, schema.Conv2DOptionsT, schema.BuiltinOptions.Conv2DOptions)
        options.update(strideH=job.sh, strideW=job.sw, dilationHFactor=job.d, dilationWFactor=job.d)
        weights = np.ascontiguousarray(job.kernel.transpose(3, 0, 1, 2))
    else:
        code, kind, union = (schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.DepthwiseConv2DOptionsT,
                             schema.BuiltinOptions.DepthwiseConv2DOptions)
        options.update(strideH=job.sh, strideW=job.sw, dilationHFactor=job.d, dilationWFactor=job.d,
                       depthMultiplier=job.m)
        weights = job.kernel.reshape(1, job.k, job.k, -1)
    return code, union, filled(kind, **options), weights


def model(job, y):
    code, union, options, weights = operation(job)
    bias = np.zeros(y[-1], np.float32)
    graph = filled(schema.SubGraphT, inputs=[2], outputs=[3],
                   tensors=[tensor("w", weights.shape, 1), tensor("b", bias.shape, 2), tensor("x", job.x.shape, 0),
                            tensor("y", y, 0)],
                   operators=[filled(schema.OperatorT, opcodeIndex=0, inputs=[2, 0, 1], outputs=[3],
                                     builtinOptionsType=union, builtinOptions=options)])
    named = filled(schema.OperatorCodeT, builtinCode=code, deprecatedBuiltinCode=code, version=2)
    whole = filled(schema.ModelT, version=3, description="one op", subgraphs=[graph], operatorCodes=[named],
                   buffers=[buffer(None), buffer(weights), buffer(bias)])
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class TfLite(Peer):
    places = "all"
    version = "LiteRT " + metadata.version("ai-edge-litert")

    def __init__(self, _, threads):
        self.threads = threads

    def prepare(self, job):
        inference_only(job)
        if job.dtype == "float64":
            raise Skip("no float64")
        if job.first:
            raise Skip("no channels_first")
        y = self.result(job)
        interpreter = Interpreter(model_content=model(job, y), num_threads=self.threads)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], job.x)
        at = interpreter.get_output_details()[0]["index"]
        return interpreter.invoke, lambda _: interpreter.get_tensor(at)

    def result(self, job):
        if job.op == "pointwise":
            return [*job.x.shape[:3], job.kernel.shape[1]]
        return [job.n, job.oh, job.ow, job.o]


serve(dict(tflite=TfLite))
