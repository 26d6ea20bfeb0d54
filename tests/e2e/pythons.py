"""The Pythons of this machine that snarl knows: the system's, and those under ~/.pyenv/versions; one of each version."""
import subprocess
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def ask(path, expression):
    """What this Python prints for an expression, and "" when it does not run."""
    answer = subprocess.run([path, "-c", f"import sys, sysconfig; print({expression})"], capture_output=True, text=True)
    return answer.stdout.strip()


def find_pythons():
    """{version: path}, the system's first."""
    found = {}
    for path in [Path("/usr/bin/python3"), *sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))]:
        version = ask(path, "'%d.%d.%d' % sys.version_info[:3]") if path.exists() else ""
        if version.rpartition(".")[0] in VERSIONS:
            found.setdefault(version, path)
    return found


def find_library(path):
    """The shared library of this Python's runtime, or None: only programs that embed it have need of one."""
    names = ask(path, "sysconfig.get_config_var('INSTSONAME')"), ask(path, "sysconfig.get_config_var('LDLIBRARY')")
    folders = ask(path, "sysconfig.get_config_var('LIBDIR')"), "/usr/lib/x86_64-linux-gnu"
    places = [Path(folder, name) for folder in folders for name in names if ".so" in name]
    return next((place for place in places if place.exists()), None)


def find_others():
    """Pythons that snarl does not know."""
    found = [path for path in sorted(Path.home().glob(".pyenv/versions/*/bin/python")) if path not in PYTHONS.values()]
    return [path for path in found if ask(path, "'%d.%d' % sys.version_info[:2]") not in ("", *VERSIONS)]


PYTHONS = find_pythons()
