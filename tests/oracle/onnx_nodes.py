"""Makes tests/fixtures/onnx.lua and onnx.bin: calls of single operators with their results, from the test data of onnx.

    pip download --no-deps onnx==1.16.2            # outside the repository; the wheel is a zip, which is read as it is
    python tests/oracle/onnx_nodes.py onnx-1.16.2-*.whl

Taken are the cases of OPS in data/node and data/pytorch-converted whose model is one operator (constants aside) and
whose tensors are of types that dwconv has; those whose name ends in _expanded repeat others. onnx.lua lists the
cases: name, op, opset, attributes, inputs and outputs; a tensor is {dtype, shape, where its numbers begin in onnx.bin},
which holds equal tensors once. Cases that would be long are cut, where a part of the numbers stands alone: cut() says
how.
onnx is under the Apache licence 2.0. tests/onnx_spec.lua reads the cases, tests/lib/onnx_calls.lua makes calls of them.
"""
import pathlib
import struct
import sys
import textwrap
import zipfile

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
FOLDERS = ["onnx/backend/test/data/node/", "onnx/backend/test/data/pytorch-converted/"]
OPS = """AveragePool MaxPool GlobalAveragePool GlobalMaxPool LpPool Resize Upsample Pad Softmax LogSoftmax
BatchNormalization LayerNormalization GroupNormalization InstanceNormalization Gelu Elu Celu Selu HardSigmoid HardSwish
LeakyRelu Mish Softplus Softsign Relu PRelu Sigmoid ThresholdedRelu Conv ConvTranspose""".split()
DTYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 11: "float64"}
HEADER = """-- Written by tests/oracle/onnx_nodes.py, which explains it, from the test data of onnx 1.16.2.
return {
"""
LEFT_OUT = ["MaxPool2d_stride_padding_dilation"]  # one window has 2 MB
LONG, SIDE, FEW = 20000, 14, 600  # bytes of a long case; pixels of an axis, elements, that are kept of one


