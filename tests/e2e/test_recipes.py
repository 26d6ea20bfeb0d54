"""The recipes of docs/ci.md, each with the real tool and the real library, and what merging finds."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from command import BUILD, PATIENCE_S, SNARL

ROOT = Path(__file__).resolve().parents[2]

# Takes its two locks in the orders that its argument names, by one thread each. They take turns by a flag, which says
# nothing about what the next run does: no deadlock happens, and "abba" is an inversion.
ORDER = r"""
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER, lock_b = PTHREAD_MUTEX_INITIALIZER;
static atomic_int turn;
static void *a_then_b(void *mine)
{
    while (atomic_load(&turn) != *(int *)mine)
        sched_yield();
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    atomic_fetch_add(&turn, 1);
    return mine;
}
static void *b_then_a(void *mine)
{
    while (atomic_load(&turn) != *(int *)mine)
        sched_yield();
    pthread_mutex_lock(&lock_b);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    atomic_fetch_add(&turn, 1);
    return mine;
}
int main(int argc, char **argv)
{
    static int turns[8];
    pthread_t threads[8];
    int count = 0;
    for (const char *order = argc > 1 ? argv[1] : "ab"; *order && count < 8; order += 2, count++) {
        turns[count] = count;
        pthread_create(&threads[count], NULL, *order == 'a' ? a_then_b : b_then_a, &turns[count]);
    }
    while (count)
        pthread_join(threads[--count], NULL);
    return 0;
}
"""
# A misuse that the harness itself does not notice: the unlock of a mutex that nobody holds.
MISUSE = """
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *rest(void *unused) { return unused; }
static void misuse(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, rest, 0);
    pthread_join(thread, 0);
    pthread_mutex_unlock(&lock);
}
"""


class Recipe(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="snarl-recipe-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        bin_ = self.folder / "bin"
        bin_.mkdir()
        (bin_ / "snarl").symlink_to(SNARL)
        self.environment = dict(os.environ, PATH=f"{bin_}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
        for name in ("SNARL_OPTIONS", "SNARL_LIBRARY", "LD_PRELOAD", "MAKEFLAGS", "MFLAGS"):
            self.environment.pop(name, None)

    def run_(self, *command, **more):
        return subprocess.run([str(word) for word in command], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=2 * PATIENCE_S, check=False, **more)

    def build(self, name, source, *options, compiler="gcc"):
        path = self.folder / (name + (".cc" if compiler == "g++" else ".c"))
        path.write_text(source)
        done = self.run_(compiler, "-g", "-O1", path, "-o", name, "-pthread", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / name

    def document(self, run):
        done = self.run_("snarl", "report", run, "--json=-")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def kinds(self, run):
        return sorted({finding["kind"] for finding in self.document(run)["findings"]})


class Harnesses(Recipe):
    def cmake_project(self, launcher=""):
        (self.folder / "order.c").write_text(ORDER)
        (self.folder / "CMakeLists.txt").write_text(f"""
            cmake_minimum_required(VERSION 3.22)
            project(order C)
            enable_testing()
            {launcher}
            add_executable(order order.c)
            target_compile_options(order PRIVATE -g)
            target_link_libraries(order PRIVATE pthread)
            add_test(NAME good COMMAND order ab)
            add_test(NAME bad COMMAND order abba)
        """)
        for command in (["cmake", "-S", ".", "-B", "build"], ["cmake", "--build", "build"]):
            done = self.run_(*command)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_ctest_as_a_whole(self):
        self.cmake_project()
        done = self.run_("snarl", "run", "--races=off", "--out=out", "--junit=snarl.xml", "--", "ctest", "--test-dir", "build")
        self.assertEqual(done.returncode, 66, done.stderr)
        document = self.document("out")
        self.assertEqual([f["kind"] for f in document["findings"]], ["lock-order-inversion"])
        self.assertEqual([Path(p["program"]).name for p in document["processes"]].count("order"), 2)
        self.assertIn("<failure", (self.folder / "snarl.xml").read_text())

    def test_ctest_with_a_launcher(self):
        self.cmake_project('set(CMAKE_CROSSCOMPILING_EMULATOR "snarl;run;--races=off;--quiet;--")')
        done = self.run_("ctest", "--test-dir", "build")
        self.assertRegex(done.stdout, r"good \.+ +Passed")
        self.assertRegex(done.stdout, r"bad \.+\*\*\*Failed")

    def test_make(self):
        self.build("order", ORDER)
        (self.folder / "Makefile").write_text("check: one two\none:\n\t./order ab\ntwo:\n\t./order abba\n")
        done = self.run_("snarl", "run", "--races=off", "--out=out", "--", "make", "-j2", "check")
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertEqual(self.kinds("out"), ["lock-order-inversion"])

    def test_meson(self):
        (self.folder / "order.c").write_text(ORDER)
        (self.folder / "meson.build").write_text("""
