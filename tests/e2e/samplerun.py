"""Runs samples under `snarl run`, and compares the findings with the expectation in the source.

A sample that ends natively is also run without snarl: what it prints and its exit status must be the same. Nothing is
allowed besides what is expected: not one finding more, and nothing on standard error. Each run has a time bound, so
that a program which snarl fails to end is a failure and not a hang.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import expectation as expectations

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "samples"
BUILD = Path(os.environ.get("SNARL_BUILD", HERE.parents[1] / "build"))
BOUND_S = 60  # far above what any sample needs: a loaded machine is no failure
NATIVE_HANG_S = 2
LOCK_ROLES = ("acquire", "wait", "hold")


def command_of(sample):
    """What to run: the sample's program, or the system's Python with the sample."""
    if sample.source.suffix == ".py":
        return ["/usr/bin/python3", str(sample.source)]
    return [str(BUILD / "samples" / sample.name)]


def find_command():
    for path in (BUILD / "snarl", BUILD / "cli" / "snarl"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no snarl command in {BUILD}: build it first")


def find_library():
    for path in (BUILD / "libsnarl.so", *BUILD.glob("*/libsnarl.so")):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no libsnarl.so in {BUILD}: build it first")


def find_sample(name):
    """The sample `group/name` or `group/name-fixed`."""
    group = name.split("/")[0]
    return next(sample for sample in expectations.read_group(SAMPLES, group) if sample.name == name)


def run_bounded(command, seconds, **options):
    """(exit status or None when it had to be killed, stdout, stderr); kills the whole process group."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, **options)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        return status, out.read().decode(errors="replace"), err.read().decode(errors="replace")


def frame_of(event, source):
    """The innermost frame of an event that lies in the sample's own file."""
    for frame in event["stack"]:
        if Path(frame.get("file") or "").name == source.name:
            return frame
    return None


def own_name(name):
    """The variable in a lock's name: `locks` of `locks[3]`."""
    return (name or "").split("[")[0].split(".")[0]


def lock_lines(finding, source):
    """Of a race none: that the locks held were taken somewhere is not what it is about."""
    if finding["kind"] == "data-race":
        return set()
    frames = [frame_of(event, source) for event in finding["events"] if event["role"] in LOCK_ROLES]
    return {frame["line"] for frame in frames if frame}


def held_at(finding, line, source):
    """The names of the locks held at the access in this line of the source, sorted; None without such an access. The
    finding must also tell where each was taken."""
    names = {lock["id"]: lock["name"] for lock in finding["locks"]}
    for event in finding["events"][:2]:
        frame = frame_of(event, source)
        if not frame or frame["line"] != line:
            continue
        taken = {other["lock"] for other in finding["events"][2:]
                 if other["role"] == "hold" and other["thread"]["id"] == event["thread"]["id"] and frame_of(other, source)}
        return sorted(names[lock] for lock in event["locks_held"] if lock in taken)
    return None


def threads_of(finding):
    return {event["thread"]["id"] for event in finding["events"] if event.get("thread")}


