"""What the documents say is so: their commands run, the options they name exist, their links lead somewhere, and the
report in README.md is one that the program prints."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

BUILD = Path(os.environ["SNARL_BUILD"])
SOURCES = Path(__file__).resolve().parents[2]
GUIDES = [SOURCES / "README.md", *sorted((SOURCES / "docs").rglob("*.md"))]
RUN = [SOURCES / "README.md", SOURCES / "docs/getting-started.md"]  # their commands are run
ELSEWHERE = ("./check", "cmake ", "ninja ", "cpack ")  # what ./check and test_install.py do

PROGRAM = "#include <stdio.h>\nint main(void) { return puts(\"ran\") < 0; }\n"


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


def commands(path):
    for block in blocks(path, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.strip()


class Commands(unittest.TestCase):
    """They run one after the other in a folder with a program, as a reader would type them."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="snarl-docs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "program.c").write_text(PROGRAM)
        subprocess.run(["cc", "-o", "program", "program.c"], cwd=self.folder, check=True)
        (self.folder / "Makefile").write_text("test:\n\t./program\n")

    def run_line(self, line):
        line = line.replace("/usr/lib/snarl/libsnarl.so", str(BUILD / "preload/libsnarl.so"))
        line = re.sub(r"^\./snarl\b", "snarl", line)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SNARL_")}
        environment["PATH"] = f"{BUILD}/cli:{environment['PATH']}"
        return subprocess.run(["sh", "-c", line], cwd=self.folder, env=environment, capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)

    def test_they_run(self):
        ran = 0
        for path in RUN:
            for line in commands(path):
                if line.startswith(ELSEWHERE):
                    continue
                result = self.run_line(line)
                self.assertEqual(result.returncode, 0, f"{path.name}: {line}\n{result.stderr}")
                ran += 1
        self.assertGreater(ran, 8)


class Words(unittest.TestCase):
    def test_the_options_that_documents_name_exist(self):
        known = {}
        checked = 0
        for path in GUIDES:
            for line in commands(path):
                for command, rest in re.findall(r"\bsnarl (run|report|gate|merge|doctor|demo)\b(.*)", line):
                    if command not in known:
                        text = subprocess.run([BUILD / "cli/snarl", command, "--help"], capture_output=True, text=True,
                                              check=True).stdout
                        known[command] = set(re.findall(r"^  (?:-., )?(--[a-z-]+)", text, re.M))
                    for option in re.findall(r"(?<!\S)(--[a-z-]+)", re.split(r"\s--(?![a-z])", rest)[0]):
                        self.assertIn(option, known[command], f"{path.name}: {line}")
                        checked += 1
        self.assertGreater(checked, 10)

    def test_links_lead_somewhere(self):
        for path in GUIDES:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
                self.assertTrue((path.parent / target).exists(), f"{path.name}: {target}")


class Report(unittest.TestCase):
    def test_the_report_in_the_readme_is_a_real_one(self):
        shown = "".join(block for block in blocks(SOURCES / "README.md", "text") if "snarl: ====" in block)
        with tempfile.TemporaryDirectory() as folder:
            real = subprocess.run([BUILD / "cli/snarl", "run", "--races=off", f"--out={folder}/run", "--",
                                   BUILD / "samples/deadlock/classic"], capture_output=True, text=True,
                                  cwd=SOURCES, check=False).stderr
        facts = r"^deadlock.*|\b\w+\.c:\d+(?::\d+)?|\b(?:lock_[ab]|worker_\w+)\b|\(finding \w+\)"
        self.assertTrue(re.findall(facts, shown, re.M))
        self.assertEqual(sorted(set(re.findall(facts, shown, re.M))), sorted(set(re.findall(facts, real, re.M))))


if __name__ == "__main__":
    unittest.main()