project('order', 'c')
program = executable('order', 'order.c', dependencies: dependency('threads'))
test('good', program, args: ['ab'])
test('bad', program, args: ['abba'])
""")
        self.assertEqual(self.run_("meson", "setup", "build").returncode, 0)
        done = self.run_("meson", "test", "-C", "build", "--wrapper", "snarl run --races=off --quiet --")
        self.assertRegex(done.stdout, r"good +OK")
        self.assertRegex(done.stdout, r"bad +FAIL.*exit status 66")

    def test_pytest(self):
        self.build("order", ORDER)
        (self.folder / "test_it.py").write_text("import subprocess\n\n\ndef test_orders():\n"
                                                "    subprocess.run(['./order', 'abba'], check=True)\n")
        done = self.run_("snarl", "run", "--races=off", "--out=out", "--", "/usr/bin/python3", "-m", "pytest", "-q")
        self.assertIn("1 passed", done.stdout)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertEqual(self.kinds("out"), ["lock-order-inversion"])

    def test_google_test(self):
        self.build("unit_tests", "#include <gtest/gtest.h>\n#include <pthread.h>\n" + MISUSE +
                   "TEST(Locks, Good) { EXPECT_TRUE(true); }\nTEST(Locks, Bad) { misuse(); }\n",
                   "-lgtest", "-lgtest_main", compiler="g++")
        done = self.run_("snarl", "run", "--races=off", "--out=out", "--", "./unit_tests", "--gtest_output=xml:tests.xml")
        self.assertIn("[  PASSED  ] 2 tests.", done.stdout)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertEqual(self.kinds("out"), ["lock-misuse"])
        self.assertTrue((self.folder / "tests.xml").exists())

    def test_criterion(self):
        self.build("unit_tests", "#include <criterion/criterion.h>\n#include <pthread.h>\n" + MISUSE +
                   "Test(locks, good) { cr_expect(1); }\nTest(locks, bad) { misuse(); }\n", "-lcriterion")
        done = self.run_("snarl", "run", "--races=off", "--out=out", "--", "./unit_tests", "--jobs", "1")
        self.assertIn("Passing: 2", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertIn("lock-misuse", self.kinds("out"))


class Shards(Recipe):
    def setUp(self):
        super().setUp()
        self.build("order", ORDER)
        for name, order in (("one", "ab"), ("two", "ba"), ("three", "ab")):
            done = self.run_("snarl", "run", "--races=off", "--quiet", f"--out={name}", "--", "./order", order)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_order_and_its_reverse_in_another_run_meet(self):
        self.assertEqual(self.kinds("one"), [])
        done = self.run_("snarl", "merge", "one", "two", "three", "-o", "whole")
        self.assertEqual(done.returncode, 0, done.stderr)
        findings = self.document("whole")["findings"]
        self.assertEqual([(f["kind"], f["confidence"]) for f in findings], [("lock-order-inversion", "possible")])
        functions = {e["stack"][0]["function"] for e in findings[0]["events"]}
        self.assertEqual(functions, {"a_then_b", "b_then_a"})
        self.assertEqual(len(findings[0]["origins"]), 2)
        self.assertEqual(self.run_("snarl", "gate", "whole").returncode, 66)

    def test_the_way_of_merging_makes_no_difference(self):
        def merged(*runs):
            target = "+".join(runs).replace("/", "")
            self.assertEqual(self.run_("snarl", "merge", *runs, "-o", target).returncode, 0)
            return target
        whole = self.document(merged("one", "two", "three"))
        for way in (merged("three", "two", "one"), merged(merged("one", "three"), "two"),
                    merged(merged("two", "one"), merged("three", "one"))):
            self.assertEqual(self.document(way), whole)

    def test_equal_orders_merge_to_nothing(self):
        self.run_("snarl", "merge", "one", "three", "-o", "same")
        self.assertEqual(self.kinds("same"), [])


class Pages(unittest.TestCase):
    """What the documents tell readers to type exists."""

    def test_every_option_in_the_documents_is_one_of_its_command(self):
        helps = {}
        checked = 0
        for page in ("ci.md", "suppressions.md", "reading-html.md", "getting-started.md"):
            text = (ROOT / "docs" / page).read_text()
            text = re.sub(r"(--markdown=\S+ )\n? +|>\n +", r"\1", text)
            for command, rest in re.findall(r"snarl (run|report|gate|merge)\b([^\n`]*)", text):
                if command not in helps:
                    helps[command] = subprocess.run([SNARL, command, "--help"], capture_output=True, text=True,
                                                    timeout=PATIENCE_S, check=True).stdout
                for option in re.findall(r"(?<=\s)--[a-z][a-z-]*", re.split(r" --(?=[\s\"'])", rest)[0]):
                    self.assertRegex(helps[command], rf"(?<![\w-]){option}(?![\w-])", f"{page}: snarl {command}{rest}")
                    checked += 1
        self.assertGreater(checked, 15)


if __name__ == "__main__":
    unittest.main()
