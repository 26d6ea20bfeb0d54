#!/usr/bin/env python3
"""Time and memory of the renderers on one document with many findings.

    bench/reports.py [BUILD] [FINDINGS]     default: build, 2000

Every finding has up to four events with stacks of about fourteen frames. Each format is rendered by a process of its
own, which reads the document first: that time is measured alone (the row "reading", by a format that writes next to
nothing) and is part of every row. Times are the best of three, memory the largest. The goal: all
formats together, with the document read once, under 3 s, and each under 300 MB.
"""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FORMATS = ["html", "json", "text", "sarif", "junit", "dot", "markdown"]
GOAL_SECONDS, GOAL_MB = 3.0, 300


def measure(command):
    """Best wall-clock seconds and largest resident megabytes of three runs."""
    times, sizes = [], []
    for _ in range(3):
        start = os.times().elapsed
        pid = os.spawnv(os.P_NOWAIT, command[0], command)
        _, status, usage = os.wait4(pid, 0)
        times.append(os.times().elapsed - start)
        sizes.append(usage.ru_maxrss / 1024)
        if status:
            sys.exit(f"{' '.join(command)}: status {status}")
    return min(times), max(sizes)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build")
    findings = sys.argv[2] if len(sys.argv) > 2 else "2000"
    render = os.path.join(build, "tests", "html", "snarl_render_document")
    with tempfile.TemporaryDirectory() as folder:
        document = os.path.join(folder, "run.json")
        subprocess.run([sys.executable, os.path.join(ROOT, "tests", "html", "documents.py"), "--many", findings, document],
                       check=True)
        print(f"{findings} findings, {os.path.getsize(document) / 1e6:.1f} MB of JSON")
        print(f"{'':10} {'seconds':>8} {'MB':>6} {'bytes':>12}")
        reading, size = measure([render, "github", document, os.path.join(folder, "out")])
        print(f"{'reading':10} {reading:8.2f} {size:6.0f}")
        total, largest = reading, size
        for name in FORMATS:
            target = os.path.join(folder, "out")
            seconds, size = measure([render, name, document, target])
            print(f"{name:10} {seconds:8.2f} {size:6.0f} {os.path.getsize(target):12d}")
            total += max(0.0, seconds - reading)
            largest = max(largest, size)
    print(f"{'together':10} {total:8.2f} {largest:6.0f}   goal: under {GOAL_SECONDS:.0f} s and {GOAL_MB} MB")
    return 0 if total < GOAL_SECONDS and largest < GOAL_MB else 1


if __name__ == "__main__":
    sys.exit(main())
