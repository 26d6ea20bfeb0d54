"""The ways in which a Python program comes to run: scripts, virtual environments, embedded and sub-interpreters, debugging
allocators, and the agent switched off. What the samples of samples/python show is taken as given here."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import samplerun
from pythons import PYTHONS, ask, find_library, find_others

HERE = Path(__file__).resolve().parent
OPPOSITE = samplerun.SAMPLES / "python" / "opposite.py"
ORDERED = samplerun.SAMPLES / "python" / "ordered.py"
GUARDED = samplerun.SAMPLES / "python" / "races_guarded.py"

SUBINTERPRETER = """
import threading
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = '''
import queue, threading
lock_c, lock_d, jobs = threading.Lock(), threading.RLock(), queue.SimpleQueue()
for first, second in ((lock_c, lock_d), (lock_d, lock_c)):
    with first:
        with second:
            jobs.put(first)
jobs.get()
'''
lock_a, lock_b = threading.Lock(), threading.Lock()


def work():
    for _ in range(3):
        number = interpreters.create()
        with lock_a:
            with lock_b:
                interpreters.run_string(number, CODE)
        interpreters.destroy(number)


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("outside")
"""


class Ways(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, text, name="program.py"):
        path = self.folder / name
        path.write_text(text)
        return path

    def run_snarl(self, *words, **options):
        """(exit status, standard output, standard error, the JSON document) of `snarl run WORDS`."""
        document = self.folder / "run.json"
        command = [samplerun.find_command(), "run", "--quiet", "--json", document, "--out", self.folder / "out"]
        status, out, err = samplerun.run_bounded([*command, *words], samplerun.BOUND_S, cwd=self.folder, **options)
        return status, out, err, json.loads(document.read_text())

    def found(self, *words, **options):
        """[(kind, names of its locks)] of the run's findings."""
        document = self.run_snarl(*words, **options)[3]
        return [(finding["kind"], sorted(lock["name"] for lock in finding["locks"])) for finding in document["findings"]]

    def check_same(self, *command, options=(), **more):
        """Nothing found, and standard output and status as without snarl."""
        native = subprocess.run(command, capture_output=True, text=True, timeout=samplerun.BOUND_S, **more)
        status, out, err, document = self.run_snarl(*options, "--", *command, **more)
        self.assertEqual([finding["message"] for finding in document["findings"]], [])
        self.assertEqual((status, out, err), (native.returncode, native.stdout, native.stderr))

    def test_python_on_the_path(self):
        """`python3` may be a script that finds the true one and executes it."""
        self.assertEqual(self.run_snarl("--", "python3", OPPOSITE)[0], 66)

    def test_interpreter_line(self):
        program = self.write("#!/usr/bin/env python3\n" + OPPOSITE.read_text(), "program")
        program.chmod(0o755)
        self.assertEqual(self.run_snarl("--", program)[0], 66)

    def test_virtual_environment(self):
        for version, path in PYTHONS.items():
            with self.subTest(version=version):
                home = self.folder / version
                subprocess.run([path, "-m", "venv", "--without-pip", home], check=True)
                found = self.found("--races=off", "--", home / "bin" / "python", OPPOSITE)
                names = [[], ["lock_a", "lock_b"]][version.rpartition(".")[0] != "3.10"]
                self.assertEqual([kind for kind, _ in found], ["lock-order-inversion"])
                self.assertIn(found[0][1], [names] if names else [found[0][1]])

    def test_debugging_allocators(self):
        """The runtime chooses its allocators while it starts: what it got before, it must not free afterwards."""
        for version, path in PYTHONS.items():
            for name, words, variables in (("dev", ["-X", "dev"], {}), ("malloc", [], {"PYTHONMALLOC": "malloc"}),
                                           ("debug", [], {"PYTHONMALLOC": "debug"})):
                with self.subTest(version=version, allocator=name):
                    self.check_same(path, *words, ORDERED, options=["--races=off"], env={**os.environ, **variables})

    def test_debugging_allocator_with_races(self):
        for version, path in PYTHONS.items():
            if not version.startswith("3.10"):
                with self.subTest(version=version):
                    self.check_same(path, "-X", "dev", GUARDED, options=["--races=off", "--python-races"])

    def test_embedded(self):
        """A runtime that a C program opens while it runs."""
        embedder = self.folder / "embedder"
        subprocess.run(["cc", "-O1", HERE / "programs" / "embedder.c", "-o", embedder, "-ldl"], check=True)
        for version, path in PYTHONS.items():
            library = find_library(path)
            if version.startswith("3.10"):
                continue
            if not library:
                print(f"no shared library of Python {version}: not embedded", file=sys.stderr)
                continue
            home = {**os.environ, "PYTHONHOME": ask(path, "sys.base_prefix")}
            with self.subTest(version=version):
                found = self.found("--races=off", "--", embedder, library, OPPOSITE, env=home)
                self.assertEqual(found, [("lock-order-inversion", ["lock_a", "lock_b"])])
                self.check_same(embedder, library, ORDERED, options=["--races=off"], env=home)

    def test_subinterpreters(self):
        """Left alone: neither found anything in nor upset."""
        program = self.write(SUBINTERPRETER)
        for version, path in PYTHONS.items():
            options = ["--races=off"] + ["--python-races"] * (not version.startswith("3.10"))
            with self.subTest(version=version):
                self.check_same(path, program, options=options)

    def test_c_frames(self):
        """On demand, C frames stand between Python's, which stay all there and in order."""
        for version, path in PYTHONS.items():
            if version.startswith("3.10"):
                continue
            with self.subTest(version=version):
                stacks = []
                for options in ([], ["--python-c-frames"]):
                    document = self.run_snarl("--races=off", *options, "--", path, OPPOSITE)[3]
                    self.assertEqual([finding["kind"] for finding in document["findings"]], ["lock-order-inversion"])
                    stacks.append(document["findings"][0]["events"][0]["stack"])
                plain, mixed = ([(frame["function"], frame["line"]) for frame in stack if frame["language"] == "python"]
                                for stack in stacks)
                self.assertEqual(mixed, plain)
                languages = [frame["language"] == "python" for frame in stacks[1]]
                self.assertFalse(languages[0])
                self.assertFalse(languages[-1])
                self.assertTrue(all(frame["language"] == "python" for frame in stacks[0]))

    def test_unknown_versions(self):
        """Run as C programs are, and said so in one note."""
        others = find_others()
        if not others:
            self.skipTest("no Python here that snarl does not know")
        program = self.write("import threading\nthread = threading.Thread(target=lambda: None)\nthread.start()\nthread.join()\n"
                             "print('done')\n")
        for path in others:
            for mode in ("off", "full"):
                with self.subTest(python=path, races=mode):
                    self.check_same(path, program, options=[f"--races={mode}"])
                    document = json.loads((self.folder / "run.json").read_text())
                    notes = [note["text"] for note in document["notes"] if "Python" in note["text"]]
                    self.assertEqual(len(notes), 1)
                    self.assertIn("a version that snarl does not know", notes[0])

    def test_off(self):
        """A C program like any other: no Python frames."""
        off = {**os.environ, "SNARL_OPTIONS": "python=off"}
        for mode in ("off", "full"):
            with self.subTest(races=mode):
                status, _, err, document = self.run_snarl(f"--races={mode}", "--", "/usr/bin/python3", OPPOSITE, env=off)
                self.assertNotIn('"python"', json.dumps(document))
                self.assertEqual(err, "")


if __name__ == "__main__":
    unittest.main()
