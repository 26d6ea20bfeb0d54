"""How tests/run.py counts: the number on the last line of ./check is only worth what this is."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import run  # noqa: E402

CRITERION = "[\x1b[0;34m====\x1b[0m] Synthesis: Tested: {} | Passing: {} | Failing: {} | Crashing: {}"


class CountCases(unittest.TestCase):
    def test_criterion_cases_are_counted_one_by_one(self):
        self.assertEqual(run.count_cases(CRITERION.format(7, 7, 0, 0), True), (7, 0, 0))
        self.assertEqual(run.count_cases(CRITERION.format(7, 4, 2, 1), False), (4, 3, 0))

    def test_colour_inside_the_numbers_does_not_hide_them(self):
        coloured = CRITERION.replace("{}", "\x1b[1;32m{}\x1b[0m").format(2, 2, 0, 0)
        self.assertEqual(run.count_cases(coloured, True), (2, 0, 0))

    def test_unittest_cases_are_counted_one_by_one(self):
        self.assertEqual(run.count_cases("Ran 5 tests in 0.1s\n\nOK\n", True), (5, 0, 0))
        self.assertEqual(run.count_cases("Ran 5 tests in 0.1s\n\nOK (skipped=2)\n", True), (3, 0, 2))
        self.assertEqual(run.count_cases("Ran 9 tests in 0.1s\n\nOK (skipped=1, expected failures=1)\n", True), (8, 0, 1))
        self.assertEqual(run.count_cases("Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n", False),
                         (5, 3, 1))

    def test_a_failed_test_that_prints_success_counts_as_failed(self):
        self.assertEqual(run.count_cases("Ran 5 tests in 0.1s\n\nOK\n", False), (5, 1, 0))
        self.assertEqual(run.count_cases(CRITERION.format(7, 7, 0, 0), False), (7, 1, 0))

    def test_a_failure_that_is_printed_counts_although_the_status_was_good(self):
        self.assertEqual(run.count_cases(CRITERION.format(2, 1, 1, 0), True), (1, 1, 0))

    def test_a_plain_program_is_one_case(self):
        self.assertEqual(run.count_cases("", True), (1, 0, 0))
        self.assertEqual(run.count_cases("Segmentation fault", False), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
