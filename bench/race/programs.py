#!/usr/bin/env python3
"""programs.py [--rounds N] [PROGRAM...] - what race detection costs on pbzip2, memcached and leveldb built with -fsanitize=thread.

The builds of bench/race/programs (run it first) under snarl and under the runtimes of gcc and clang, in interleaved rounds: processor
time, user and system, of the program alone, and its largest resident size. Printed are medians and ratios to the sanitizer's. The
servers listen on a socket in a temporary folder. Needs time and memcslap (libmemcached-tools).
"""
import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SNARL_BUILD", ROOT / "build"))
FOLDER = BUILD / "programs"
WAYS = ["native", "gcc", "gcc+snarl", "clang", "clang+snarl"]
BOUND_S = 600


def command_of(program, way, folder, arguments):
    """What to start, with the process itself as a child of time(1): a child of ours would begin with our size."""
    environment = {"TSAN_OPTIONS": "exitcode=0"}
    build = way
    if way.endswith("+snarl"):
        environment = {"SNARL_OPTIONS": f"races=full:report=0:out={folder}/out"}
        build = "clang-snarl"
        if way == "gcc+snarl":
            build = "gcc"
            environment["LD_PRELOAD"] = " ".join(
                f"{BUILD}/preload/{name}" for name in ("libsnarl.so", "libsnarl-calls.so", "inert/libtsan.so.2"))
    pairs = [f"{name}={value}" for name, value in environment.items()]
    return ["/usr/bin/time", "-o", f"{folder}/time", "-f", "%U %S %M", "env", *pairs, str(FOLDER / f"{program}.{build}"), *arguments]


def start(command, folder):
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measured(folder):
    user, system, kilobytes = Path(folder, "time").read_text(encoding="utf-8").splitlines()[-1].split()
    return float(user) + float(system), int(kilobytes) / 1024


def run(program, way, folder, arguments):
    start(command_of(program, way, folder, arguments), folder).wait(timeout=BOUND_S)
    return measured(folder)


def run_pbzip2(way, folder):
    data = folder / "data"
    text = b"".join(path.read_bytes() for path in sorted(ROOT.glob("lib/*/*.c")))
    data.write_bytes((text * (1 + 8_000_000 // len(text)))[:8_000_000])
    return run("pbzip2", way, folder, ["-p2", "-k", "-f", "-1", "data"])


def run_leveldb(way, folder):
    return run("leveldb", way, folder, ["--benchmarks=fillrandom,overwrite,readrandom,readseq,readwhilewriting", "--threads=2",
                                        "--num=20000", "--write_buffer_size=500000", f"--db={folder}/db"])


def run_memcached(way, folder):
    """Two threads of the server; memcslap's time does not count."""
    socket = folder / "socket"
    server = start(command_of("memcached", way, folder, ["-u", "root", "-s", str(socket), "-t", "2"]), folder)
    for _ in range(300):
        if socket.exists():
            break
        time.sleep(0.1)
    for test in ("set", "get"):
        subprocess.run(["memcslap", f"--servers={socket}", "--concurrency=8", "--execute-number=3000", "--initial-load=1000", f"--test={test}"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=BOUND_S, check=True)
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="utf-8").split()
    os.kill(int(children[0]), signal.SIGTERM)
    server.wait(timeout=BOUND_S)
    return measured(folder)


PROGRAMS = {"pbzip2": run_pbzip2, "leveldb": run_leveldb, "memcached": run_memcached}


def describe(medians):
    native = medians["native"]
    parts = [f"native {native[0]:5.2f} s {native[1]:4.0f} MB"]
    for name in ("gcc", "clang"):
        theirs, ours = medians[name], medians[name + "+snarl"]
        parts.append(f"{name} {theirs[0]:5.2f} s {theirs[1]:4.0f} MB  snarl {ours[0]:5.2f} s {ours[1]:4.0f} MB"
                     f"  time {ours[0] / theirs[0]:4.2f} memory {ours[1] / theirs[1]:4.2f}")
    return " | ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("programs", nargs="*", default=list(PROGRAMS))
    options = parser.parse_args()
    for program in options.programs:
        runs = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way in WAYS:
                with tempfile.TemporaryDirectory() as folder:
                    runs[way].append(PROGRAMS[program](way, Path(folder)))
        medians = {way: tuple(statistics.median(column) for column in zip(*rows)) for way, rows in runs.items()}
        print(f"{program:10} " + describe(medians), flush=True)


if __name__ == "__main__":
    main()
