#!/usr/bin/env python3
"""run.py BUILD [PATTERN] - runs the tests registered with CTest and counts their cases.

A registered test is a program with several cases. What it prints says how many:
  Criterion        "Synthesis: Tested: T | Passing: P | Failing: F | Crashing: C"
  Python unittest  "Ran T tests", then "OK (skipped=S)" or "FAILED (failures=F, errors=E, skipped=S)"
  anything else    is one case
A test that CTest says failed (exit status, timeout, not started) has at least one failed case whatever it
printed. Skipped cases are named and count as neither. The last line is "N passed, N failed"; the exit status
is 0 only when nothing failed and something passed.
"""
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TIMEOUT_S = 180  # of one registered test; a test that needs more says so with its TIMEOUT property
COLOUR = re.compile(r"\x1b\[[0-9;]*m|\[#x1B\][^m]*m|\[NON-XML-CHAR-0x1B\]\[[0-9;]*m")
CRITERION = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?", re.M)


def count_cases(output, passed):
    """(passed, failed, skipped) of one registered test from what it printed and whether CTest says it passed."""
    output = COLOUR.sub("", output)
    good = bad = skipped = 0
    for _, passing, failing, crashing in CRITERION.findall(output):
        good += int(passing)
        bad += int(failing) + int(crashing)
    for total, _, notes in UNITTEST.findall(output):
        numbers = {word.strip(): int(value) for word, value in re.findall(r"([a-z ]*)=(\d+)", notes)}
        wrong = sum(numbers.get(word, 0) for word in ("failures", "errors", "unexpected successes"))
        skips = numbers.get("skipped", 0)
        good += int(total) - wrong - skips
        bad += wrong
        skipped += skips
    if not passed and bad == 0:
        bad = 1
    elif passed and good + bad + skipped == 0:
        good = 1
    return good, bad, skipped


def read_results(junit):
    """(name, passed, skipped, output) of every test that CTest ran or wanted to run."""
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        skipped = case.find("skipped") is not None and case.get("status") == "notrun" \
            and "SKIP" in (case.find("skipped").get("message") or "")
        yield case.get("name"), case.get("status") == "run", skipped, output


def main():
    build = Path(sys.argv[1])
    junit = build / "tests.xml"
    junit.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(build), "-j", "2", "--timeout", str(TIMEOUT_S), "--output-on-failure",
               "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000",
               "--output-junit", str(junit.resolve())]
    if len(sys.argv) > 2:
        command += ["-R", sys.argv[2]]
    subprocess.run(command, check=False)
    good = bad = 0
    for name, passed, skipped, output in read_results(junit) if junit.exists() else ():
        if skipped:
            print(f"skipped: {name}")
            continue
        case_good, case_bad, case_skipped = count_cases(output, passed)
        good += case_good
        bad += case_bad
        if case_skipped:
            print(f"skipped: {case_skipped} of {name}")
        if case_bad:
            print(f"failed: {case_bad} of {name}")
    if good + bad == 0:
        print("no test ran")
    print(f"{good} passed, {bad} failed")
    return 0 if good and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
