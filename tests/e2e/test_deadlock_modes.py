"""What happens to a program that deadlocks: --on-deadlock=exit|continue|abort, and --timeout."""
import signal
import time
import unittest

import samplerun


class DeadlockModes(unittest.TestCase):
    def run_classic(self, *options):
        start = time.monotonic()
        status, _, _, document = samplerun.run_sample(samplerun.find_sample("deadlock/classic"), options)
        self.assertIsNotNone(document, "no JSON document")
        self.assertEqual([finding["kind"] for finding in document["findings"]], ["deadlock"])
        return status, document["processes"][0]["exit"], time.monotonic() - start

    def test_exit_is_the_default(self):
        status, ended, _ = self.run_classic()
        self.assertEqual((status, ended.get("code")), (66, 66))

    def test_exit_code_is_chosen(self):
        status, _, _ = self.run_classic("--exit-code", "9")
        self.assertEqual(status, 9)

    def test_abort_leaves_a_core(self):
        status, ended, _ = self.run_classic("--on-deadlock=abort")
        self.assertEqual((status, ended.get("signal")), (66, signal.SIGABRT))

    def test_continue_goes_on_hanging_until_the_timeout(self):
        status, _, seconds = self.run_classic("--on-deadlock=continue", "--timeout", "3")
        self.assertEqual(status, 66)
        self.assertGreaterEqual(seconds, 3)


if __name__ == "__main__":
    unittest.main()
