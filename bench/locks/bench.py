#!/usr/bin/env python3
"""bench.py [--rounds N] [--pairs N] [PART...] - parts: pairs startup programs scale (default: all).

Each measurement is repeated in interleaved rounds (native, snarl, ThreadSanitizer, native, ...), and the medians are
printed with their ratio to native. Start-up and programs are measured in processor time (user and system, the program
and its children), which other load on the machine disturbs little; pairs in elapsed time of each thread.
The goals are printed beside the ratios; nothing here passes or fails.
"""
import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("SNARL_BUILD", HERE.parents[1] / "build"))
BENCH = BUILD / "bench" / "locks"


def find_library():
    for path in (BUILD / "libsnarl.so", *BUILD.glob("*/libsnarl.so")):
        if path.is_file():
            return path
    raise SystemExit(f"bench: no libsnarl.so in {BUILD}")


def environment(under, folder):
    if under != "snarl":
        return dict(os.environ)
    return dict(os.environ, LD_PRELOAD=str(find_library()), SNARL_OPTIONS=f"races=off:out={folder}/out:report=0")


def run(command, under, folder, **options):
    result = subprocess.run(command, env=environment(under, folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    shutil.rmtree(Path(folder, "out"), ignore_errors=True)
    return result


def interleave(rounds, ways):
    """{way: median} of the functions in `ways`, called in turn."""
    results = {way: [] for way in ways}
    for _ in range(rounds):
        for way, function in ways.items():
            results[way].append(function())
    return {way: statistics.median(values) for way, values in results.items()}


def line(name, medians, unit, goal):
    native = medians["native"]
    parts = [f"{way} {value:9.2f} {unit} ({value / native:5.2f})" for way, value in medians.items()]
    print(f"{name:22} {'  '.join(parts)}  goal: {goal}", flush=True)


def bench_pairs(options, folder):
    def pair(program, under, how):
        return lambda: float(run([BENCH / program, how, str(options.pairs)], under, folder).stdout)
    goals = {"single": "-", "plain": "<= 4, <= TSan / 3", "nested": "<= 4, <= TSan / 3", "apart": "<= 4, as `plain`", "shared": "-"}
    for how, goal in goals.items():
        line(f"pair, {how}", interleave(options.rounds, {
            "native": pair("bench_pairs", "", how), "snarl": pair("bench_pairs", "snarl", how), "tsan": pair("bench_pairs_tsan", "", how),
        }), "ns", goal)


def processor_ms(usage):
    return (usage.ru_utime + usage.ru_stime) * 1000


def timed(command, under, folder, times=1, **options):
    def once():
        before = processor_ms(resource.getrusage(resource.RUSAGE_CHILDREN))
        for _ in range(times):
            run(command, under, folder, **options)
        return (processor_ms(resource.getrusage(resource.RUSAGE_CHILDREN)) - before) / times
    return once


def bench_startup(options, folder):
    medians = interleave(options.rounds, {
        "native": timed([BENCH / "bench_empty"], "", folder, 20), "snarl": timed([BENCH / "bench_empty"], "snarl", folder, 20),
        "tsan": timed([BENCH / "bench_empty_tsan"], "", folder, 20)})
    line("start-up", medians, "ms", f"<= 3 ms more (it is {medians['snarl'] - medians['native']:.2f})")


def wait_for(path):
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise SystemExit(f"bench: {path} did not appear")


def served(server, client, under, folder):
    """The processor time of `server`, its start and its end included, while `client` works it."""
    def once():
        place = Path(folder, "socket")
        place.unlink(missing_ok=True)
        process = subprocess.Popen(server, env=environment(under, folder), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(place)
        time.sleep(0.2)  # until it listens
        subprocess.run(client, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        process.terminate()
        _, process.returncode, usage = os.wait4(process.pid, 0)
        shutil.rmtree(Path(folder, "out"), ignore_errors=True)
        return processor_ms(usage)
    return once


def bench_programs(options, folder):
    data = Path(folder, "data")
    with open(data, "wb") as file:
        subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", "00" * 16, "-iv", "00" * 16, "-base64", "-in", "/proc/self/exe"],
                       stdout=file, check=True)
    text = data.read_bytes()
    data.write_bytes((text * (1 + 12_000_000 // len(text)))[:12_000_000])
    redis = ["redis-server", "--port", "0", "--unixsocket", "socket", "--save", "", "--io-threads", "2", "--io-threads-do-reads", "yes"]
    load = ["redis-benchmark", "-s", "socket", "-n", "60000", "-c", "20", "-P", "8", "-q", "-t", "set,get"]
    cache = ["memcached", "-u", "root", "-s", "socket", "-t", "2"]
    slap = ["memcslap", f"--servers={folder}/socket", "--concurrency=8", "--execute-number=3000", "--initial-load=1000"]
    for name, measure in {
        "xz -T2": lambda under: timed(["xz", "-T2", "-3", "--block-size=2MiB", "-c", str(data)], under, folder, stdin=subprocess.DEVNULL),
        "pigz -p2": lambda under: timed(["pigz", "-p2", "-c", str(data)], under, folder),
        "redis": lambda under: served(redis, load, under, folder),
        "memcached": lambda under: served(cache, slap, under, folder),
    }.items():
        line(name, interleave(options.rounds, {"native": measure(""), "snarl": measure("snarl")}), "ms", "<= 1.05")


def bench_scale(options, folder):
    """Time and memory of one run each; the quadratic test doubles the number of locks."""
    for locks in (50_000, 100_000):
        for under in ("", "snarl"):
            command = ["/usr/bin/time", "-f", "%e s %M kB", str(BENCH / "bench_scale"), str(locks), "1000", "10000000", "500"]
            result = subprocess.run(command, env=environment(under, folder), capture_output=True, text=True, check=False)
            shutil.rmtree(Path(folder, "out"), ignore_errors=True)
            measured = re.findall(r"^([\d.]+) s (\d+) kB$", result.stderr, re.M)
            if not measured or result.returncode:
                print(f"scale, {locks} locks, {under or 'native'}: FAILED with status {result.returncode}: {result.stderr[-300:]}")
                continue
            seconds, kilobytes = measured[-1]
            print(f"scale, {locks} locks, 1,000 threads, {result.stdout.strip()} acquisitions, {under or 'native':6}: {seconds} s, "
                  f"{int(kilobytes) / 1024:.0f} MB  goal: < 200 MB", flush=True)


def main():
    parts = {"pairs": bench_pairs, "startup": bench_startup, "programs": bench_programs, "scale": bench_scale}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pairs", type=int, default=3_000_000)
    parser.add_argument("parts", nargs="*", metavar="PART")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="snarl-bench-") as folder:
        for name in options.parts or parts:
            parts[name](options, folder)


if __name__ == "__main__":
    main()
