"""The samples of samples/python on every Python of this machine: what is found, and that nothing else differs.

Pythons: /usr/bin/python3 and those under ~/.pyenv/versions, 3.10 to 3.13, one of each version; at least the
system's. What is absent is named and skipped. 3.10 has no names for locks, which is all that is left out there.
"""
import dataclasses
import sys
import unittest

import expectation
import samplerun
from pythons import PYTHONS, VERSIONS

OPTIONS = {"races_": ["--python-races"], "runtime_": ["--races=full"]}  # by the beginning of a sample's name


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


if __name__ == "__main__":
    unittest.main()
