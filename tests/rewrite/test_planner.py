"""snarl-plan by itself: what it refuses, damaged plans, damaged programs, unsafe folders."""
import os
import random
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PLANNER = os.path.join(os.environ["SNARL_BUILD"], "plan", "snarl-plan")


class Planner(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o700)
        self.addCleanup(shutil.rmtree, self.folder)
        self.cache = os.path.join(self.folder, "snarl")
        self.program = os.path.join(self.folder, "torture")
        subprocess.run(["gcc", "-O2", os.path.join(HERE, "torture.c"), "-o", self.program, "-pthread"], check=True)

    def plan(self, *arguments, before=(), **environment):
        values = {**os.environ, "XDG_CACHE_HOME": self.folder, "TMPDIR": self.folder, **environment}
        return subprocess.run([*before, PLANNER, *arguments], capture_output=True, text=True, timeout=60, check=False,
                              env={name: value for name, value in values.items() if value is not None})

    def only_plan(self):
        names = os.listdir(self.cache)
        self.assertEqual(len(names), 1, names)
        return os.path.join(self.cache, names[0])

    def test_refusals_say_why(self):
        text = os.path.join(self.folder, "text")
        with open(text, "w") as out:
            out.write("#!/bin/sh\n" + "# not a program\n" * 10)
        cases = {text: "not an ELF file", self.folder: "not a regular file", text + "-": "cannot be opened"}
        for path, words in cases.items():
            with self.subTest(path=path):
                result = self.plan(path)
                self.assertEqual(result.returncode, 1)
                self.assertIn(words, result.stderr)
                self.assertIn(path, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_coverage_is_nearly_whole(self):
        result = self.plan("--stats", self.program)
        share = float(result.stdout.split("accesses")[1].split("%")[0])
        self.assertGreaterEqual(share, 99.0, result.stdout)

    def test_jump_worked_out_from_an_index_is_not_understood(self):
        """As in libffi: code at equal distances instead of a table. Padding between its pieces may be jumped over,
        but the pieces themselves are entries that nothing names, so no jump may be placed among them."""
        source, module = (os.path.join(self.folder, name) for name in ("pieces.s", "pieces.so"))
        pieces = "\n".join(f"1: mov {index}(%rsi), %eax\n ret\n .balign 8" for index in (8, 16, 24, 32))
        with open(source, "w") as out:
            out.write(".globl pieces\n.type pieces, @function\n.balign 16\npieces:\n .cfi_startproc\n"
                      f" movzbl %dil, %edi\n lea 0f(%rip), %rax\n lea (%rax,%rdi,8), %rax\n jmp *%rax\n"
                      f" .balign 8\n0:\n{pieces}\n .cfi_endproc\n.size pieces, .-pieces\n")
        subprocess.run(["gcc", "-shared", "-nostdlib", source, "-o", module], check=True)
        result = self.plan("--stats", module)
        self.assertRegex(result.stdout, r"4 accesses .*\n\s+4 indirect jump not understood")

    def test_damaged_plan_is_made_again(self):
        self.assertEqual(self.plan(self.program).returncode, 0)
        path = self.only_plan()
        with open(path, "rb") as file:
            whole = file.read()
        places = random.Random(5).sample(range(0, len(whole) - 4096), 20) + [0, 8, 60]
        for place in places:
            with self.subTest(place=place):
                damaged = bytearray(whole)
                damaged[place] ^= 0x40
                with open(path, "wb") as file:
                    file.write(damaged)
                self.assertEqual(self.plan(self.program).returncode, 0)
                with open(path, "rb") as file:
                    now = file.read()
                # either it was made again, or the byte lies between sections, where nothing is read
                self.assertTrue(now == whole or not any(whole[place - 8:place + 8]), place)

    def test_short_plan_is_made_again(self):
        self.plan(self.program)
        path = self.only_plan()
        size = os.path.getsize(path)
        os.truncate(path, size // 2)
        self.assertEqual(self.plan(self.program).returncode, 0)
        self.assertEqual(os.path.getsize(path), size)

    def refused(self, words, **environment):
        """Says why the usual folder is not taken, and which one is, where the plan then is."""
        result = self.plan(self.program, **environment)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (0, 1), result.stderr)
        self.assertIn(words, result.stderr)
        fallback = os.path.join(self.folder, f"snarl-plans-{os.geteuid()}")
        self.assertIn(fallback, result.stderr)
        self.assertEqual(len(os.listdir(fallback)), 1)
        self.assertEqual(os.stat(fallback).st_mode & 0o777, 0o700)
        shutil.rmtree(fallback)

    def test_folders_that_cannot_be_trusted_are_not_used(self):
        os.mkdir(self.cache)
        os.chmod(self.cache, 0o777)
        self.refused("others may write")
        self.assertEqual(os.listdir(self.cache), [])
        os.rmdir(self.cache)
        os.mkdir(self.cache + ".true", 0o700)
        os.symlink(self.cache + ".true", self.cache)
        self.refused("not a folder")
        os.unlink(self.cache)
        if os.geteuid() == 0:
            os.mkdir(self.cache, 0o700)
            os.chown(self.cache, 65534, 65534)
            self.refused("belongs to somebody else")
            os.rmdir(self.cache)

    def test_no_home(self):
        self.refused("neither HOME nor XDG_CACHE_HOME", HOME=None, XDG_CACHE_HOME=None)
        self.refused("cannot be made", HOME="/proc/no-such-folder", XDG_CACHE_HOME=None)

    def test_no_folder_at_all(self):
        result = self.plan(self.program, HOME=None, XDG_CACHE_HOME=None, TMPDIR="/proc/no-such-folder")
        self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1))

    def test_a_plan_of_somebody_else_is_made_again(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        self.plan(self.program)
        path = self.only_plan()
        os.chown(path, 65534, 65534)
        self.assertEqual(self.plan(self.program).returncode, 0)
        self.assertEqual(os.stat(path).st_uid, 0)

    def test_a_full_disk_is_said(self):
        for size in (0, 20):
            with self.subTest(blocks=size):
                result = self.plan(self.program, before=["sh", "-c", f'ulimit -f {size}; exec "$0" "$@"'])
                self.assertEqual(result.returncode, 1)
                self.assertIn("its plan cannot be written", result.stderr)
                self.assertEqual(os.listdir(self.cache), [])

    def test_planners_side_by_side(self):
        environment = dict(os.environ, XDG_CACHE_HOME=self.folder)
        running = [subprocess.Popen([PLANNER, self.program], env=environment) for _ in range(8)]
        self.assertEqual([p.wait() for p in running], [0] * 8)
        before = os.stat(self.only_plan()).st_ino
        self.assertEqual(self.plan(self.program).returncode, 0)
        self.assertEqual(os.stat(self.only_plan()).st_ino, before)

    def test_a_planner_that_died_is_no_obstacle(self):
        self.plan(self.program)
        path = self.only_plan()
        with open(path + ".part", "wb") as file:
            file.write(b"half a plan" * 10000)
        os.truncate(path, 100)
        self.assertEqual(self.plan(self.program).returncode, 0)
        self.assertEqual(self.only_plan(), path)
        self.assertEqual(self.plan("--stats", "--folder=" + self.cache, self.program).stdout.count("from the cache"), 1)

    def test_what_nobody_uses_goes(self):
        self.plan(self.program)
        kept = self.only_plan()
        now = os.stat(kept).st_mtime
        for name, days in (("0123-race-0.0.9-1.plan", 8), ("4567-race-0.0.9-1.plan", 2), ("89.plan.part", 2),
                           (os.path.basename(kept).replace("-", "0-", 1), 61), ("mine.txt", 1000)):
            path = os.path.join(self.cache, name)
            with open(path, "w") as file:
                file.write("x")
            os.utime(path, (now - days * 86400,) * 2)
        self.plan("--again", self.program)
        self.assertEqual(sorted(os.listdir(self.cache)),
                         sorted(["4567-race-0.0.9-1.plan", "mine.txt", os.path.basename(kept)]))


if __name__ == "__main__":
    unittest.main()
