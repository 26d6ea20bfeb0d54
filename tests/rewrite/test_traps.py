"""Single things that make a rewriter of code fall over, with --races=full: the same output and status as without."""
import os
import re
import subprocess
import unittest

from full import BUILD, SNARL, FullCase


class Traps(FullCase):
    def trap(self, name, *options, **more):
        program = self.compile("traps", "traps.cc", *options, compiler="g++")
        plain, full = self.plain(program, name), self.full(program, name, **more)
        self.assertEqual((full.stdout, plain.returncode), (plain.stdout, 6))
        self.assertIn(full.returncode, (6, 66), full.stderr)
        self.assertGreater(self.coverage(full, "traps")["instrumented"], 0)
        return full

    def test_asynchronous_cancellation(self):
        for options in ([], ["-fexceptions", "-fnon-call-exceptions"]):
            with self.subTest(options=options):
                program = self.compile("cancel", "traps_cancel.c", *options)
                self.assertEqual(self.plain(program).stdout, "cancelled 105 cleaned 100 deferred 5\n")
                run = self.full(program)
                self.assertEqual(run.stdout, "cancelled 105 cleaned 100 deferred 5\n")
                self.assertEqual(run.returncode, 6, run.stderr)

    def test_handlers_installed_past_libc(self):
        self.trap("raw")

    def test_handlers_asked_for_past_us(self):
        """Firefox's sandbox: the handler is asked for at libc itself, replaced through us, and called by the one that replaced it."""
        program = self.compile("past", r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
static void (*s_before)(int, siginfo_t *, void *);
static sigjmp_buf s_out;
static int s_jumps;
static void first(int signal, siginfo_t *info, void *context) { printf("first %d\n", info->si_signo == signal && context); }
static void second(int signal, siginfo_t *info, void *context)
{
    puts("second");
    s_before(signal, info, context);
    if (s_jumps)
        siglongjmp(s_out, 1);
}
static void *body(void *unused) { raise(SIGUSR1); return unused; }
int main(void)
{
    int (*true_sigaction)(int, const struct sigaction *, struct sigaction *) = dlsym(dlopen("libc.so.6", RTLD_NOW), "sigaction");
    struct sigaction action = {.sa_sigaction = first, .sa_flags = SA_SIGINFO};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    true_sigaction(SIGUSR1, NULL, &action);
    s_before = action.sa_sigaction;
    action.sa_sigaction = second;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    for (s_jumps = 1; s_jumps < 4; s_jumps++)
        if (!sigsetjmp(s_out, 1))
            raise(SIGUSR1);
    s_jumps = 0;
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    return 6;
}
""")
        expected = "second\nfirst 1\n" * 5
        for options in [], ["--races=off"]:
            run = self.full(program, options=options)
            self.assertEqual((run.stdout, run.returncode), (expected, 6), run.stderr)
        self.assertEqual(self.plain(program).stdout, expected)

    def test_filters_before_the_first_thread(self):
        self.trap("filter")
        self.trap("filter", env=dict(self.environment, WITH_SYSCALL="1"))

    def test_places_of_the_programs_choice(self):
        for options in ([], ["-no-pie", "-fno-pie"]):
            program = self.compile("places", "traps_places.c", *options)
            expected = "stack 1 loader 1\nbefore 231168\nafter 231168\nwrite -1 Bad address\n"
            self.assertEqual(self.plain(program).stdout, expected)
            for turn in range(3):  # where the planes lie is chosen for each process
                with self.subTest(options=options, turn=turn):
                    run = self.full(program)
                    self.assertEqual((run.stdout, run.returncode), (expected, 6), run.stderr)
                    uncovered = run.document["processes"][0]["counters"].get("race-uncovered", 0)
                    self.assertLessEqual(uncovered, 1, "of accesses to memory of the program, besides the bad pointer")

    def test_no_page_is_writable_and_executable(self):
        self.trap("maps")

    def test_exceptions_and_jumps(self):
        for options in (["-O0"], ["-no-pie", "-fno-pie"]):
            with self.subTest(options=options):
                self.trap("exceptions", *options)

    def test_children_of_all_kinds(self):
        self.trap("children")

    def test_instructions(self):
        self.trap("instructions")

    def test_functions_chosen_at_run_time(self):
        for options in (["-no-pie", "-fno-pie"], ["-Wl,-z,lazy"]):
            with self.subTest(options=options):
                self.trap("resolved", *options)

    def test_limited_address_space(self):
        """Too little for the shadow: the program runs, and the report says what is not looked for."""
        program = self.compile("traps", "traps.cc", compiler="g++")
        limited = ["sh", "-c", 'ulimit -v 1000000; exec "$0" "$@"']
        run = self.full(*limited, program, "exceptions")
        self.assertEqual(run.stdout, self.plain(program, "exceptions").stdout)
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("no room for the shadow memory", run.stderr)

    def test_any_layout_of_the_address_space(self):
        """Whatever the kernel's randomness, and without it."""
        program = self.compile("traps", "traps.cc", compiler="g++")
        for turn in range(3):
            with self.subTest(turn=turn):
                self.assertEqual(self.full(program, "exceptions").returncode, 6)
        if subprocess.run(["setarch", "-R", "true"], check=False, capture_output=True).returncode == 0:
            self.assertEqual(self.full("setarch", "-R", program, "exceptions").returncode, 6)
            self.assertEqual(self.full("setarch", "-L", program, "exceptions").returncode, 6)


class Objects(unittest.TestCase):
    """What an access of copied code reaches may not touch a vector register: the program's are live there."""

    LIBRARIES = ("base", "clock", "shadow", "history", "race", "rewrite")
    VECTOR = re.compile(r"%[xyz]mm[0-9]|%mm[0-7]|\bfld|%st\b")

    def functions(self, path):
        """(name, its text) of every function of an object file or archive."""
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True).stdout
        for part in re.split(r"\n(?=[0-9a-f]{16} <)", listing):
            match = re.match(r"[0-9a-f]{16} <([^>]+)>:", part)
            if match:
                yield match.group(1), part

    def test_no_vector_register_on_the_way_of_an_access(self):
        objects = [BUILD / "preload/CMakeFiles/snarl_preload.dir/checks.c.o",
                   BUILD / "preload/CMakeFiles/snarl_preload.dir/rewrite/entry.c.o",
                   BUILD / "lib/CMakeFiles/snarl_engine.dir/sync/races.c.o"]
        for name in self.LIBRARIES:
            folder = BUILD / ("preload/rewrite" if name == "rewrite" else "lib")
            objects.append(folder / f"libsnarl_{name}.a")
        seen = 0
        for path in objects:
            self.assertTrue(os.path.exists(path), path)
            for function, text in self.functions(path):
                seen += 1
                if not function.startswith("snarl_vector"):
                    self.assertNotRegex(text, self.VECTOR, f"{path}: {function}")
        self.assertGreater(seen, 200)


if __name__ == "__main__":
    unittest.main()
