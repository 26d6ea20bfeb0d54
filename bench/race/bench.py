#!/usr/bin/env python3
"""bench.py [--rounds N] [--no-scaling] [--stock] [KERNEL...] - what race detection costs -fsanitize=thread builds under snarl and under libtsan.

The same objects under both, gcc's and (where it is installed) clang's, in interleaved rounds. Time is the processor's, user and
system, of both threads: it suffers less from what else runs on the machine than the time on the clock. Printed are medians, and their ratios to libtsan's;
then how much two threads, each doing the work of one, cost more than one (2 is perfect scaling).
--stock: instead, the kernels compiled with -O2 alone, under snarl, against the same source compiled for gcc's libtsan (goal 1.0).
Goals: time at most 0.8 of gcc's and 1.0 of clang's, memory at most 0.5, growth at most libtsan's.
Build first: ninja -C build bench_race snarl_product (and install `time`)
"""
import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get("SNARL_BUILD", Path(__file__).resolve().parents[2] / "build"))
KERNELS = ["matrix", "list", "hash", "sort", "bytes", "locks", "own-locks", "atomics", "own-atomics", "queue", "churn"]
FOLDER = BUILD / "bench/race"


def measure(way, arguments):
    """(processor seconds, MB) of one run."""
    program, environment = way
    # time(1) as the parent: a child of ours would begin with the largest size of this interpreter.
    program = program if isinstance(program, list) else [program]
    command = ["/usr/bin/time", "-f", "%M", "env", *(f"{name}={value}" for name, value in environment.items()), *program, *arguments]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    kilobytes = int(child.stderr.read().strip().splitlines()[-1])
    usage = os.wait4(child.pid, 0)[2]
    return usage.ru_utime + usage.ru_stime, kilobytes / 1024


def ways_of(folder):
    """{name: (program, environment)}; the names of one compiler's pair are NAME and NAME+snarl."""
    options = f"report=0:out={folder}/out"
    preload = f"{BUILD}/preload/libsnarl.so {BUILD}/preload/inert/libtsan.so.2"
    ways = {"native": (FOLDER / "bench_kernels", {}),
            "gcc": (FOLDER / "bench_kernels_tsan", {}),
            "gcc+snarl": (FOLDER / "bench_kernels_tsan", {"LD_PRELOAD": preload, "SNARL_OPTIONS": options})}
    missing = [str(program) for program, _ in ways.values() if not program.exists()]
    if missing:
        raise SystemExit(f"bench.py: {missing[0]} is not there: ninja -C {BUILD} bench_race snarl_product")
    if (FOLDER / "bench_kernels_clang").exists():
        ways["clang"] = (FOLDER / "bench_kernels_clang_tsan", {})
        ways["clang+snarl"] = (FOLDER / "bench_kernels_clang", {"SNARL_OPTIONS": options})
    return ways


def stock_ways():
    native = FOLDER / "bench_kernels"
    return {"native": (native, {}), "gcc": (FOLDER / "bench_kernels_tsan", {}),
            "gcc+snarl": ([BUILD / "cli/snarl", "run", "-q", "--races=full", "--exit-code=0", "--", native], {})}


def rounds(ways, count, arguments):
    """{way: (median seconds, median MB)} of interleaved runs."""
    runs = {name: [] for name in ways}
    for _ in range(count):
        for name, way in ways.items():
            runs[name].append(measure(way, arguments))
    return {name: tuple(statistics.median(column) for column in zip(*rows)) for name, rows in runs.items()}


def describe(medians, growth):
    native = medians["native"]
    parts = [f"native {native[0]:5.2f} s {native[1]:5.0f} MB"]
    for name in (name for name in ("gcc", "clang") if name in medians):
        theirs, ours = medians[name], medians[name + "+snarl"]
        part = (f"{name} {theirs[0]:5.2f} s {theirs[1]:4.0f} MB  snarl {ours[0]:5.2f} s {ours[1]:4.0f} MB"
                f"  time {ours[0] / theirs[0]:4.2f} memory {ours[1] / theirs[1]:4.2f}")
        if growth:
            part += f" growth {growth[name]:4.2f} -> {growth[name + '+snarl']:4.2f}"
        parts.append(part)
    return " | ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-scaling", action="store_true", help="leave out the runs with one thread")
    parser.add_argument("--stock", action="store_true", help="code that was compiled without -fsanitize=thread")
    parser.add_argument("kernels", nargs="*", default=KERNELS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ways = stock_ways() if options.stock else ways_of(folder)
        for kernel in options.kernels:
            two = rounds(ways, options.rounds, [kernel, "0", "2"])
            one = {} if options.no_scaling else rounds(ways, options.rounds, [kernel, "0", "1"])
            growth = {name: two[name][0] / max(one[name][0], 0.001) for name in one}
            print(f"{kernel:11} " + describe(two, growth), flush=True)


if __name__ == "__main__":
    main()
