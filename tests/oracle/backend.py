"""Makes tests/fixtures/backend: results and gradients of the functions of the backend K, computed by TensorFlow.

    python3 -m venv oracle && . oracle/bin/activate        # outside the repository
    pip install "tensorflow-cpu==2.21.*" && pip install --no-deps "tf_keras==2.21.*"
    python tests/oracle/backend.py                         # from the root of the repository

Each <family>.lua is a chunk that returns a list of cases; tests/fixtures/README.md says what a case holds. Here calls
are written as Keras has them (counting from 0); OPS (kit/ops.py) says what of each function is an axis or an index, and
lua_call() (kit/cases.py) adds one to it. The cases stand in groups/.

A float32 case is computed twice: as it is, and in float64 from the same numbers. Where every implementation that rounds
correctly gives the same bits (OPS: exact) the first is kept, tolerance 0. Otherwise the second is rounded to float32
and kept, and the run fails unless the first agrees with it within the tolerance: then the tolerance can be met.
Gradients are those of sum(result * g), by the same rule. Most floats are odd multiples of 1/64, all different within a
tensor (no zeros, ties or halves), or decimals of ten digits for float64; corners are written out.

refused() are calls that must raise. Unless it says why, the run checks that TensorFlow raises too.
"""
import pathlib

from groups import beyond, conv, elementwise, images, nn, reduce, refused, shape, state
from kit.cases import COUNTS, FAMILIES, SKIPPED

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "backend"

# In this order the cases of a family stand in its file.
GROUPS = (elementwise.unary, elementwise.binary, elementwise.pow_clip_where, reduce.reduce, shape.linear, shape.shape,
          state.create, state.update, state.control, state.sorting, refused.refusals, beyond.more_functions,
          beyond.more_shapes, beyond.matrix, beyond.picking, beyond.more_refusals, *conv.GROUPS, *images.GROUPS,
          nn.activations, nn.losses, nn.sequences, nn.norm, nn.refusals)

HEADER = """-- Written by tests/oracle/backend.py with TensorFlow 2.21; tests/fixtures/README.md explains it.
local T, nan, inf, NIL, F = ... -- luacheck: ignore 211
return {
"""


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.lua"):
        old.unlink()
    for group in GROUPS:
        group()
    for family, cases in FAMILIES.items():
        (OUT / (family + ".lua")).write_text(HEADER + "".join(cases) + "}\n")
    for line in SKIPPED:
        print("TensorFlow refuses", line)
    print(", ".join("%s %d" % (name, n) for name, n in COUNTS.items()))
    print("%d cases, %d bytes" % (sum(COUNTS.values()), sum(f.stat().st_size for f in OUT.iterdir())))


if __name__ == "__main__":
    main()
