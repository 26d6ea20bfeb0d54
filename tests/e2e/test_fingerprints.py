"""A finding has the same fingerprint at every run, and different findings have different ones."""
import collections
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import samplerun

PROGRAMS = Path(__file__).resolve().parent / "programs"
ALIKE = PROGRAMS / "alike.c"


def fingerprints(name):
    document = samplerun.run_sample(samplerun.find_sample(name))[3]
    return sorted(finding["fingerprint"] for finding in document["findings"])


class Fingerprints(unittest.TestCase):
    def test_stable_between_runs(self):
        for name in ("order/opposite", "order/transfer", "deadlock/classic", "misuse/unlock_not_owner", "threads/leak", "stall/lost_wakeup"):
            with self.subTest(name):
                first = fingerprints(name)
                self.assertEqual(len(first), 1)
                self.assertEqual(first, fingerprints(name))

    def test_different_findings_differ(self):
        names = ("order/opposite", "order/gate", "order/transfer", "misuse/unlock_not_owner", "misuse/destroy_locked", "threads/leak")
        found = [fingerprint for name in names for fingerprint in fingerprints(name)]
        self.assertEqual(len(found), len(set(found)))


class Groups(unittest.TestCase):
    """Races of the same two functions on the same memory are told together."""

    def run_program(self, *flags):
        """(findings, text of the report)"""
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            program, document = Path(folder, "alike"), Path(folder, "run.json")
            subprocess.run(["gcc", "-O1", "-pthread", *flags, str(ALIKE), "-o", str(program)], check=True)
            command = [samplerun.find_command(), "run", "--out", Path(folder, "out"), "--json", document, "--", program]
            text = samplerun.run_bounded(command, samplerun.BOUND_S)[2]
            return json.loads(document.read_text())["findings"], text

    def test_by_function_and_variable(self):
        findings, text = self.run_program("-g")
        members = collections.defaultdict(set)
        for finding in findings:
            members[finding["group"]].add(finding["location"]["symbol"])
        parts = [{f"{name}.{part}" for part in ("kind", "size", "first", "second", "third")} for name in ("s_one", "s_two", "s_three")]
        self.assertCountEqual(members.values(), parts)
        self.assertEqual(text.count("data-race: "), 3)
        self.assertEqual(text.count("4 more of the same two functions on the same memory"), 3)
        self.assertIn("snarl: ==== 6 to 10 of 15 ", text)
        self.assertRegex(text, r"    s_one\.\w+: (read|write) at alike\.c:\d+:\d+, (read|write) at alike\.c:\d+:\d+ \([0-9a-f]{12}\)\n")

    def test_where_functions_have_no_names(self):
        findings, _ = self.run_program("-s")
        groups = collections.Counter(finding["group"] for finding in findings)
        self.assertEqual(sorted(groups.values()), [5, 10], "variables have no names either, so two of the three are one")


class LockClasses(unittest.TestCase):
    """Locks of different runs are one where they were made at the same place; in a stripped program places have no names."""

    def inversions(self, program, folder, *orders):
        runs = []
        for order in orders:
            runs.append(Path(folder, f"{program.name}-{order}"))
            command = [samplerun.find_command(), "run", "-q", "--races=off", "--exit-code=0", "--out", runs[-1], "--", program, order]
            samplerun.run_bounded(command, samplerun.BOUND_S)
        document = Path(folder, "merged.json")
        subprocess.run([samplerun.find_command(), "report", *runs, "--json", document], check=False, capture_output=True)
        return [finding["kind"] for finding in json.loads(document.read_text())["findings"]]

    def test_places_tell_locks_apart(self):
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            program = Path(folder, "classes")
            subprocess.run(["gcc", "-O1", "-s", "-pthread", str(PROGRAMS / "classes.c"), "-o", str(program)], check=True)
            self.assertEqual(self.inversions(program, folder, "01", "10"), ["lock-order-inversion"])
            self.assertEqual(self.inversions(program, folder, "01", "23"), [], "the same kinds, made elsewhere")


if __name__ == "__main__":
    unittest.main()
