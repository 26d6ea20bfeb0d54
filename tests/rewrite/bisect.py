#!/usr/bin/env python3
"""bisect.py MODULE -- COMMAND... - finds the function of MODULE whose rewriting changes what COMMAND does.

COMMAND is run natively and then with --races=full and ever fewer functions of MODULE copied, until one is left: the first with
which the output or the status differs. What that function has become is then shown by

    snarl-plan --check=race --dump ADDRESS MODULE

Everything else is instrumented as usual; --only leaves everything else alone."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get("SNARL_BUILD", Path(__file__).resolve().parents[2] / "build"))
PLANNER, SNARL = BUILD / "plan" / "snarl-plan", BUILD / "cli" / "snarl"


def function_count(module):
    """The first line of any listing says how many functions there are."""
    text = subprocess.run([PLANNER, "--dump", "#0", module], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"function 0 of (\d+)", text).group(1))


def main():
    arguments = sys.argv[1:]
    only = "--only" in arguments and not arguments.remove("--only")
    if "--" not in arguments or len(arguments) < 3:
        sys.exit(__doc__)
    module, command = arguments[0], arguments[arguments.index("--") + 1:]
    native = subprocess.run(command, capture_output=True, check=False)
    total = function_count(module)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, XDG_CACHE_HOME=folder)

        def works(last):
            subprocess.run([PLANNER, "--silent", f"--functions=0:{last}", module], env=environment, check=False)
            out = Path(folder) / f"run-{last}-{len(os.listdir(folder))}"
            options = ["--modules=" + module] if only else []
            full = subprocess.run([SNARL, "run", "-q", "--races=full", "--exit-code=0", f"--out={out}", *options, "--", *command],
                                  env=environment, capture_output=True, check=False)
            same = (full.stdout, full.stderr) == (native.stdout, native.stderr) and \
                full.returncode in (native.returncode, 0)
            print(f"{last} of {total} functions: {'same' if same else 'different'}", flush=True)
            return same

        if works(total):
            sys.exit("all of them: the same as natively")
        good, bad = 0, total
        if not works(1):
            bad = 1
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if works(middle) else (good, middle)
    print(f"function {bad - 1} changes what the program does:")
    listing = subprocess.run([PLANNER, "--dump", f"#{bad - 1}", module], capture_output=True, text=True, check=False).stdout
    print("\n".join(listing.splitlines()[:3]))


if __name__ == "__main__":
    main()
