"""An installation works from wherever it stands, and other builds find it. The Debian package holds all of it."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

BUILD = Path(os.environ["SNARL_BUILD"])
SOURCES = Path(__file__).resolve().parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("SNARL_")}

ANNOTATED = """
#include <snarl.h>
#include <stdio.h>
int main(void)
{
    static int lock;
    SNARL_LOCK_NAME(&lock, "made by hand");
    SNARL_LOCK_ACQUIRED(&lock);
    SNARL_LOCK_RELEASED(&lock);
    return puts("works") < 0;
}
"""

PROJECT = """
cmake_minimum_required(VERSION 3.22)
project(user LANGUAGES C)
enable_testing()
find_package(snarl 0.1 REQUIRED)
add_executable(program program.c)
target_link_libraries(program snarl::annotations)
add_executable(watched program.c)
target_link_libraries(watched snarl::snarl)
snarl_add_test(NAME under COMMAND program OPTIONS --races=off --out=found)
"""


def run(*command, **more):
    settings = dict(check=True, capture_output=True, text=True, env=CLEAN, stdin=subprocess.DEVNULL)
    settings.update(more)
    return subprocess.run([str(word) for word in command], **settings)


class TreeCase(unittest.TestCase):
    """`self.tree` is an installation that was moved after it was made."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="snarl-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        run("cmake", "--install", BUILD, "--prefix", cls.folder / "made")
        cls.tree = cls.folder / "moved"
        (cls.folder / "made").rename(cls.tree)
        cls.work = cls.folder / "work"
        cls.work.mkdir()
        (cls.work / "program.c").write_text(ANNOTATED)

    def one(self, pattern):
        found = list(self.tree.glob(pattern))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return found[0]


class Tree(TreeCase):
    def test_the_command_is_there(self):
        self.assertRegex(run(self.tree / "bin/snarl", "--version").stdout, r"^snarl \d")

    def test_the_demonstration_runs_from_there(self):
        result = run(self.tree / "bin/snarl", "demo", cwd=self.work, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in ("lock_a", "lock_b", "deadlock"):
            self.assertIn(name, result.stderr)

    def test_every_command_has_a_manual_page_without_warnings(self):
        names = re.findall(r"^  (run|report|doctor|demo|gate|merge)  ", run(self.tree / "bin/snarl", "help").stdout, re.M)
        pages = {path.name for path in (self.tree / "share/man/man1").iterdir()}
        self.assertEqual(pages, {"snarl.1"} | {f"snarl-{name}.1" for name in names})
        for page in pages:
            result = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", self.tree / "share/man/man1" / page,
                         env=dict(CLEAN, LC_ALL="C.UTF-8"))
            self.assertEqual(result.stderr, "", page)

    def test_the_manual_pages_tell_the_options_that_there_are(self):
        for name in ("run", "report", "doctor", "demo", "gate", "merge"):
            page = self.tree / f"share/man/man1/snarl-{name}.1"
            if page.exists():
                there = set(re.findall(r"^  (?:-., )?(--[a-z-]+)", run(self.tree / "bin/snarl", name, "-h").stdout, re.M))
                text = page.read_text().replace("\\-", "-")
                told = set(re.findall(r"^\.BR? .*?(--[a-z-]+)", text.split(".SH OPTIONS")[1].split(".SH")[0], re.M))
                self.assertEqual(told, there, name)

    def test_pkg_config(self):
        environment = dict(CLEAN, PKG_CONFIG_PATH=str(self.one("lib*/**/pkgconfig")))
        flags = run("pkg-config", "--cflags", "--libs", "snarl", env=environment).stdout.split()
        run("cc", "-o", "linked", "program.c", *flags, cwd=self.work)
        needed = run("readelf", "-d", self.work / "linked").stdout
        self.assertIn("libsnarl.so", needed)
        self.assertEqual(run(self.work / "linked", cwd=self.work).stdout, "works\n")
        command = run("pkg-config", "--variable=command", "snarl", env=environment).stdout.strip()
        self.assertTrue(os.access(command, os.X_OK), command)

    def test_cmake_package(self):
        project = self.work / "project"
        project.mkdir()
        shutil.copy(self.work / "program.c", project)
        (project / "CMakeLists.txt").write_text(PROJECT)
        run("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.tree}")
        run("cmake", "--build", project / "build")
        result = run("ctest", "--test-dir", project / "build", "-V", check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("works", result.stdout)
        self.assertTrue(list((project / "build/found").glob("*.snarl")))
        self.assertIn("libsnarl.so", run("readelf", "-d", project / "build/watched").stdout)
        self.assertEqual(run(project / "build/watched", cwd=self.work).stdout, "works\n")

    def test_the_header_is_good_c_and_cxx_and_can_be_disabled(self):
        include = f"-I{self.tree}/include"
        warnings = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", include]
        disabled = ["-DSNARL_DISABLE", "-Wno-unused-variable"]
        for compiler in (["cc", "-std=c99"], ["cc", "-std=c11", *disabled], ["c++", "-x", "c++", "-std=c++11"]):
            run(*compiler, *warnings, self.work / "program.c")

    def test_completion(self):
        script = self.tree / "share/bash-completion/completions/snarl"
        def complete(*words):
            call = f"""source '{script}'; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}
                       compopt() {{ :; }}; _snarl '{self.tree}/bin/snarl' '{words[-1]}'; printf '%s\\n' "${{COMPREPLY[@]}}" """
            return run("bash", "-c", call).stdout.split()
        self.assertEqual(complete("snarl", "ru"), ["run"])
        self.assertEqual(complete("snarl", "run", "--ti"), ["--timeout="])
        self.assertEqual(complete("snarl", "run", "--qu"), ["--quiet"])


@unittest.skipUnless(shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps"), "needs dpkg-dev")
class DebianPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="snarl-deb-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        run("cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder)
        cls.packages = list(cls.folder.glob("*.deb"))

    def test_it_holds_everything(self):
        self.assertEqual(len(self.packages), 1)
        listing = run("dpkg-deb", "-c", self.packages[0]).stdout
        for pattern in (r"\./usr/bin/snarl$", r"/snarl/libsnarl\.so$", r"\./usr/include/snarl\.h$", r"/man1/snarl\.1",
                        r"/man1/snarl-run\.1", r"/pkgconfig/snarl\.pc$", r"/cmake/snarl/snarl-config\.cmake$",
                        r"/bash-completion/completions/snarl$", r"/doc/snarl/README\.md", r"/doc/snarl/LICENSE"):
            self.assertRegex(listing, re.compile(pattern, re.M))
        self.assertNotRegex(listing, r"\./(?!usr/)[^\s/]+", "everything is below /usr")

    def test_it_names_what_it_depends_on(self):
        depends = run("dpkg-deb", "-f", self.packages[0], "Depends").stdout
        for package in ("libc6", "libdw1", "libjansson4"):
            self.assertIn(package, depends)

    def test_its_content_runs(self):
        tree = self.folder / "root"
        run("dpkg-deb", "-x", self.packages[0], tree)
        result = run(tree / "usr/bin/snarl", "demo", cwd=self.folder, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
