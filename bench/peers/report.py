"""The tables of a race: lines for the terminal, docs/performance.md with the means, docs/performance.tsv with each row.

    report.py [FILE]    writes both anew from the figures of BUILD/peers/results.json, or of FILE
"""
import json
import math
import os
import sys

from process import SCRATCH

TITLES = dict(forward="Depthwise, forward", grad_x="Depthwise, gradient of the input",
              grad_kernel="Depthwise, gradient of the kernel", pointwise="Pointwise, weights packed",
              matmul="Matrix product, nothing packed beforehand", layout="Transposition", elementwise="Elementwise ops", reduce="Reductions",
              call="One call of a layer with next to nothing to compute", conv="Convolution, forward",
              conv_grad_x="Convolution, gradient of the input", conv_grad_kernel="Convolution, gradient of the kernel",
              nn="Pools, resizing, normalization, softmax")
GROUPS = dict(twelve="twelve layers", extra="other geometries", spec="the other 41 layers",
              pointwise="pointwise shapes", dense="other shapes", layout="tensors", numbers="sizes",
              call="1x4x4x8", resnet="3x3 layers of ResNet", stem="stems", conv="other convolutions", nn="layers")
OURS, EAGER = "dwconv", "dwconv_eager"
EAGER_PEERS = ("torch", "tf_eager")
METHOD = """\
One process a peer, all alive, taking turns on the same layer in bursts of {burst:.0f} ms, {rounds} rounds; a figure
is the shortest call of all, in microseconds. One thread is pinned to one CPU, two to two, helper threads one to each;
the next burst begins when all threads of the last one sleep. Every result was compared with a float64 reference
before it was timed (within 1e-4 of the largest number, float64 within 1e-10). glibc keeps freed pages, for all alike.
Inputs are random, none of them zero or denormal.

dwconv is the driver: output reused, scratch lent. It meets oneDNN's primitives, ONNX Runtime with bound tensors,
OpenVINO's infer request with set tensors, TFLite's invoke and ncnn's extractor, all in float32, with weights packed
beforehand where the peer can. torch is PyTorch's eager call (what is no convolution, into a given result),
torch_packed the same with weights packed beforehand, tf a traced function. dwconv_eager is the call from Lua, which
allocates its result, to be held against torch and tf_eager. What the call costs in Python is in the figures of all
peers but oneDNN: the tables of one call say how much. ONNX Runtime and ncnn know images as (n,c,h,w) only; that a
user of (n,h,w,c) must transpose them is not counted. oneDNN reorders channels_first images within the call, to the
layout with which it is done first. PyTorch pads both sides alike: at stride 2 it does the same work on a picture that
lies otherwise. The matrix products have nothing packed beforehand.

limit: what nothing can beat but by fusing layers: the larger of (multiply-adds, those on padding not counted, at the
FMA peak) and (reading the inputs and writing the result once, at the speed of a working set of that size), both
measured in the same rounds; for transpositions and elementwise ops memcpy, for reductions reading. best / ours: the
time of the fastest peer over dwconv's; least: the row where that is least.

Each row of each race stands in [performance.tsv](performance.tsv): microseconds, tabs between the columns, nothing
where there is no figure; rate counts dwconv's GFLOP/s, or GB/s where nothing is multiplied.
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


def least_lead(rows):
    return min([(lead(row), row["name"]) for row in rows if lead(row)], default=(None, ""))


def share(row):
    return row["limit"] / row["seconds"][OURS] if OURS in row["seconds"] else None


def title(run):
    threads = "one thread" if run["threads"] == 1 else "%d threads" % run["threads"]
    return "%s, %s%s" % (TITLES[run["op"]], threads, ", all limited to %s" % run["isa"] if run["isa"] else "")


def groups(run):
    found = list(dict.fromkeys(row["group"] for row in run["rows"]))
    return [(group, [row for row in run["rows"] if row["group"] == group]) for group in found]


def shown(value, form="%.2f"):
    return form % value if value is not None else "–"


# ---- terminal ----------------------------------------------------------------------------------------


def line(row):
    parts = []
    for p, s in row["seconds"].items():
        compared = " =%.2f" % ratio(row, p) if OURS in row["seconds"] and p not in (OURS, EAGER) else ""
        parts.append("%s %.1f%s" % (p, s * 1e6, compared))
    missing = "".join(" | no %s: %.60s" % item for item in row["skipped"].items())
    return "%-32s %s%s" % (row["name"], " | ".join(parts), missing)


def terminal(run):
    peak = "; FMA peak %.0f GFLOP/s" % (run["peak"] / 1e9) if run["peak"] else ""
    out = ["geometric means of their time over ours" + peak]
    for group, rows in groups(run):
        least, where = least_lead(rows)
        each = ", ".join("%s %s" % (p, shown(mean(ratio(row, p) for row in rows))) for p in peers_of(run))
        out.append("  %s: best / ours %s (least %s, %s), limit / ours %s; %s" % (
            GROUPS[group], shown(mean(map(lead, rows))), shown(least), where, shown(mean(map(share, rows))), each))
        eager = [(p, mean(ratio(row, p, EAGER) for row in rows)) for p in EAGER_PEERS]
        if any(value for _, value in eager):
            out.append("    eager: " + ", ".join("%s %s" % (p, shown(value)) for p, value in eager))
    return "\n".join(out)


# ---- markdown ----------------------------------------------------------------------------------------


def table(head, rows):
    return "\n".join("| %s |" % " | ".join(cells) for cells in [head, ["---"] * len(head), *rows])


def summary(runs):
    """geometric means, one line for each run and group"""
    rows = []
    for run in runs:
        for group, members in groups(run):
            rows.append([title(run), "%s (%d)" % (GROUPS[group], len(members)), shown(mean(map(lead, members))),
                         "%s, %s" % (shown(least_lead(members)[0]), least_lead(members)[1]),
                         shown(mean(map(share, members)))])
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


def reasons(runs):
    """what a peer could not do, each reason once"""
    found = {}
    for row in (row for run in runs for row in run["rows"]):
        for peer, why in row["skipped"].items():
            found.setdefault((peer, why), {})[row["name"].strip()] = True
    return "\n".join("- %s: %s: %s" % (peer, why, "; ".join(names)) for (peer, why), names in found.items())


def markdown(d):
    facts = ["- %s: %s" % item for item in d["machine"].items()]
    facts += ["- %s: %s" % (p, v) for p, v in d["versions"].items()]
    return "\n".join([
        "# Performance", "", "Written by `make bench-peers` on %s." % d["date"], "", *facts, "",
        METHOD.format(burst=d["burst"] * 1e3, rounds=d["rounds"]),
        "## Geometric means", "", summary(d["runs"]), "", "Each peer's time over dwconv's:", "", by_peer(d["runs"]), "",
        "Eager calls over dwconv_eager:", "", eager(d["runs"]), "", "## Not there", "", reasons(d["runs"]), ""])


# ---- rows --------------------------------------------------------------------------------------------


def figures(run, row, who):
    """a row of the file of data"""
    rate = OURS in row["seconds"] and (row["flops"] or row["traffic"]) / row["seconds"][OURS] / 1e9
    us = ["%.1f" % (row["seconds"][p] * 1e6) if p in row["seconds"] else "" for p in who]
    peak = "%.0f" % (run["peak"] / 1e9) if run["peak"] else ""
    rest = [peak, "%.1f" % (row["limit"] * 1e6), "%.0f" % rate if rate else ""]
    return [title(run), GROUPS[row["group"]], row["name"].strip()] + rest + us


def data(d):
    who = list(dict.fromkeys(p for run in d["runs"] for p in (OURS, EAGER, *peers_of(run))))
    lines = [["race", "rows", "layer", "peak GFLOP/s", "limit", "rate", *who]]
    lines += [figures(run, row, who) for run in d["runs"] for row in run["rows"]]
    return "".join("\t".join(line) + "\n" for line in lines)


def write(document):
    os.makedirs("docs", exist_ok=True)
    for name, text in (("performance.md", markdown(document)), ("performance.tsv", data(document))):
        with open(os.path.join("docs", name), "w") as file:
            file.write(text)
    print("\ndocs/performance.md and docs/performance.tsv are written")


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else os.path.join(SCRATCH, "results.json")) as file:
        write(json.load(file))