def differences(expected, finding, source):
    """What keeps a finding from being the expected one, in words; empty when it is."""
    wrong = []
    if finding["kind"] != expected.kind:
        wrong.append(f"kind {finding['kind']} instead of {expected.kind}")
    if (expected.rule or expected.kind == "lock-misuse") and (finding.get("rule") or "") != expected.rule:
        wrong.append(f"rule {finding.get('rule')!r} instead of {expected.rule!r}")
    if expected.confidence and finding.get("confidence") != expected.confidence:
        wrong.append(f"confidence {finding.get('confidence')} instead of {expected.confidence}")
    functions = {(frame.get("function") or "").split("(")[0] for event in finding["events"] for frame in event["stack"]}
    missing = [name for name in expected.functions if name not in functions]
    if missing:
        wrong.append(f"functions missing: {', '.join(missing)} (there are {', '.join(sorted(filter(None, functions)))})")
    lines = {frame["line"] for frame in (frame_of(event, source) for event in finding["events"]) if frame}
    if not set(expected.lines) <= lines:
        wrong.append(f"lines missing: {sorted(set(expected.lines) - lines)} (there are {sorted(lines)})")
    if expected.lines and expected.kind != "stall" and not lock_lines(finding, source) <= set(expected.lines):
        wrong.append(f"lines too many: {sorted(lock_lines(finding, source) - set(expected.lines))}")
    names = {own_name(lock["name"]) for lock in finding["locks"]}
    if not set(expected.locks) <= names:
        wrong.append(f"locks missing: {sorted(set(expected.locks) - names)} (there are {sorted(names)})")
    if expected.location and (finding.get("location") or {}).get("symbol") != expected.location:
        wrong.append(f"location {finding.get('location')} instead of {expected.location}")
    for line, held in zip(expected.lines, expected.held):
        if held_at(finding, line, source) != held:
            wrong.append(f"held at line {line}: {held_at(finding, line, source)} instead of {held}")
    if expected.allocated:
        location = finding.get("location") or {}
        frame = frame_of(location.get("allocated") or {"stack": []}, source) or {}
        if (location.get("kind"), frame.get("line"), location.get("size")) != ("heap", expected.allocated, expected.size):
            wrong.append(f"a {location.get('kind')} of {location.get('size')} bytes allocated in line {frame.get('line')} "
                         f"instead of a heap block of {expected.size} in line {expected.allocated}")
    if expected.count and finding["count"] != expected.count:
        wrong.append(f"count {finding['count']} instead of {expected.count}")
    done_by = {event["what"].rpartition(" by ")[2] for event in finding["events"] if event["role"] == "access"}
    if expected.what and done_by != set(expected.what):
        wrong.append(f"done by {sorted(done_by)} instead of {sorted(expected.what)}")
    stacks = {">".join((frame.get("function") or "?").split("(")[0] for frame in event["stack"]
                       if Path(frame.get("file") or "").name in (source.name, "duet.h"))
              for event in finding["events"] if event["role"] == "access"}
    if expected.stack and stacks != set(expected.stack):
        wrong.append(f"stacks {sorted(stacks)} instead of {sorted(expected.stack)}")
    if expected.threads and len(threads_of(finding)) != expected.threads:
        wrong.append(f"{len(threads_of(finding))} threads instead of {expected.threads}")
    return wrong


def one_line(finding):
    places = [f"{event['role']}@{(event['stack'] or [{}])[0].get('function')}:{(event['stack'] or [{}])[0].get('line')}"
              for event in finding["events"]]
    return f"{finding['kind']} {finding.get('rule') or ''} [{' '.join(places)}]"


def compare_findings(sample, found):
    """The differences between expected and found, matched one to one: the best match of each is taken."""
    left = list(found)
    wrong = []
    for expected in sample.expectation.findings:
        if not left:
            wrong.append(f"not found: {expected.kind} {expected.rule}")
            continue
        best = min(left, key=lambda finding: len(differences(expected, finding, sample.source)))
        problems = differences(expected, best, sample.source)
        left.remove(best)
        wrong += [f"{expected.kind} {expected.rule}: {problem}" for problem in problems]
    return wrong + [f"not expected: {one_line(finding)}" for finding in left]


def run_sample(sample, options=()):
    """(exit status, stdout, stderr, the JSON document or None) of the sample under `snarl run`. With --races=off, but for
    samples of races: the others are about locks, and the flags that set their scenes are not ordered on purpose."""
    races = () if sample.name.startswith(("race/", "race-clang/")) else ("--races=off",)
    with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
        document = Path(folder, "run.json")
        command = [find_command(), "run", "--out", Path(folder, "out"), "--json", document, "--quiet", *races, *options, "--",
                   *command_of(sample)]
        status, out, err = run_bounded(command, BOUND_S, cwd=folder)
        text = json.loads(document.read_text()) if document.exists() else None
        return status, out, err, text


