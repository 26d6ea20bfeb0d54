"""The torture programs, built in many ways, with and without rewritten code: the same output and status."""
import os
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["SNARL_BUILD"]
PLANNER = os.path.join(BUILD, "plan", "snarl-plan")
PRELOAD = os.path.join(BUILD, "tests", "rewrite", "librewrite_test.so")

C_VARIANTS = {
    "O0": ["gcc", "-O0", "-g"],
    "O1": ["gcc", "-O1"],
    "O2": ["gcc", "-O2", "-g"],
    "O3": ["gcc", "-O3"],
    "Os": ["gcc", "-Os"],
    "no-pie": ["gcc", "-O2", "-no-pie", "-fno-pie"],
    "native": ["gcc", "-O3", "-march=native"],
    "clang": ["clang", "-O2"],
    "lto": ["gcc", "-O2", "-flto"],
    "cet": ["gcc", "-O2", "-fcf-protection=full"],
    "stripped": ["gcc", "-O2", "-s"],
}


def libraries(program):
    out = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    paths = [word for word in out.split() if word.startswith("/")]
    return [p for p in paths if not any(n in p for n in ("/libc.so", "/ld-linux", "/libm.so", "/libgcc_s.so"))]


class Torture(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o700)
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, name, command, source, extra=()):
        program = os.path.join(self.folder, name)
        subprocess.run([*command, os.path.join(HERE, source), "-o", program, "-pthread", "-ldl", *extra], check=True,
                       capture_output=True)
        return program

    def rewritten(self, check, program, arguments, modules=()):
        env = dict(os.environ, XDG_CACHE_HOME=self.folder)
        subprocess.run([PLANNER, "--check=" + check, program, *libraries(program), *modules], env=env, check=True,
                       capture_output=True)
        report = os.path.join(self.folder, "report-" + check)
        env = dict(os.environ, LD_PRELOAD=PRELOAD, SNARL_TEST_CHECK=check, SNARL_TEST_REPORT=report,
                   SNARL_TEST_FOLDER=os.path.join(self.folder, "snarl"))
        result = subprocess.run([program, *arguments], env=env, capture_output=True, text=True, timeout=120)
        with open(report) as lines:
            text = lines.read()
        self.assertIn(f"applied {program} ", text)
        for module in modules:
            self.assertIn(f"applied {module} ", text)
        return result

    def compare(self, program, arguments=(), modules=()):
        plain = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
        for check in ("none", "count", "race"):
            with self.subTest(check=check):
                other = self.rewritten(check, program, arguments, modules)
                self.assertEqual(plain.stdout, other.stdout)
                self.assertEqual(plain.returncode, other.returncode)
                self.assertEqual(plain.stderr, other.stderr)

    def torture(self, variant):
        command = C_VARIANTS[variant]
        if not shutil.which(command[0]):
            self.skipTest(command[0] + " is not installed")
        program = self.build("torture", command, "torture.c", ["-rdynamic"] if variant == "O2" else [])
        module = self.build("module.so", [*command, "-shared", "-fPIC"], "torture_module.c") \
            if variant != "no-pie" else \
            self.build("module.so", ["gcc", "-O2", "-shared", "-fPIC"], "torture_module.c")
        self.compare(program, [module], [module])

    def test_exceptions(self):
        for options in (["-O0"], ["-O2"], ["-O2", "-no-pie"]):
            with self.subTest(options=options):
                self.compare(self.build("exceptions", ["g++", *options], "torture_exceptions.cc"))


for variant in C_VARIANTS:
    setattr(Torture, "test_" + variant.replace("-", "_"), lambda self, v=variant: self.torture(v))

if __name__ == "__main__":
    unittest.main()
