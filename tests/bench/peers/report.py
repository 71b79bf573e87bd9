"""The tables of a race: lines for the terminal, and docs/performance.md.

    report.py [FILE]    writes docs/performance.md anew from the figures of BUILD/peers/results.json, or of FILE
"""
import json
import math
import os
import sys

from process import SCRATCH

TITLES = dict(forward="Depthwise, forward", grad_x="Depthwise, gradient of the input", pointwise="Pointwise, weights packed",
              grad_kernel="Depthwise, gradient of the kernel", matmul="Matrix product, nothing packed beforehand",
              layout="Transposition", call="One call of a layer with next to nothing to compute")
GROUPS = dict(twelve="twelve layers", extra="other geometries", spec="the other 41 layers", pointwise="pointwise shapes",
              dense="other shapes", layout="tensors", call="1x4x4x8")
OURS, EAGER = "dwconv", "dwconv_eager"
EAGER_PEERS = ("torch", "tf_eager")
METHOD = """\
One process a peer, all alive, taking turns on the same layer in bursts of {burst:.0f} ms, {rounds} rounds, everybody
starting one as often; a figure is the shortest call of all, in microseconds. One thread is pinned to one CPU, two to two,
helper threads one to each. Every result was compared with a float64 reference before it was timed (within 1e-4 of the
largest number, 1e-10 in float64). glibc keeps freed pages, for all alike. Inputs are random, none zero or denormal.

dwconv is the driver: output reused, scratch lent. It meets oneDNN's primitives, ONNX Runtime with bound tensors, OpenVINO's
infer request with set tensors, TFLite's invoke and ncnn's extractor, all with weights packed beforehand and in float32;
torch is its eager call (in inference mode), torch_packed the same with packed weights, tf a traced function.
dwconv_eager is the call from Lua, which allocates its result, to be held against torch and tf_eager. ONNX Runtime and ncnn
work on (n,c,h,w) images; that they would have to be transposed is not counted. PyTorch pads evenly: at stride 2 the same
work on a picture that lies otherwise. The Python peers' figures hold what Python's call costs, see the last table.

limit: what nothing can beat but by fusing layers, the larger of (multiply-adds, those on padding not counted, at the FMA
peak) and (reading the inputs and writing the result once, at the speed of a working set of that size), measured in the same
rounds; for transpositions, memcpy. best / ours: the time of the fastest peer over dwconv's.
"""


def mean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def peers_of(run):
    return [p for p in run["peers"] if p not in (OURS, EAGER)]


def best(row):
    """(seconds, name) of the fastest peer"""
    return min(((s, p) for p, s in row["seconds"].items() if p not in (OURS, EAGER)), default=(None, None))


def ratio(row, peer, ours=OURS):
    a, b = row["seconds"].get(peer), row["seconds"].get(ours)
    return a / b if a and b else None


def lead(row):
    ours, (theirs, _) = row["seconds"].get(OURS), best(row)
    return theirs / ours if ours and theirs else None


def share(row, who=OURS):
    return row["limit"] / row["seconds"][who] if who in row["seconds"] else None


def groups(run):
    found = list(dict.fromkeys(row["group"] for row in run["rows"]))
    return [(group, [row for row in run["rows"] if row["group"] == group]) for group in found]


def shown(value, form="%.2f"):
    return form % value if value is not None else "–"


# ---- terminal ----------------------------------------------------------------------------------------


def line(row):
    parts = ["%s %.1f" % (p, s * 1e6) + (" =%.2f" % ratio(row, p) if OURS in row["seconds"] and p not in (OURS, EAGER) else "")
             for p, s in row["seconds"].items()]
    missing = "".join(" | no %s: %.60s" % item for item in row["skipped"].items())
    return "%-32s %s%s" % (row["name"], " | ".join(parts), missing)


def terminal(run):
    out = ["geometric means of their time over ours" + ("; FMA peak %.0f GFLOP/s" % (run["peak"] / 1e9) if run["peak"] else "")]
    for group, rows in groups(run):
        worst = min((lead(row), row["name"]) for row in rows if lead(row)) if any(map(lead, rows)) else (None, "")
        out.append("  %s: best %s (least %s, %s), limit %s%%; " % (
            GROUPS[group], shown(mean(map(lead, rows))), shown(worst[0]), worst[1],
            shown(100 * (mean(share(row) for row in rows) or 0), "%.0f"))
            + ", ".join("%s %s" % (p, shown(mean(ratio(row, p) for row in rows))) for p in peers_of(run)))
        eager = [(p, mean(ratio(row, p, EAGER) for row in rows)) for p in EAGER_PEERS]
        if any(value for _, value in eager):
            out.append("    eager: " + ", ".join("%s %s" % (p, shown(value)) for p, value in eager))
    return "\n".join(out)


