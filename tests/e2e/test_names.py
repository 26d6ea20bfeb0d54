"""The names of the memory that two threads race on: programs/names.c and names.cpp, compiled in many ways.

A racy line of these names what a report may call its memory. Whatever the compiler, no finding may have another name; and
with -O0, where nothing is optimised away, each racy line has its finding. `-` allows none.
"""
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import samplerun

PROGRAMS = Path(__file__).resolve().parent / "programs"
MARK = re.compile(r"(?:/\*|//) race: (.*?)(?: \*/)?$")


def allowed_names(source):
    """{line: the names allowed}"""
    lines = enumerate(source.read_text().splitlines(), 1)
    return {number: mark[1].split(" or ") for number, text in lines if (mark := MARK.search(text))}


def compile_program(source, compiler, flags, folder):
    program = Path(folder, "program")
    command = [compiler, "-g", "-pthread", *flags, str(source), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True)
    return program


def names_found(program, options, folder):
    """[(line, name, finding)] of the races of a run."""
    document = Path(folder, "run.json")
    command = [samplerun.find_command(), "run", "--quiet", "--out", Path(folder, "out"), "--json", document, *options, "--", program]
    samplerun.run_bounded(command, samplerun.BOUND_S)
    found = []
    for finding in json.loads(document.read_text())["findings"]:
        source = program.with_name(finding["events"][0]["stack"][0]["file"].rpartition("/")[2])
        lines = {frame["line"] for frame in (samplerun.frame_of(event, source) for event in finding["events"][:2]) if frame}
        found += [(line, finding["location"]["symbol"] or "-", finding) for line in lines]
    return found


def make_test(source_name, compiler, flags, options):
    def test(self):
        if not shutil.which(compiler):
            self.skipTest(f"no {compiler} here")
        source = PROGRAMS / source_name
        allowed = allowed_names(source)
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            found = names_found(compile_program(source, compiler, flags, folder), options, folder)
        for line, name, _ in found:
            self.assertIn(line, allowed, f"a race in line {line} ({name})")
            self.assertIn(name, allowed[line], f"line {line}")
        if "-O0" in flags:
            self.assertEqual(set(allowed), {line for line, _, _ in found}, "lines with a race")
        self.assertTrue(found)
    return test


class Names(unittest.TestCase):
    def test_where_the_memory_is(self):
        """Beside its name: the function of a local variable, whose thread-local it is, the type of a block."""
        if not shutil.which("gcc"):
            self.skipTest("no gcc here")
        with tempfile.TemporaryDirectory(prefix="snarl-test-") as folder:
            program = compile_program(PROGRAMS / "names.c", "gcc", ["-O0"], folder)
            found = {name: finding["location"] for _, name, finding in names_found(program, ["--races=full"], folder)}
        self.assertEqual((found["local[1]"]["kind"], found["local[1]"]["function"]), ("stack", "main"))
        self.assertEqual((found["t_count"]["kind"], found["t_count"]["thread"]["name"]), ("tls", "main"))
        self.assertEqual((found["counter"]["kind"], found["counter"]["function"]), ("global", "count"))
        self.assertEqual((found["q->length"]["kind"], found["q->length"]["type"]), ("heap", "struct queue"))
        self.assertEqual(found["q->length"]["offset"], 16)
        self.assertEqual(found["mine->tail->value"]["type"], "struct node")
        allocated = found["q->length"]["allocated"]["stack"]
        self.assertEqual([frame["function"] for frame in allocated[:2]], ["allocate", "main"])
        self.assertTrue(found["config.limits[3].max"]["declared"]["line"])


VARIANTS = {
    "plain_O0": (["-O0"], ["--races=full"]),
    "plain_O2": (["-O2"], ["--races=full"]),
    "dwarf4_O1": (["-O1", "-gdwarf-4"], ["--races=full"]),
    "no_pie_O2": (["-O2", "-no-pie"], ["--races=full"]),
}
for source in ("names.c", "names.cpp"):
    language = source.rpartition(".")[2]
    for suite in (("gcc", "clang") if language == "c" else ("g++", "clang++")):
        for variant, (flags, options) in VARIANTS.items():
            setattr(Names, f"test_{suite.replace('+', 'p')}_{variant}", make_test(source, suite, flags, options))
    tsan = "gcc" if language == "c" else "g++"
    for level in ("-O0", "-O2"):
        setattr(Names, f"test_{tsan.replace('+', 'p')}_tsan{level.replace('-', '_')}",
                make_test(source, tsan, [level, "-fsanitize=thread", "-Wno-tsan"], []))

if __name__ == "__main__":
    unittest.main()
