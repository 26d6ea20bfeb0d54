"""The samples of samples/python on every Python of this machine: what is found, and that nothing else differs.

Pythons: /usr/bin/python3 and those under ~/.pyenv/versions, 3.10 to 3.13, one of each version; at least the
system's. What is absent is named and skipped. 3.10 has no names for locks, which is all that is left out there.
"""
import dataclasses
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import expectation
import samplerun

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OPTIONS = {"races_": ["--python-races"], "runtime_": ["--races=full"]}  # by the beginning of a sample's name


def find_pythons():
    """{version: path}, the system's first."""
    found = {}
    for path in [Path("/usr/bin/python3"), *sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))]:
        if path.exists():
            answer = subprocess.run([path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
                                    capture_output=True, text=True)
            version = answer.stdout.strip()
            if version.rpartition(".")[0] in VERSIONS:
                found.setdefault(version, path)
    return found


PYTHONS = find_pythons()


def wanted(sample, version):
    """The expectation, less what this version cannot tell."""
    if not version.startswith("3.10"):
        return sample
    findings = [dataclasses.replace(finding, locks=[], functions=[name.rpartition(".")[2] for name in finding.functions])
                for finding in sample.expectation.findings]
    return dataclasses.replace(sample, expectation=dataclasses.replace(sample.expectation, findings=findings))


def make_test(sample, version, path):
    def test(self):
        if sample.source.stem.startswith("races_") and version.startswith("3.10"):
            self.skipTest("no --python-races on 3.10")
        options = next((more for prefix, more in OPTIONS.items() if sample.source.stem.startswith(prefix)), [])
        samplerun.command_of = lambda asked: [str(path), str(asked.source)]
        wrong = samplerun.check_sample(wanted(sample, version), options)
        if wrong:
            self.fail(f"{sample.name} on {version}:\n  " + "\n  ".join(wrong))
    return test


class Samples(unittest.TestCase):
    def test_pythons(self):
        self.assertTrue(PYTHONS, "no Python found")
        for version in VERSIONS:
            if not any(found.startswith(version) for found in PYTHONS):
                print(f"no Python {version} on this machine: skipped", file=sys.stderr)


for sample in expectation.read_group(samplerun.SAMPLES, "python"):
    for version, path in PYTHONS.items():
        name = f"test_{sample.source.stem}_{version.replace('.', '_')}"
        setattr(Samples, name, make_test(sample, version, path))


class Ways(unittest.TestCase):
    def run_snarl(self, *words, **options):
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run([samplerun.find_command(), "run", "--quiet", *words], capture_output=True,
                                  timeout=60, cwd=folder, **options).returncode

    def test_off(self):
        """A C program like any other: no Python frames."""
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder, "run.json")
            self.run_snarl("--races=off", "--json", document, "--", "/usr/bin/python3",
                           samplerun.SAMPLES / "python" / "opposite.py", env={**os.environ, "SNARL_OPTIONS": "python=off"})
            self.assertNotIn('"python"', document.read_text())

    def test_python_on_the_path(self):
        """`python3` may be a script that finds the true one and executes it."""
        self.assertEqual(self.run_snarl("--", "python3", samplerun.SAMPLES / "python" / "opposite.py"), 66)

    def test_interpreter_line(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "program")
            program.write_text("#!/usr/bin/env python3\n" + (samplerun.SAMPLES / "python" / "opposite.py").read_text())
            program.chmod(0o755)
            self.assertEqual(self.run_snarl("--", program), 66)


if __name__ == "__main__":
    unittest.main()
