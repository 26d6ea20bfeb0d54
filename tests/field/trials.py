#!/usr/bin/env python3
"""trials.py [--races=MODE] [--keep DIR] [NAME...] - programs that nobody here wrote, natively and under snarl.

A trial is a shell script. `$RUN` stands before the program under test: it is empty for the native run and
`snarl run ... --` for the other one, and nothing else differs. Compared are the script's standard output, its exit
status and every file that it leaves in out/. A difference, a time-out or a crash is a failure; findings are counted,
listed with --keep DIR (one run directory and text report a trial), and judged in docs/field-notes.md.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("SNARL_BUILD", HERE.parents[1] / "build"))
BOUND_S = 300


def find_command():
    for path in (BUILD / "snarl", BUILD / "cli" / "snarl"):
        if path.is_file():
            return path
    sys.exit(f"trials: no snarl command in {BUILD}")


def make_input(path):
    """12 MB that compress like text: words of one vocabulary, the same ones at every run."""
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5000)]
    with open(path, "w") as file:
        for _ in range(20000):
            file.write(" ".join(chance.choices(words, k=chance.randint(60, 120))) + "\n")


def read_trials():
    """{name: script}, from trials/*.sh in order of their names."""
    return {path.stem: path for path in sorted((HERE / "trials").glob("*.sh"))}


def digest(folder):
    result = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            result[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return result


def run_script(script, workplace, prefix):
    """One run in a fresh folder: status (None: timed out), standard output, files, seconds."""
    folder = workplace / "work"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    environment = dict(os.environ, RUN=prefix, INPUT=str(workplace / "input"), HERE=str(HERE / "trials"), LC_ALL="C.UTF-8", TZ="UTC",
                       HOME=str(folder))
    with open(workplace / "stdout", "w+") as out, open(workplace / "stderr", "w+") as err:
        start = time.monotonic()
        process = subprocess.Popen(["sh", "-u", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        try:
            status = process.wait(BOUND_S)
        except subprocess.TimeoutExpired:
            status = None
        seconds = time.monotonic() - start
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what a failed script left running
        except ProcessLookupError:
            pass
        out.seek(0)
        err.seek(0)
        return {"status": status, "output": out.read(), "errors": err.read(), "files": digest(folder / "out"), "seconds": seconds}


def describe_difference(native, ours):
    if ours["status"] is None:
        return "timed out"
    for what in ("status", "output", "files"):
        if native[what] != ours[what]:
            if what == "status":
                return f"status {ours['status']}, not {native['status']}"
            return f"{what} differ"
    return ""


def read_findings(runs):
    """All findings and processes of the runs that a script made (its `$RUN` may come several times)."""
    findings, processes = [], 0
    for path in sorted(runs.glob("*.json")):
        document = json.loads(path.read_text())
        findings += document["findings"]
        processes += len(document["processes"])
    return findings, processes


def place_of(finding):
    for event in finding["events"]:
        for frame in event["stack"]:
            if frame.get("function") or frame.get("module"):
                return f"{frame.get('function') or '?'} in {Path(frame.get('module') or '?').name}"
    return "?"


def try_program(name, script, workplace, options):
    native = run_script(script, workplace, "")
    runs = options.keep / name if options.keep else workplace / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    runs.mkdir(parents=True)
    # --exit-code 0: a finding must not look like a failure of the program.
    prefix = f"{HERE / 'under'} {find_command()} {runs} --races={options.races} --quiet --exit-code 0"
    ours = run_script(script, workplace, prefix)
    findings, processes = read_findings(runs)
    difference = describe_difference(native, ours)
    ratio = ours["seconds"] / native["seconds"]
    print(f"{name:12} {'identical' if not difference else 'DIFFERENT':10} {ours['status']!s:>6} {processes:9} {len(findings):8} {ratio:7.2f}"
          f"  {difference}", flush=True)
    for finding in findings:
        print(f"             {finding['kind']} {finding.get('rule') or ''}: {place_of(finding)}")
    if difference:
        (runs / "native.txt").write_text(json.dumps(native, indent=1))
        (runs / "snarl.txt").write_text(json.dumps(ours, indent=1))
        print(f"             {ours['errors'].strip()[-300:]}")
    return not difference


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--races", default="off")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.keep:
        options.keep = options.keep.resolve()
    trials = read_trials()
    unknown = [name for name in options.names if name not in trials]
    if unknown:
        sys.exit(f"trials: no trial {unknown[0]}; there are {', '.join(trials)}")
    print(f"{'program':12} {'output':10} {'status':>6} {'processes':>9} {'findings':>8} {'time':>7}")
    with tempfile.TemporaryDirectory(prefix="snarl-field-") as folder:
        workplace = Path(folder)
        make_input(workplace / "input")
        good = [try_program(name, trials[name], workplace, options) for name in options.names or trials]
    print(f"{sum(good)} identical, {len(good) - sum(good)} different")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
