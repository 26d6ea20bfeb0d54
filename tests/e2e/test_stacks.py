"""Both stacks of a race are complete, however the accesses came about: programs/stacks.cpp, stock and compiled with
-fsanitize=thread. The functions of the program must be all there, in their order; frames of libraries may stand between."""
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import samplerun
from test_names import PROGRAMS, compile_program

OUTWARD = ["all_of_it", "worker"]
STACKS = {  # of the worker's access, the earlier one
    "s_sorted": ["compare", "sort_some", *OUTWARD],
    "s_signalled": ["on_signal", "wait_for_signal", *OUTWARD],
    "s_caught": ["catcher", *OUTWARD],
    "s_inlined": ["innermost", "middle", "outer", *OUTWARD],
}


def functions(event):
    """The program's functions of a stack, innermost first, without parameters. A signal comes at the end of the inlined
    sleep_in_kernel or just after it."""
    names = [frame["function"].partition("(")[0] for frame in event["stack"] if (frame["file"] or "").endswith("stacks.cpp")]
    return [name for name in names if name != "sleep_in_kernel"]


def races_of(program, arguments, options, folder):
    """{name: finding}, and the frees under "free"."""
    document = Path(folder, "run.json")
    command = [samplerun.find_command(), "run", "--quiet", "--out", Path(folder, "out"), "--json", document, *options, "--", program,
               *arguments]
    samplerun.run_bounded(command, 4 * samplerun.BOUND_S)
    races = {}
    for finding in json.loads(document.read_text())["findings"]:
        name = "free" if finding["rule"] == "use-after-free" else finding["location"]["symbol"]
        races[name] = finding
    return races


class Stacks(unittest.TestCase):
    def check(self, flags, options, far=0):
        if not shutil.which("g++"):
            self.skipTest("no g++ here")
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            unseen = [] if "-fsanitize=thread" in flags else ["-DSCENE_UNSEEN"]
            flags = ["-std=gnu++14", "-Wno-register", *unseen, *flags]
            program = compile_program(PROGRAMS / "stacks.cpp", "g++", flags, folder)
            races = races_of(program, [str(far)] if far else [], options, folder)
        for name, expected in STACKS.items():
            with self.subTest(name):
                now, before = races[name]["events"][:2]
                self.assertEqual(functions(now), ["main"])
                self.assertEqual(functions(before), expected)
                self.assertTrue(before["complete"])
                created = before["thread"]["created"]
                self.assertEqual(functions(created), ["spawn", "spawner"])
                self.assertEqual(functions(created["thread"].get("created") or {"stack": []}), [])
        free = races["free"]
        self.assertEqual(functions(free["events"][0]), ["free_block", "main"])
        self.assertEqual(functions(free["events"][1]), ["use_block", *OUTWARD])
        self.assertEqual(functions(free["location"]["allocated"]), ["make_block", "main"])
        self.assertTrue(all(frame["line"] for event in free["events"][:2] for frame in event["stack"][:2]))

    def test_stock_O0(self):
        self.check(["-O0"], ["--races=full"])

    def test_stock_O2(self):
        self.check(["-O2"], ["--races=full"])

    def test_tsan_O0(self):
        self.check(["-O0", "-fsanitize=thread", "-Wno-tsan"], [])

    def test_tsan_O2(self):
        self.check(["-O2", "-fsanitize=thread", "-Wno-tsan"], [])

    def test_fifty_million_accesses_later(self):
        self.check(["-O2"], ["--races=full"], far=50_000_000)
        self.check(["-O2", "-fsanitize=thread", "-Wno-tsan"], [], far=50_000_000)


if __name__ == "__main__":
    unittest.main()
