#!/usr/bin/env python3
"""bench.py [--rounds N] [KERNEL...] - what race detection costs a gcc -fsanitize=thread build, under snarl and under libtsan.

The same binary, in interleaved rounds; medians of time and of the largest resident size, and their ratio to libtsan's.
Goals: time at most 0.8, memory at most 0.5. Build first: ninja -C build bench_race snarl_preload snarl_inert (and install `time`)
"""
import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get("SNARL_BUILD", Path(__file__).resolve().parents[2] / "build"))
KERNELS = ["matrix", "list", "hash", "sort", "bytes", "locks", "own-locks", "atomics"]


def measure(program, kernel, environment):
    """(seconds, KB) of one run."""
    # time(1) as the parent: a child of ours would begin with the largest size of this interpreter.
    command = ["/usr/bin/time", "-f", "%e %M", "env", *(f"{name}={value}" for name, value in environment.items()), program, kernel]
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds, kilobytes = result.stderr.strip().splitlines()[-1].split()
    return max(float(seconds), 0.01), int(kilobytes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("kernels", nargs="*", default=KERNELS)
    options = parser.parse_args()
    plain, built = BUILD / "bench/race/bench_kernels", BUILD / "bench/race/bench_kernels_tsan"
    preload = f"{BUILD}/preload/libsnarl.so {BUILD}/preload/inert/libtsan.so.2"
    with tempfile.TemporaryDirectory() as folder:
        ways = {"native": (plain, {}), "libtsan": (built, {}),
                "snarl": (built, {"LD_PRELOAD": preload, "SNARL_OPTIONS": f"report=0:out={folder}/out"})}
        for kernel in options.kernels:
            runs = {way: [] for way in ways}
            for _ in range(options.rounds):
                for way, (program, environment) in ways.items():
                    runs[way].append(measure(program, kernel, environment))
            medians = {way: [statistics.median(column) for column in zip(*rows)] for way, rows in runs.items()}
            seconds, kilobytes = (medians["snarl"][i] / medians["libtsan"][i] for i in (0, 1))
            print(f"{kernel:10} " + "  ".join(f"{way} {s:6.2f} s {kb / 1024:6.1f} MB" for way, (s, kb) in medians.items())
                  + f"   time {seconds:4.2f}  memory {kilobytes:4.2f}", flush=True)


if __name__ == "__main__":
    main()
