#!/usr/bin/env python3
"""fuzz.py [--seconds N] [--seed N] [--keep DIR] [FILE...] - mutated programs for the planner, damaged plans for the applier.

The planner must end in time with a plan or one line that says why there is none. A damaged plan must be refused by the
applier, or the program must run as if it were whole (a byte that nobody reads). Without files, a few of this machine's are
taken. What went wrong is kept in DIR (default: fuzz-found). tests/rewrite/test_fuzz.py does a short run of the same."""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD = Path(os.environ.get("SNARL_BUILD", Path(__file__).resolve().parents[2] / "build"))
PLANNER = BUILD / "plan" / "snarl-plan"
PRELOAD = BUILD / "tests" / "rewrite" / "librewrite_test.so"
LIMIT_S = 30
USUAL = ("/bin/true", "/usr/bin/env", "/usr/bin/xz", "/usr/lib/x86_64-linux-gnu/libz.so.1")


def interesting(data):
    """Ranges of the file that the planner believes something of: headers, tables, unwinding information, code."""
    ranges = [(0, 64)]
    offset, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    ranges.append((offset, offset + 56 * count))
    for i in range(count):
        kind, flags, at, _, _, size = struct.unpack_from("<IIQQQQ", data, offset + 56 * i)
        if kind in (2, 4, 0x6474e550) or flags & 1:  # dynamic, notes, .eh_frame_hdr, code
            ranges.append((at, at + size))
        if kind == 0x6474e550:
            ranges.append((at + size, at + size + 4096))  # .eh_frame follows
    sections, number = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<H", data, 60)[0]
    ranges.append((sections, sections + 64 * number))
    return [(a, min(b, len(data))) for a, b in ranges if a < min(b, len(data))]


def mutate(data, rng):
    data = bytearray(data)
    ranges = interesting(data)
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        start, end = rng.choice(ranges)
        where = rng.randrange(start, end)
        how = rng.randrange(4)
        if how == 0:
            data[where] = rng.choice([0, 0xff, 0x7f, 0x80, rng.randrange(256)])
        elif how == 1 and where + 8 <= len(data):
            struct.pack_into("<Q", data, where, rng.choice([0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, rng.getrandbits(64)]))
        elif how == 2 and where + 4 <= len(data):
            value = struct.unpack_from("<I", data, where)[0]
            struct.pack_into("<I", data, where, (value + rng.choice([1, -1, 8, 4096, -4096])) % 2**32)
        else:
            piece = data[where:where + rng.randrange(1, 64)]
            target = rng.randrange(start, end)
            data[target:target + len(piece)] = piece[:len(data) - target]
    if rng.randrange(12) == 0:
        del data[rng.randrange(1, len(data)):]
    return bytes(data)


class Fuzzer:
    def __init__(self, folder, seed):
        self.folder = Path(folder)
        self.rng = random.Random(seed)
        self.cache = self.folder / "cache"
        self.cache.mkdir(mode=0o700)
        self.outcomes = {"planned": 0, "refused": 0, "plan refused": 0, "plan unharmed": 0}

    def plan(self, path, *options):
        return subprocess.run([PLANNER, f"--folder={self.cache}", *options, path], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)

    def try_program(self, data):
        """One mutant of these bytes. What is wrong, in words, or None."""
        path = self.folder / "mutant"
        path.write_bytes(mutate(data, self.rng))
        try:
            result = self.plan(path, "--again")
        except subprocess.TimeoutExpired:
            return "the planner did not end"
        if result.returncode == 0:
            self.outcomes["planned"] += 1
            again = self.plan(path, "--stats")
            good = again.returncode == 0 and "from the cache" in again.stdout
            for plan in self.cache.iterdir():
                plan.unlink()
            return None if good else "the plan that was written is not taken: " + again.stdout + again.stderr
        self.outcomes["refused"] += 1
        if "upset" in result.stderr or result.stderr.count("\n") != 1 or result.returncode != 1:
            return f"status {result.returncode}: {result.stderr}"
        return None

    def try_plan(self, program, whole, expected):
        """One damaged plan of the program."""
        data = bytearray(whole)
        how = self.rng.randrange(5)
        if how == 0:
            del data[self.rng.randrange(len(data)):]
        for _ in range(self.rng.choice([1, 3, 100]) if how else 0):
            where = self.rng.choice([self.rng.randrange(400), self.rng.randrange(len(data))])
            data[where] = self.rng.randrange(256)
        plan = next(self.cache.iterdir())
        plan.write_bytes(data)
        report = self.folder / "report"
        report.unlink(missing_ok=True)
        environment = dict(os.environ, LD_PRELOAD=str(PRELOAD), SNARL_TEST_CHECK="none", SNARL_TEST_FOLDER=str(self.cache),
                           SNARL_TEST_REPORT=str(report))
        try:
            result = subprocess.run([program], capture_output=True, env=environment, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return "the program did not end"
        applied = any(" applied " in line for line in report.read_text().splitlines()) if report.exists() else False
        self.outcomes["plan unharmed" if applied else "plan refused"] += 1
        return None if (result.returncode, result.stdout) == expected else f"status {result.returncode}"

    def prepare_plan(self, program):
        self.plan(program, "--check=none")
        result = subprocess.run([program], capture_output=True, check=False)
        return next(self.cache.iterdir()).read_bytes(), (result.returncode, result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", default="fuzz-found")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or [path for path in USUAL if os.path.exists(path)]
    print(f"seed {options.seed}, {len(files)} files, {options.seconds:g} seconds")
    failures, number, end = 0, 0, time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(folder, options.seed)
        programs = [Path(path).read_bytes() for path in files]
        while time.monotonic() < end:
            wrong = fuzzer.try_program(programs[number % len(programs)])
            number += 1
            if wrong:
                failures += 1
                os.makedirs(options.keep, exist_ok=True)
                kept = os.path.join(options.keep, f"{options.seed}-{number}")
                shutil.copy(fuzzer.folder / "mutant", kept)
                print(f"{kept} (from {files[(number - 1) % len(files)]}): {wrong}")
        print(f"{number} mutants: {fuzzer.outcomes}, {failures} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
