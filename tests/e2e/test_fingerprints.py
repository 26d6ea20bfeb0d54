"""A finding has the same fingerprint at every run, and different findings have different ones."""
import unittest

import samplerun


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


if __name__ == "__main__":
    unittest.main()
