"""The two scripts at the top of a clone: what they say and do when there is something to do, and when not."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["SNARL_BUILD"])


class Scripts(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="snarl-setup-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def shell(self, script, **environment):
        """Runs shell text with setup.sh at hand, in a made-up clone whose list of packages is ours."""
        root = self.folder / "clone"
        (root / "cmake").mkdir(parents=True, exist_ok=True)
        (root / "build").mkdir(exist_ok=True)
        shutil.copy(SOURCES / "cmake/setup.sh", root / "cmake")
        if not (root / "cmake/packages.txt").exists():
            (root / "cmake/packages.txt").write_text(
                "# group: product\ndpkg\nsnarl-no-such-package\n\n# a remark\n# group: tests\nbash\n")
        return subprocess.run(["sh", "-euc", f"root={root}; . {root}/cmake/setup.sh; {script}"], capture_output=True,
                              text=True, check=False, env=dict(os.environ, **environment))

    def test_groups_of_packages(self):
        self.assertEqual(self.shell("package_group product").stdout.split(), ["dpkg", "snarl-no-such-package"])
        self.assertEqual(self.shell("package_group tests").stdout.split(), ["bash"])

    @unittest.skipUnless(shutil.which("dpkg-query"), "not a Debian")
    def test_only_what_is_missing_is_installed(self):
        self.assertEqual(self.shell("missing_packages product").stdout.split(), ["snarl-no-such-package"])
        self.assertEqual(self.shell("missing_packages tests").stdout.split(), [])
        result = self.shell("install_packages() { echo \"install $*\"; }; need_packages product; need_packages product")
        self.assertEqual(result.stdout, "install snarl-no-such-package\n", "the second time it is known")

    @unittest.skipUnless(shutil.which("dpkg-query"), "not a Debian")
    def test_without_the_right_to_install_it_is_said_what_is_missing(self):
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "id").write_text("#!/bin/sh\necho 1000\n")
        (tools / "id").chmod(0o755)
        for name in ("dpkg-query", "sed", "mkdir", "sh"):
            (tools / name).symlink_to(shutil.which(name))
        result = self.shell("need_packages product", PATH=str(tools))
        self.assertEqual(result.returncode, 125)
        self.assertRegex(result.stderr, r"^snarl: neither root nor sudo .*apt-get install snarl-no-such-package\n$")

    def test_a_failing_step_shows_what_it_said(self):
        result = self.shell("run_logged 'the step' sh -c 'echo the reason; exit 3'")
        self.assertEqual(result.returncode, 125)
        self.assertIn("the reason", result.stderr)
        self.assertRegex(result.stderr, r"snarl: the step failed; all of its output is in .*setup\.log\n$")

    def test_one_builds_at_a_time(self):
        script = "take_lock; echo in >>$root/log; sleep 0.2; echo out >>$root/log; drop_lock"
        together = self.shell(f"({script}) & ({script}) & ({script}) & wait")
        self.assertEqual(together.returncode, 0, together.stderr)
        self.assertEqual((self.folder / "clone/log").read_text(), "in\nout\n" * 3)

    def test_packages_are_listed_once_and_in_groups(self):
        lines = (SOURCES / "cmake/packages.txt").read_text().splitlines()
        names = [line for line in lines if line and not line.startswith("#")]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names))

    @unittest.skipUnless(BUILD == SOURCES / "build", "the scripts build in build/")
    def test_the_command_keeps_the_callers_folder_and_its_output_clean(self):
        result = subprocess.run([SOURCES / "snarl", "run", "-q", "--races=off", "pwd"], cwd=self.folder,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.stdout, f"{self.folder}\n", result.stderr)


if __name__ == "__main__":
    unittest.main()
