"""Pairs of assembly: what becomes of a function (pairs/NAME.s, NAME.txt), and functions that must stay as they are (refused/).

`python3 test_pairs.py --write` writes the expected texts anew; each is to be read and understood before it is kept."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLANNER = Path(os.environ.get("SNARL_BUILD", HERE.parents[1] / "build")) / "plan" / "snarl-plan"


def dump(source, check, folder):
    """The planner's listing of function f without bytes, padding and what liveness found."""
    library = os.path.join(folder, "f.so")
    subprocess.run(["gcc", "-shared", "-nostdlib", "-Wl,--build-id=none", source, "-o", library], check=True)
    listing = subprocess.run([PLANNER, "--check=" + check, "--dump", "f", library], capture_output=True, text=True,
                             check=True).stdout
    lines = [re.sub(r"^( +[0-9a-f]+)  [0-9a-f]+ +", r"\1  ", line) for line in listing.splitlines()]
    return "\n".join(re.sub(r" live [0-9a-f]+$", "", line) for line in lines if not line.endswith("int3")) + "\n"


def expected_of(source, folder):
    """Relocation alone; and with counting checks where the name says that they matter."""
    text = dump(source, "none", folder)
    if source.stem in ("flags", "red_zone", "loop", "strings"):
        text += "\nwith a counter before each access\n" + dump(source, "count", folder)
    return text


class Pairs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def test_copies(self):
        sources = sorted((HERE / "pairs").glob("*.s"))
        self.assertGreater(len(sources), 10)
        for source in sources:
            with self.subTest(pair=source.stem):
                self.assertEqual(expected_of(source, self.folder), source.with_suffix(".txt").read_text())

    def test_refused(self):
        sources = sorted((HERE / "refused").glob("*.s"))
        self.assertGreater(len(sources), 4)
        for source in sources:
            with self.subTest(refused=source.stem):
                reason = source.read_text().splitlines()[0].split("reason: ")[1]
                listing = dump(source, "none", self.folder)
                self.assertIn(reason, listing.splitlines()[0])
                self.assertNotIn("copy:", listing)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with tempfile.TemporaryDirectory() as temporary:
            for name in sorted((HERE / "pairs").glob("*.s")):
                name.with_suffix(".txt").write_text(expected_of(name, temporary))
    else:
        unittest.main()
