"""The snarl command as the tests call it: for every test_cli*.py. The build's folder is in SNARL_BUILD."""
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BUILD = Path(os.environ.get("SNARL_BUILD", Path(__file__).resolve().parents[2] / "build"))
SNARL = BUILD / "cli" / "snarl"
STANDIN = BUILD / "tests" / "e2e" / "libsnarl_standin.so"
LIBRARY = BUILD / "preload" / "libsnarl.so"
PATIENCE_S = 60  # how long a condition is waited for before the test fails


class CommandCase(unittest.TestCase):
    """A test in a folder of its own, with the stand-in library, which finds what the test says."""

    def until(self, condition, words):
        """Waits for what must come soon."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                self.fail(words)
            time.sleep(0.01)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="snarl test ")  # a space on purpose
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = dict(os.environ, SNARL_LIBRARY=str(STANDIN), LC_ALL="C.UTF-8")
        for name in ("SNARL_OPTIONS", "LD_PRELOAD", "STANDIN_FINDINGS", "STANDIN_SILENT"):
            self.environment.pop(name, None)

    def snarl(self, *arguments, **more):
        """Runs it to its end. Texts unless told otherwise."""
        settings = dict(cwd=self.folder, env=self.environment, capture_output=True, timeout=PATIENCE_S,
                        text="input" not in more or isinstance(more["input"], str))
        if "findings" in more:
            settings["env"] = dict(self.environment, STANDIN_FINDINGS=more.pop("findings"))
        settings.update(more)
        return subprocess.run([SNARL, *arguments], check=False, **settings)

    def start(self, *arguments, **more):
        settings = dict(cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        settings.update(more)
        process = subprocess.Popen([SNARL, *arguments], **settings)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def one_line(self, result, *words):
        """What was said is one line, snarl's own, with these words in it."""
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("snarl: "), lines[0])
        for word in words:
            self.assertIn(word, lines[0])

    def script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path
