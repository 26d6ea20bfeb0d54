"""Programs run with --races=full, each test with a folder and a cache of its own."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["SNARL_BUILD"])
SNARL = BUILD / "cli" / "snarl"
PLANNER = BUILD / "plan" / "snarl-plan"


class FullCase(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="snarl-full-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cache = self.folder / "cache"
        self.cache.mkdir(mode=0o700)
        self.environment = dict(os.environ, XDG_CACHE_HOME=str(self.cache), TMPDIR=str(self.folder))
        for name in ("SNARL_OPTIONS", "LD_PRELOAD", "SNARL_LIBRARY"):
            self.environment.pop(name, None)

    def compile(self, name, source, *options, compiler="gcc"):
        """`source` is text, or the name of a file beside this one."""
        path = HERE / source if "\n" not in source else self.folder / f"{name}.{'cc' if compiler == 'g++' else 'c'}"
        if "\n" in source:
            path.write_text(source)
        output = self.folder / name
        output.parent.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-g", "-pthread", path, "-o", output, *options], check=True)
        return output

    def plain(self, *command, **more):
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder, check=False, **more)

    def full(self, *command, options=(), **more):
        """Runs under the detector; the finished process, with the document as .document."""
        out = Path(tempfile.mkdtemp(dir=self.folder)) / "run.json"
        settings = dict(capture_output=True, text=True, timeout=120, cwd=self.folder, env=self.environment)
        settings.update(more)
        result = subprocess.run([SNARL, "run", "--races=full", "--out", out.parent / "run", "--json", out, *options, "--",
                                 *command], check=False, **settings)
        result.document = json.loads(out.read_text()) if out.exists() else None
        return result

    def plans(self):
        folder = self.cache / "snarl"
        return sorted(folder.iterdir()) if folder.exists() else []

    def same(self, *command, status=None, **more):
        """The same output and status with and without us, and nothing found. Returns the run."""
        plain, full = self.plain(*command), self.full(*command, **more)
        self.assertEqual(full.stdout, plain.stdout)
        self.assertEqual(full.returncode, plain.returncode if status is None else status, full.stderr)
        self.assertEqual([f["message"] for f in full.document["findings"]], [])
        return full

    def coverage(self, run, name):
        """What the report says of the module with this last part."""
        for process in run.document["processes"]:
            for module in process["coverage"]["modules"]:
                if os.path.basename(module["path"]) == name:
                    return module
        return self.fail(f"no coverage of {name}")
