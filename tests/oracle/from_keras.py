"""Makes tests/fixtures/from_keras.lua: the Python script of docs/from_keras.md, and what it prints under TensorFlow.

    python tests/oracle/from_keras.py       # in the environment that backend.py describes

tests/examples_spec.lua runs the Lua script of the page and compares the lines that both print. The fixture holds the
Python script too, so that the spec fails when the page's is no longer the one that was run.
"""
import contextlib
import io
import pathlib
import re

import kit.ops  # noqa: F401 -- makes tf.keras Keras 2's, on one thread

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    page = (ROOT / "docs" / "from_keras.md").read_text()
    script = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(script, "docs/from_keras.md", "exec"), {})
    print(printed.getvalue(), end="")
    (ROOT / "tests" / "fixtures" / "from_keras.lua").write_text(
        "-- Written by tests/oracle/from_keras.py with TensorFlow 2.21; tests/examples_spec.lua reads it.\n"
        "return {\nscript = [==[\n%s]==],\nprinted = [==[\n%s]==],\n}\n" % (script, printed.getvalue()))


if __name__ == "__main__":
    main()
