"""The form without the command: LD_PRELOAD=libsnarl.so PROGRAM, with its report on standard error."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import samplerun


COPIES = r"""
#include <pthread.h>
#include <string.h>
static char s_name[32];
static void *copy(void *name)
{
    return strcpy(s_name, name);
}
int main(void)
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, copy, "one thread's name");
    pthread_create(&threads[1], NULL, copy, "another's");
    pthread_join(threads[0], NULL);
    return pthread_join(threads[1], NULL);
}
"""


def run_preloaded(name, options=""):
    command = [name] if isinstance(name, Path) else samplerun.command_of(samplerun.find_sample(name))
    with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
        environment = dict(os.environ, LD_PRELOAD=str(samplerun.find_library()), SNARL_OPTIONS=f"out={folder}/out{options}")
        result = samplerun.run_bounded(command, samplerun.BOUND_S, env=environment, cwd=folder)
        return (*result, sorted(path.name for path in Path(folder, "out").iterdir()))


class Preload(unittest.TestCase):
    def check_report(self, errors, words):
        for word in words:
            self.assertIn(word, errors)

    def test_inversion_is_reported_and_the_output_is_the_programs(self):
        _, out, errors, files = run_preloaded("order/opposite")
        self.assertEqual(out, "balance 3\n")
        self.check_report(errors, ("lock-order-inversion", "lock_a", "lock_b", "worker_one", "worker_two", "opposite.c"))
        self.assertTrue(any(name.endswith(".snarl") for name in files), files)

    def test_deadlock_is_ended_and_reported(self):
        status, _, errors, _ = run_preloaded("deadlock/classic")
        self.assertEqual(status, 66)
        self.check_report(errors, ("deadlock", "lock_a", "lock_b", "worker_one", "worker_two", "classic.c"))

    def test_nothing_found_is_nothing_said(self):
        status, out, errors, _ = run_preloaded("quiet/pipeline")
        self.assertEqual((status, out), (0, "1000 1000 4\n"))
        self.assertNotIn("inversion", errors)

    def test_library_calls_are_looked_at_unless_told_otherwise(self):
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            program = Path(folder, "copies")
            subprocess.run(["gcc", "-O1", "-g", "-x", "c", "-", "-o", program, "-pthread"], input=COPIES, text=True, check=True)
            _, _, errors, _ = run_preloaded(program)
            self.check_report(errors, ("data-race", "strcpy"))
            _, _, errors, _ = run_preloaded(program, ":races=off")
            self.assertNotIn("data-race", errors)


if __name__ == "__main__":
    unittest.main()
