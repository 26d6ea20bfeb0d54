"""`snarl run --races=full`: what is made ready before the program starts, where it is kept, and what is said of it."""
import os
import pty
import subprocess
import time
import unittest

from full import SNARL, FullCase

THREADED = """
#include <pthread.h>
#include <stdio.h>
static int s_sum;
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static void *body(void *unused)
{
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s_lock);
        s_sum++;
        pthread_mutex_unlock(&s_lock);
    }
    return unused;
}
int main(void)
{
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], 0, body, 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], 0);
    printf("%d\\n", s_sum);
    return 0;
}
"""


class Run(FullCase):
    def setUp(self):
        super().setUp()
        self.program = self.compile("program", THREADED)

    def on_terminal(self, *command):
        """What a terminal as standard error gets to see."""
        master, slave = pty.openpty()
        process = subprocess.Popen(command, stderr=slave, stdout=subprocess.PIPE, cwd=self.folder, env=self.environment)
        os.close(slave)
        seen = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                part = b""
            if not part:
                break
            seen += part
        os.close(master)
        self.assertEqual(process.communicate()[0], b"200\n")
        return seen.decode()

    def test_everything_is_ready_before_the_program_starts(self):
        single = self.compile("single", "int main(void) { return 3; }\n")
        self.assertEqual(self.full(single).returncode, 3)
        self.assertGreater(len(self.plans()), 2)  # itself, libc, the loader: though it never had a thread

    def test_the_line_of_progress_comes_and_goes(self):
        command = [SNARL, "run", "--races=full", "--out", "out", "--", self.program]
        seen = self.on_terminal(*command)
        self.assertRegex(seen, r"\rsnarl: preparing module 1 of [3-9]: ")
        self.assertRegex(seen, r"\r {78}\rsnarl: \S*no findings")
        subprocess.run(["rm", "-r", self.folder / "out"], check=True)
        self.assertNotIn("preparing", self.on_terminal(*command))  # all is there

    def test_no_line_without_a_terminal_or_with_quiet(self):
        self.assertNotIn("preparing", self.full(self.program).stderr)
        self.cache.joinpath("snarl").rename(self.cache / "gone")
        self.assertEqual(self.on_terminal(SNARL, "run", "-q", "--races=full", "--out", "out", "--", self.program), "")

    def test_damaged_plans_are_made_again_in_the_program(self):
        whole = self.same(self.program)
        for damage in (lambda data: data[:len(data) // 3], lambda data: b"", lambda data: data[:9000] + b"?" + data[9001:],
                       lambda data: data[:16] + b"?" + data[17:]):
            for plan in self.plans():
                plan.write_bytes(damage(plan.read_bytes()))
            run = self.same(self.program)
            self.assertEqual(self.coverage(run, "program"), self.coverage(whole, "program"))
            self.assertEqual(self.coverage(run, "program")["reason"], "")

    def test_a_child_of_a_script_prepares_itself(self):
        script = self.folder / "script"
        script.write_text(f"#!/bin/sh\n{self.program}\nexit 5\n")
        script.chmod(0o755)
        run = self.same(script)
        self.assertGreater(self.coverage(run, "program")["instrumented"], 0)

    def test_a_library_with_very_much_code_is_ready_for_the_next_run(self):
        library = self.compile("libbig.so", """
__asm__(".text\\nfiller: .skip 22000000, 0xcc\\n");
static int s_calls;
int big(int k)
{
    return s_calls += k;
}
""", "-shared", "-fPIC")
        program = self.compile("program", "int big(int);\n" + THREADED.replace("s_sum++", "s_sum += big(1) > 0"), library,
                               "-Wl,-rpath,$ORIGIN")
        first = self.full(program)
        self.assertEqual(first.stdout, "200\n")
        self.assertIn("made ready in the background", first.stderr)
        end = time.monotonic() + 100
        while not any(plan.suffix == ".plan" and self.is_of(plan, library) for plan in self.plans()):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        second = self.same(program)
        self.assertGreater(self.coverage(second, "libbig.so")["instrumented"], 0)
        self.assertGreater(self.coverage(first, "program")["instrumented"], 0)

    def is_of(self, plan, module):
        notes = subprocess.run(["readelf", "-n", module], capture_output=True, text=True, check=True).stdout
        return plan.name.startswith(notes.split("Build ID: ")[1].split()[0])

    def test_no_home_is_said_and_no_obstacle(self):
        environment = {k: v for k, v in self.environment.items() if k not in ("HOME", "XDG_CACHE_HOME")}
        run = self.full(self.program, env=environment)
        lines = [line for line in run.stderr.splitlines() if "neither HOME nor XDG_CACHE_HOME" in line]
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertGreater(self.coverage(run, "program")["instrumented"], 0)
        environment["TMPDIR"] = "/proc/none"
        run = self.full(self.program, env=environment)
        self.assertEqual((run.returncode, run.stdout), (0, "200\n"))
        self.assertIn("code is not checked for races", run.stderr)

    def test_the_planner_takes_no_part_in_the_program(self):
        """Nothing of it on standard output or error, no child that a program's wait would find, no SIGCHLD."""
        program = self.compile("waits", """
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
static volatile int s_children;
static void on_child(int number) { s_children += number != 0; }
static void *body(void *unused) { return unused; }
int main(void)
{
    pthread_t thread;
    signal(SIGCHLD, on_child);
    pthread_create(&thread, 0, body, 0);
    pthread_join(thread, 0);
    int result = wait(0);
    printf("%d %d %d\\n", result, errno == ECHILD, s_children);
    return 0;
}
""")
        environment = dict(self.environment, SNARL_OPTIONS=f"races=full:report=0:out={self.folder}/direct",
                           LD_PRELOAD=str(SNARL.parent.parent / "preload" / "libsnarl.so"))
        result = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("-1 1 0\n", "", 0))
        self.assertGreater(len(self.plans()), 1)


if __name__ == "__main__":
    unittest.main()
