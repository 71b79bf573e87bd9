"""Makes tests/fixtures/training: what training is made of (regularizers, constraints, losses, metrics, optimizers,
callbacks) as tf_keras computes it.

    python tests/oracle/training.py         # in the environment that backend.py describes

Each file is a chunk that is called with T, nan, inf, NIL, F, as those of fixtures/backend are, and returns a list of
cases; the groups in groups/training make them, and tests/fixtures/README.md says what a case holds. All is computed in
float64 and written with all digits; axes and labels count from 1 in the files.
"""
import pathlib

from groups.training import callbacks, losses, metrics, optimizers, weights
from kit.training import FILES

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "training"

HEADER = """-- Written by tests/oracle/training.py with TensorFlow 2.21; tests/fixtures/README.md explains it.
local T, nan, inf, NIL, F = ... -- luacheck: ignore 211
return {
"""


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.lua"):
        old.unlink()
    for group in (*weights.GROUPS, *optimizers.GROUPS, *losses.GROUPS, *metrics.GROUPS, *callbacks.GROUPS):
        group()
    for name, cases in FILES.items():
        (OUT / (name + ".lua")).write_text(HEADER + "".join(cases) + "}\n")
        print("%s: %d cases, %d bytes" % (name, len(cases), (OUT / (name + ".lua")).stat().st_size))


if __name__ == "__main__":
    main()