# ---- protobuf's wire format ----------------------------------------------------------------------------------------
def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def fields(data):
    """{number: [values]} of a message: whole numbers, or bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def signed(v):
    return v - (1 << 64) if v >> 63 else v


def numbers(values, code):
    """Repeated numbers, packed or not; code: struct's, or "v" for whole numbers."""
    result = []
    for v in values:
        if code == "v" and isinstance(v, int):
            result.append(signed(v))
        elif code == "v":
            at = 0
            while at < len(v):
                one, at = varint(v, at)
                result.append(signed(one))
        else:
            result += struct.unpack("<%d%s" % (len(v) // struct.calcsize(code), code), v)
    return result


def tensor(data):
    """A TensorProto as an array; None if it is of a type that dwconv does not have."""
    f = fields(data)
    dtype = DTYPES.get(f[2][0])
    if dtype is None:
        return None
    shape = numbers(f.get(1, []), "v")
    if 9 in f:
        return np.frombuffer(f[9][0], np.dtype(dtype).newbyteorder("<")).reshape(shape).astype(dtype)
    values = (numbers(f.get(4, []), "f") or numbers(f.get(5, []), "v") or numbers(f.get(7, []), "v")
              or numbers(f.get(10, []), "d"))
    return np.array(values, dtype).reshape(shape)


def attribute(data):
    f = fields(data)
    name = f[1][0].decode()
    if 5 in f:
        return name, tensor(f[5][0])
    if 4 in f:
        return name, f[4][0].decode()
    for number, code in ((2, "f"), (7, "f"), (3, "v"), (8, "v")):
        if number in f:
            values = numbers(f[number], code)
            return name, values[0] if number in (2, 3) else values
    return name, []


def model(data):
    """The opset, the one node (operator, attributes, input names, output names), constants, and names of inputs."""
    f = fields(data)
    opset = max(fields(s).get(2, [1])[0] for s in f[8])
    graph = fields(f[7][0])
    constants = {}
    for t in graph.get(5, []):
        constants[fields(t)[8][0].decode()] = tensor(t)
    nodes = []
    for n in map(fields, graph[1]):
        op = n[4][0].decode()
        attributes = dict(map(attribute, n.get(5, [])))
        inputs, outputs = ([s.decode() for s in n.get(k, [])] for k in (1, 2))
        if op == "Constant":
            constants[outputs[0]] = attributes["value"]
        else:
            nodes.append((op, attributes, inputs, outputs))
    names = [fields(v)[1][0].decode() for v in graph.get(11, [])]
    results = [fields(v)[1][0].decode() for v in graph[12]]
    return opset, nodes, constants, [n for n in names if n not in constants], results


# ---- cases ---------------------------------------------------------------------------------------------------------
def read(wheel, folder):
    """A case, or nothing."""
    opset, nodes, constants, inputs, outputs = model(wheel.read(folder + "model.onnx"))
    if len(nodes) != 1 or nodes[0][0] not in OPS:
        return None
    op, attributes, takes, gives = nodes[0]
    known = dict(constants, **{"": None})
    for i, name in enumerate(inputs):
        known[name] = tensor(wheel.read(folder + "test_data_set_0/input_%d.pb" % i))
        if known[name] is None:
            return None
    results = {name: tensor(wheel.read(folder + "test_data_set_0/output_%d.pb" % i)) for i, name in enumerate(outputs)}
    case = dict(name=folder.split("/")[-2][5:], op=op, opset=opset, attributes=attributes,
                inputs=[known[name] for name in takes], outputs=[results.get(name) for name in gives])
    return cut(case)


def cut_axis(a, i, x, y):
    """Of a pool, the first pixels of axis i, whose padding at the end is left out; or, where the last window reaches
    over the end (ceil_mode), the last ones."""
    n = len(a["kernel_shape"])
    stride, dilation = a.get("strides", [1] * n)[i], a.get("dilations", [1] * n)[i]
    window, pads = (a["kernel_shape"][i] - 1) * dilation + 1, a.setdefault("pads", [0] * 2 * n)
    keep, size = max(window, SIDE if n > 1 else FEW), x.shape[2 + i]
    if size <= keep:
        return x, y
    if a.get("ceil_mode"):
        assert pads[i] == 0
        m = (size - keep) // stride
        return np.take(x, range(m * stride, size), 2 + i), np.take(y, range(m, y.shape[2 + i]), 2 + i)
    pads[n + i] = 0
    return np.take(x, range(keep), 2 + i), np.take(y, range((keep + pads[i] - window) // stride + 1), 2 + i)


def cut(case):
    """A long case of which a part stands alone: numbers one by one; of pools an image, a channel and some pixels."""
    a, inputs, outputs = case["attributes"], case["inputs"], case["outputs"]
    if sum(t.nbytes for t in inputs + outputs if t is not None) < LONG:
        return case
    x, y = inputs[0], outputs[0]
    case["cut"] = True
    if case["op"] in ("MaxPool", "AveragePool", "LpPool"):
        x, y = x[:1, :1], y[:1, :1]
        outputs[1:] = []  # positions
        if a.get("auto_pad", "NOTSET") == "NOTSET":
            for i in range(len(a["kernel_shape"])):
                x, y = cut_axis(a, i, x, y)
    elif x.shape == y.shape and len(inputs) == 1:
        x, y = x.ravel()[:FEW], y.ravel()[:FEW]
    inputs[0], outputs[0] = x, y
    return case


# ---- writing -------------------------------------------------------------------------------------------------------
class Numbers:
    """The file of numbers: equal ones stand there once."""
    def __init__(self):
        self.data, self.at = b"", {}

    def lua(self, t):
        if t is None:
            return "false"
        t = np.ascontiguousarray(t)
        data = t.astype(t.dtype.newbyteorder("<")).tobytes()
        if data not in self.at:
            self.at[data] = len(self.data)
            self.data += data
        return '{ "%s", {%s}, %d }' % (t.dtype.name, ",".join(map(str, t.shape)), self.at[data])


def value(v):
    if isinstance(v, str):
        return '"%s"' % v
    if isinstance(v, list):
        return "{%s}" % ",".join(map(value, v))
    return "%.9g" % v if isinstance(v, float) else "%d" % v


def text(case, file):
    attributes = ", ".join("%s = %s" % (k, value(v)) for k, v in sorted(case["attributes"].items()))
    parts = ['{ name = "%s"' % case["name"], 'op = "%s"' % case["op"], "opset = %d" % case["opset"],
             "attributes = {%s}" % (" %s " % attributes if attributes else "")]
    parts += ["cut = true"] if case.get("cut") else []
    parts += ["%s = { %s }" % (k, ", ".join(map(file.lua, case[k]))) for k in ("inputs", "outputs")]
    return "\n".join(textwrap.wrap(", ".join(parts) + " },", 120, initial_indent="  ", subsequent_indent="    ")) + "\n"


def main(path):
    wheel, file, texts = zipfile.ZipFile(path), Numbers(), []
    for root in FOLDERS:
        models = [n for n in wheel.namelist() if n.startswith(root) and n.endswith("/model.onnx")]
        names = sorted(n[:-len("model.onnx")] for n in models)
        for folder in names:
            if "_expanded" in folder or folder.split("/")[-2][5:] in LEFT_OUT:
                continue
            case = read(wheel, folder)
            if case and all(o is not None for o in case["outputs"]):
                texts.append(text(case, file))
    (OUT / "onnx.lua").write_text(HEADER + "".join(texts) + "}\n")
    (OUT / "onnx.bin").write_bytes(file.data)
    print("%d cases, %d bytes of numbers, %d of text" % (len(texts), len(file.data), (OUT / "onnx.lua").stat().st_size))


if __name__ == "__main__":
    main(sys.argv[1])
