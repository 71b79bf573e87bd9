"""Makes the .safetensors files of tests/fixtures/files, as the format's own package writes them.

    pip install numpy safetensors
    python tests/oracle/safetensors_files.py          # from the root of the repository

numpy.safetensors holds ramps of every dtype that dwconv has; halves.safetensors some hundred values of F16 and BF16 with
the float32 that each is; unsupported.safetensors a dtype that dwconv has not.
"""
import pathlib

import numpy as np
from safetensors import TensorSpec, serialize_file
from safetensors.numpy import save_file

OUT = pathlib.Path("tests/fixtures/files")


def ramps():
    tensors = {dtype: (np.arange(6) - (0 if dtype == "uint8" else 2)).reshape(2, 3).astype(dtype)
               for dtype in ("float32", "float64", "int32", "int64", "uint8")}
    tensors.update(bool=np.array([True, False, True]), scalar=np.array(2.5, "float32"), empty=np.zeros((0, 3), "float32"),
                   another=np.array([np.nan, np.inf, -np.inf], "float32"), **{'ü "quoted"\n\\': np.ones(1, "int32")})
    save_file(tensors, OUT / "numpy.safetensors", metadata={"made by": "the safetensors package, ü"})
    save_file({"a": np.zeros(3, "int8")}, OUT / "unsupported.safetensors")


def halves():
    """Every 211th pattern of bits, and the edges: zeros, the least and largest of each kind, infinities, NaN."""
    edges = [0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0xFC00, 0x7C01, 0x7E00, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0x80, 0x7F]
    bits = np.array(edges + list(range(0, 65536, 211)), "<u2")
    wide = dict(F16=bits.view("<f2").astype("<f4"), BF16=(bits.astype("<u4") << 16).view("<f4"))
    rows = [("F16", "float16", bits), ("BF16", "bfloat16", bits)] + [(name + " wide", "float32", a) for name, a in wide.items()]
    serialize_file({name: TensorSpec(dtype=dtype, shape=a.shape, data_ptr=a.ctypes.data, data_len=a.nbytes) for name, dtype, a in rows},
                   OUT / "halves.safetensors", None)


ramps()
halves()
