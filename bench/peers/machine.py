"""What the report says about the machine and the compilers."""
import os
import subprocess

KEPT = ("Model name", "CPU family", "Model", "Stepping", "CPU(s)", "L1d cache", "L2 cache", "L3 cache")
SETS = ("sse4_2", "fma", "f16c", "avx", "amx")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe():
    fields = dict(line.split(":", 1) for line in output("lscpu").splitlines() if ":" in line)
    fields = {k.strip(): v.strip() for k, v in fields.items()}
    facts = {k: fields[k] for k in KEPT if k in fields}
    facts["Instruction sets"] = " ".join(f for f in fields.get("Flags", "").split() if f.startswith(SETS))
    facts["Kernel"] = os.uname().release.split("-")[0]
    facts["Compiler"] = "gcc " + output("gcc", "-dumpfullversion")
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "src", "lua")
    facts["Commit"] = output("git", "rev-parse", "--short", "HEAD") + (" and changes" if changed else "")
    return facts
