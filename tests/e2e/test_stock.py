"""Verdicts on stock code: the samples of races and of atomics, compiled plainly by two compilers, with and without optimisation and
debug information, must be judged as their sources say. With SNARL_STOCK_ALL=1 in the environment in all ways, otherwise in the
most telling ones.

Compiled plainly, a relaxed operation looks like one that orders, and an atomic load or store like a plain one. What nobody can tell
then is listed in EXCEPTIONS and in docs/limits.md. An exception is checked, too: one that is none any more is a failure.
"""
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import expectation as expectations
import samplerun

COMPILERS = {"gcc": ("gcc", "g++"), "clang": ("clang", "clang++")}
VARIANTS = {
    "gcc-O2-debug": ["-O2", "-g"],
    "gcc-O2-stripped": ["-O2", "-s"],
    "gcc-O0-debug": ["-O0", "-g"],
    "clang-O2-stripped": ["-O2", "-s"],
}
if os.environ.get("SNARL_STOCK_ALL"):
    VARIANTS |= {
        "gcc-O0-stripped": ["-O0", "-s"],
        "gcc-O3-stripped": ["-O3", "-s"],
        "clang-O2-debug": ["-O2", "-g"],
        "clang-O0-debug": ["-O0", "-g"],
    }
RELAXED = "a relaxed operation is the same instruction as one that orders"
PLAIN = "an atomic that is only loaded and stored, outside of a loop that waits for it, looks like a plain variable"
EXCEPTIONS = {  # sample and variant, as patterns: what nobody can tell of them
    ("race/message", "*"): RELAXED,
    ("race/fences", "*"): RELAXED,
    ("race/release_sequence", "*"): RELAXED,
    ("race/orders-fixed", "*"): "GNU's functions make atomics of plain variables, and debug information does not tell; " + PLAIN,
    ("atomics/double_checked-fixed", "*-O[23]-stripped"): PLAIN,
    ("atomics/publish-fixed", "*-stripped"): PLAIN,
    ("atomics/publish-fixed", "clang-*-debug"): "clang's debug information does not tell where an atomic is that a pointer names",
    ("atomics/relaxed_stop-fixed", "*-O[23]-stripped"): PLAIN,  # without optimisation the functions of std::atomic have names
    ("atomics/sequence_lock-fixed", "*-O[23]-stripped"): PLAIN,
    ("atomics/progress-fixed", "*-O0-stripped"): "the same as for two_flags, where an early look is compared with the loop",
    ("atomics/two_flags-fixed", "*-O0-stripped"): "a waiting loop over elements of arrays that keeps all in its frame is not understood",
}


def samples():
    for group in ("atomics", "race"):
        for sample in expectations.read_group(samplerun.SAMPLES, group):
            if not re.search(r"\bAnnotate\w+\(", sample.source.read_text()):  # functions of the sanitizer's runtime
                yield sample


def exception_of(sample, variant):
    for (name, pattern), reason in EXCEPTIONS.items():
        if fnmatch.fnmatch(sample.name, name) and fnmatch.fnmatch(variant, pattern):
            return reason
    return None


def build(sample, variant, folder):
    compiler = COMPILERS[variant.split("-")[0]][sample.source.suffix == ".cpp"]
    program = Path(folder, f"{sample.name.replace('/', '-')}-{variant}")
    fixed = ["-DFIXED"] if sample.name.endswith("-fixed") else []
    standard = ["-std=c++17"] if sample.source.suffix == ".cpp" else []
    subprocess.run([compiler, *VARIANTS[variant], *fixed, *standard, "-w", "-pthread", sample.source, "-o", program], check=True)
    return program


def judge(sample, variant, folder):
    """(exit status, findings) of the sample in full mode."""
    program = build(sample, variant, folder)
    cache = Path(folder, "cache")
    document = Path(f"{program}.json")
    status, _, err = samplerun.run_bounded(
        [samplerun.find_command(), "run", "--races=full", "--quiet", "--out", f"{program}-out", "--json", document, "--", program],
        samplerun.BOUND_S, env=dict(os.environ, XDG_CACHE_HOME=str(cache)))
    if not document.exists():
        raise AssertionError(f"no JSON document (exit status {status}): {err.strip()}")
    return status, json.loads(document.read_text())["findings"]


def problems(sample, variant, folder):
    """What is wrong with the verdict, as lines. One race may be reported at several pairs of places of a stripped program, and inlined code has
    other lines; so only kinds, rules and the exit status are compared."""
    status, findings = judge(sample, variant, folder)
    expected = {(finding.kind, finding.rule) for finding in sample.expectation.findings}
    found = {(finding["kind"], finding.get("rule") or "") for finding in findings}
    wrong = [samplerun.one_line(finding) for finding in findings if (finding["kind"], finding.get("rule") or "") not in expected]
    wrong += [f"not found: {kind} {rule}" for kind, rule in expected - found]
    if not wrong and status != sample.expectation.exit:
        wrong.append(f"exit status {status} instead of {sample.expectation.exit}")
    return wrong


class Stock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="snarl-stock-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        Path(cls.folder, "cache").mkdir(mode=0o700)

    def check(self, variant):
        if not shutil.which(COMPILERS[variant.split("-")[0]][1]):
            self.skipTest("this compiler is not installed")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = {sample.name: pool.submit(problems, sample, variant, self.folder) for sample in samples()}
        for sample in samples():
            with self.subTest(sample=sample.name, variant=variant):
                wrong, reason = jobs[sample.name].result(), exception_of(sample, variant)
                if reason:
                    self.assertTrue(wrong, f"is judged rightly, though {reason}: take it off the list")
                else:
                    self.assertFalse(wrong, "\n".join(wrong))


def add_tests():
    for variant in VARIANTS:
        def test(self, variant=variant):
            self.check(variant)
        setattr(Stock, "test_" + variant.replace("-", "_"), test)


add_tests()

if __name__ == "__main__":
    unittest.main()
