"""The torture program with --races=full, all of it in copied code."""
import unittest

from full import FullCase


class Awake(FullCase):
    def test_torture_with_everything_copied(self):
        """test_torture.py has all variants with checks that find nothing; these have the true ones, from the first line on."""
        module = self.compile("module.so", "torture_module.c", "-shared", "-fPIC")
        for options in (["-fcf-protection=full"], ["-no-pie", "-fno-pie"]):
            with self.subTest(options=options):
                self.same(self.compile("torture", "torture.c", "-ldl", *options), module, "awake")


if __name__ == "__main__":
    unittest.main()