# ---- markdown ----------------------------------------------------------------------------------------


def table(head, rows):
    return "\n".join("| %s |" % " | ".join(cells) for cells in [head, ["---"] * len(head), *rows])


def title(run):
    limited = ", all limited to %s" % run["isa"] if run["isa"] else ""
    return "%s, %s%s" % (TITLES[run["op"]], "one thread" if run["threads"] == 1 else "%d threads" % run["threads"], limited)


def summary(runs):
    """geometric means, one line for each run and group"""
    rows = []
    for run in runs:
        for group, members in groups(run):
            worst = min([(lead(row), row["name"]) for row in members if lead(row)], default=(None, ""))
            rows.append([title(run), "%s (%d)" % (GROUPS[group], len(members)), shown(mean(map(lead, members))),
                         "%s, %s" % (shown(worst[0]), worst[1]),
                         shown(mean(share(row) for row in members), "%.2f")])
    return table(["race", "rows", "best / ours", "least", "limit / ours"], rows)


def by_peer(runs):
    peers = list(dict.fromkeys(p for run in runs for p in peers_of(run)))
    rows = [[title(run), GROUPS[group]] + [shown(mean(ratio(row, p) for row in members)) for p in peers]
            for run in runs for group, members in groups(run)]
    return table(["race", "rows"] + peers, rows)


def eager(runs):
    rows = [[title(run), GROUPS[group]] + [shown(mean(ratio(row, p, EAGER) for row in members)) for p in EAGER_PEERS]
            for run in runs if EAGER in run["peers"] for group, members in groups(run)]
    return table(["race", "rows"] + list(EAGER_PEERS), rows)


def figures(row, run):
    fastest = best(row)[1]
    cells = ["**%.1f**" % (s * 1e6) if p == fastest else "%.1f" % (s * 1e6)
             for p, s in ((p, row["seconds"].get(p, 0)) for p in peers_of(run))]
    ours = row["seconds"].get(OURS)
    rate = (row["flops"] or row["traffic"]) / ours / 1e9 if ours else None
    own = [shown(ours and ours * 1e6, "%.1f")]
    own += [shown(row["seconds"].get(EAGER) and row["seconds"][EAGER] * 1e6, "%.1f")] if EAGER in run["peers"] else []
    return [row["name"], "%.1f" % (row["limit"] * 1e6)] + own + [shown(rate, "%.0f"), shown(share(row) and 100 * share(row), "%.0f"),
            shown(lead(row))] + ["–" if cell in ("0.0", "**0.0**") else cell for cell in cells]


def reasons(run):
    """what a peer could not do, each reason once"""
    found = {}
    for row in run["rows"]:
        for peer, why in row["skipped"].items():
            found.setdefault((peer, why), []).append(row["name"])
    return "\n".join("- %s: %s: %s" % (peer, "all" if len(names) == len(run["rows"]) else "; ".join(names), why)
                     for (peer, why), names in found.items())


def section(run):
    unit = "GB/s" if run["op"] == "layout" else "GFLOP/s"
    head = ["layer", "limit", OURS] + ([EAGER] if EAGER in run["peers"] else []) + [unit, "% of limit", "best / ours"]
    parts = ["## " + title(run), ""]
    if run["op"] != "layout":
        parts += ["FMA peak %.0f GFLOP/s." % (run["peak"] / 1e9), ""]
    parts += [table(head + peers_of(run), [figures(row, run) for row in run["rows"]]), ""]
    why = reasons(run)
    return "\n".join(parts + (["Not there:", "", why, ""] if why else []))


def markdown(d):
    facts = ["- %s: %s" % item for item in d["machine"].items()]
    facts += ["- %s: %s" % (p, v) for p, v in d["versions"].items() if v and p not in (EAGER, "limits", "torch_packed", "tf_eager")]
    return "\n".join([
        "# Performance", "", "Written by `make bench-peers` on %s; `make bench-report` writes it anew from the same figures." % d["date"],
        "", *facts, "", METHOD.format(burst=d["burst"] * 1e3, rounds=d["rounds"]),
        "## Geometric means", "", "The fastest peer of each row over dwconv, the row where dwconv leads least, and the share of the limit.",
        "", summary(d["runs"]), "", "Each peer's time over dwconv's:", "", by_peer(d["runs"]), "",
        "Eager calls over dwconv_eager:", "", eager(d["runs"]), "", *map(section, d["runs"])])


def write(document):
    os.makedirs("docs", exist_ok=True)
    with open(os.path.join("docs", "performance.md"), "w") as file:
        file.write(markdown(document))
    print("\ndocs/performance.md is written")


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else os.path.join(SCRATCH, "results.json")) as file:
        write(json.load(file))
