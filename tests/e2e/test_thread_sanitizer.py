"""Programs built with -fsanitize=thread: the ways of docs/thread-sanitizer-builds.md, by gcc and by clang, and what cannot work."""
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from command import BUILD, LIBRARY, PATIENCE_S, SNARL

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/thread-sanitizer-builds.md"
CLANG = shutil.which("clang")
RACY = """
#include <pthread.h>
#include <stdio.h>
int s_total;
static void *work(void *unused)
{
    s_total++;
    return unused;
}
int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, work, NULL);
    pthread_create(&two, NULL, work, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(program C)
find_package(Threads REQUIRED)
add_executable(program program.c)
"""


def recipe(language, number):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)[number]


class BuildCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="snarl-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "program.c").write_text(RACY)
        self.environment = {name: value for name, value in os.environ.items() if name not in ("SNARL_OPTIONS", "LD_PRELOAD", "CC")}

    def run_here(self, *command, **more):
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False, stdin=subprocess.DEVNULL, **more)

    def build(self, *command):
        result = self.run_here(*command)
        self.assertEqual(result.returncode, 0, result.stderr)

    def check_race(self, program="./program"):
        result = self.run_here(SNARL, "run", "--json", "run.json", "--quiet", "--", program)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (66, "done\n", ""))
        document = json.loads((self.folder / "run.json").read_text())
        self.assertEqual(document["processes"][0]["mode"], "tsan")
        self.assertEqual([(finding["kind"], finding["location"]["symbol"]) for finding in document["findings"]],
                         [("data-race", "s_total")])

    def make(self, number):
        (self.folder / "Makefile").write_text(recipe("make", number) + "\nprogram: program.o\n")
        self.build("make", f"SNARL={LIBRARY.parent}")
        self.check_race()

    def cmake(self, number, compiler):
        (self.folder / "CMakeLists.txt").write_text(PROJECT + recipe("cmake", number))
        self.build("cmake", "-S", ".", "-B", "b", f"-DCMAKE_C_COMPILER={compiler}", f"-DSNARL={LIBRARY.parent}")
        self.build("cmake", "--build", "b")
        self.check_race("b/program")


class Gcc(BuildCase):
    def test_make(self):
        self.make(0)

    def test_cmake(self):
        self.cmake(0, "gcc")

    def check_without_the_command(self, preload):
        self.environment.update(LD_PRELOAD=preload, SNARL_OPTIONS="out=out")
        result = self.run_here("./program")
        self.assertEqual((result.returncode, result.stdout), (0, "done\n"))
        self.assertIn("data-race", result.stderr)
        self.assertNotIn("ThreadSanitizer", result.stderr)

    def test_without_the_command(self):
        self.build("gcc", "-g", "-fsanitize=thread", "program.c", "-o", "program")
        self.check_without_the_command(f"{LIBRARY}")
        self.check_without_the_command(f"{LIBRARY} {LIBRARY.parent}/inert/libtsan.so.2")

    def test_without_the_command_where_a_constructor_comes_first(self):
        self.build("g++", "-g", "-fsanitize=thread", "-x", "c++", "-fpermissive", "-w", "program.c", "-o", "program")
        self.check_without_the_command(f"{LIBRARY}")

    def test_races_off_leaves_the_program_alone(self):
        self.build("gcc", "-fsanitize=thread", "program.c", "-o", "program")
        result = self.run_here(SNARL, "run", "--races=off", "--quiet", "--", "./program")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))

    def test_a_limit_on_address_space_is_named(self):
        self.build("gcc", "-fsanitize=thread", "program.c", "-o", "program")
        limit = 4 << 30
        result = self.run_here(SNARL, "run", "--", "./program",
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn("ulimit -v", result.stderr)
        self.assertEqual(result.stdout, "")


@unittest.skipUnless(CLANG, "clang is not installed")
class Clang(BuildCase):
    def test_make(self):
        self.make(1)

    def test_cmake(self):
        self.cmake(1, "clang")

    def test_reports_without_the_command(self):
        self.build("clang", "-g", "-fsanitize=thread", "-c", "program.c")
        self.build("clang", "program.o", "-o", "program", "-pthread", f"-L{LIBRARY.parent}", "-lsnarl",
                   f"-Wl,-rpath,{LIBRARY.parent}")
        result = self.run_here("./program")
        self.assertEqual((result.returncode, result.stdout), (0, "done\n"))
        self.assertIn("data-race", result.stderr)

    def test_a_runtime_linked_in_is_named(self):
        if self.run_here("clang", "-fsanitize=thread", "program.c", "-o", "program").returncode:
            self.skipTest("clang's runtime is not installed")
        result = self.run_here(SNARL, "run", "--", "./program")
        self.assertIn("WARNING: ThreadSanitizer", result.stderr)  # it does find the race
        notes = [line for line in result.stderr.splitlines() if line.startswith("snarl: note:")]
        self.assertEqual(len(notes), 1, result.stderr)
        self.assertIn("-lsnarl", notes[0])
        doctor = self.run_here(SNARL, "doctor", "./program").stdout
        self.assertIn("link with -lsnarl", doctor)


if __name__ == "__main__":
    unittest.main()