def check_sample(sample, options=()):
    """Everything that is wrong with a sample's run, as lines; empty when it is as expected."""
    expected = sample.expectation
    if expected.hangs and not expected.findings:
        options = [*options, "--timeout", "3"]
    status, out, err, document = run_sample(sample, options)
    if status is None:
        return [f"was not ended within {BOUND_S} s"]
    if document is None:
        return [f"no JSON document (exit status {status}): {err.strip()}"]
    wrong = compare_findings(sample, document["findings"])
    if not expected.hangs and status != expected.exit:
        wrong.append(f"exit status {status} instead of {expected.exit}")
    elif expected.hangs and expected.findings and status != expected.exit:
        wrong.append(f"exit status {status} instead of {expected.exit}")
    if err and expected.findings == [] and expected.hangs:
        pass  # the command says that it ended the program for --timeout
    elif err:
        wrong.append(f"on standard error: {err.strip()}")
    if not expected.hangs:
        wrong += compare_with_native(sample, out, document)
    if expected.memory_mb:
        peak_mb = measure_memory(sample)
        if peak_mb > expected.memory_mb:
            wrong.append(f"{peak_mb:.0f} MB resident, more than {expected.memory_mb}")
    return wrong


MEASURE = """
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
               env=dict(os.environ, LD_PRELOAD=os.environ["MEASURE_PRELOAD"]))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def measure_memory(sample):
    """The largest resident size of the program alone under the detector, in megabytes. A process starts with the peak
    of who started it, so that one is a small one, not this."""
    with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
        environment = dict(os.environ, MEASURE_PRELOAD=str(find_library()), SNARL_OPTIONS=f"races=off:out={folder}/out:report=0")
        _, out, _ = run_bounded([sys.executable, "-c", MEASURE, *command_of(sample)], BOUND_S, env=environment)
        return float(out)


def compare_with_native(sample, out, document):
    # Off: what clang compiled is linked with snarl.
    status, native_out, _ = run_bounded(command_of(sample), BOUND_S, env=dict(os.environ, SNARL_OPTIONS="enabled=0"))
    wrong = []
    if out != native_out:
        wrong.append(f"standard output differs from native: {out!r} instead of {native_out!r}")
    exits = [process["exit"].get("code", -process["exit"].get("signal", 0)) for process in document["processes"]]
    if status not in exits:
        wrong.append(f"exit status of the program's processes {exits}, not one is {status}")
    return wrong


def check_native(sample):
    """Whether the sample itself is right: it hangs exactly when it says so."""
    status, _, _ = run_bounded(command_of(sample), NATIVE_HANG_S if sample.expectation.hangs else BOUND_S)
    hung = status is None
    if hung != sample.expectation.hangs:
        return ["hangs without snarl" if hung else f"ends without snarl, with status {status}"]
    return []


def read_pending():
    """{sample: reason}; the name `*` after a group's slash stands for nothing: every sample is named."""
    pending = {}
    for line in (HERE / "pending.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            pending[name] = reason.strip()
    return pending


def make_test(sample, options=()):
    def test(self):
        wrong = check_sample(sample, options)
        if wrong:
            self.fail(f"{sample.name} ({sample.source.name}):\n  " + "\n  ".join(wrong))
    return test


def test_case(group, options=(), built=None):
    """A unittest class with one test for each sample of the group, run with further options of `snarl run`; `built` names
    the folder of programs built in another way."""
    pending = read_pending()
    methods = {}
    for sample in expectations.read_group(SAMPLES, group):
        if built:
            sample.name = sample.name.replace(group, built, 1)
        test = make_test(sample, options)
        if sample.name in pending:
            test = unittest.expectedFailure(test)
        methods["test_" + sample.name.split("/")[1].replace("-", "_")] = test
    return type(f"Samples_{group}", (unittest.TestCase,), methods)
