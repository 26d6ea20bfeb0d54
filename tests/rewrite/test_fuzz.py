"""A short run of fuzz.py, always the same; SNARL_FUZZ_ROUNDS makes it longer."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fuzz

HERE = Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("SNARL_FUZZ_ROUNDS", "150"))


class Fuzz(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.program = self.folder / "program"
        source = self.folder / "program.c"
        source.write_text("""
#include <stdio.h>
#include <stdlib.h>
static int by_size(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
    int values[100];
    for (int i = 0; i < 100; i++)
        values[i] = (i * 37 + argc) % 101;
    qsort(values, 100, sizeof(int), by_size);
    switch (values[argc]) {
    case 1: puts("one"); break;
    case 2: puts("two"); break;
    case 3: puts(argv[0] ? "three" : ""); break;
    case 4: puts("four"); break;
    case 5: puts("five"); break;
    }
    printf("%d %d\\n", values[3], values[99]);
    return values[7];
}
""")
        subprocess.run(["gcc", "-O2", "-g", source, "-o", self.program], check=True)
        self.fuzzer = fuzz.Fuzzer(self.folder, 11)

    def test_mutated_programs(self):
        data = self.program.read_bytes()
        for number in range(ROUNDS):
            with self.subTest(number=number):
                self.assertIsNone(self.fuzzer.try_program(data))
        self.assertGreater(min(self.fuzzer.outcomes["planned"], self.fuzzer.outcomes["refused"]), ROUNDS // 20)

    def test_damaged_plans(self):
        whole, expected = self.fuzzer.prepare_plan(self.program)
        for number in range(ROUNDS):
            with self.subTest(number=number):
                self.assertIsNone(self.fuzzer.try_plan(self.program, whole, expected))
        self.assertGreater(self.fuzzer.outcomes["plan refused"], ROUNDS // 2)


if __name__ == "__main__":
    unittest.main()
