"""What libsnarl.so shows to the programs that it is loaded into. A name that it exports takes the place of the same
name in every library of the program, so there is none but those that are meant to."""
import os
import re
import subprocess
import unittest
from pathlib import Path

BUILD = Path(os.environ["SNARL_BUILD"])
LIBRARY = BUILD / "preload" / "libsnarl.so"

# Besides the functions of libc that it stands before.
MEANT = re.compile(r"""
    snarl_annotations_v1            # snarl.h
    | __tsan_\w+ | (WTF)?Annotate\w+ | RunningOnValgrind | ValgrindSlowdown | ThreadSanitizerQuery      # ThreadSanitizer's and Valgrind's annotations
    | __cxa_guard_(acquire|release|abort)  # C++ statics
    | snarl_(call_|port_)\w+ | snarl_calls_on  # for libsnarl-calls.so (preload/access/bridge.h)
    | atexit                        # which gcc takes from its sanitizer runtime
    | (GOMP|omp|__kmpc)_\w+         # OpenMP
""", re.X)


def dynamic_symbols(path, *options):
    listing = subprocess.run(["nm", "-D", *options, path], capture_output=True, text=True, check=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


def loaded_library(name):
    """The path under which the loader finds it."""
    listing = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    return re.search(rf"{re.escape(name)} => (\S+)", listing).group(1)


class Exports(unittest.TestCase):
    def test_only_what_is_meant_is_exported(self):
        libc = {symbol.split("@")[0] for symbol in dynamic_symbols(loaded_library("libc.so.6"), "--defined-only")}
        ours = {symbol.split("@")[0] for symbol in dynamic_symbols(LIBRARY, "--defined-only")}
        self.assertIn("pthread_mutex_lock", ours)
        strange = sorted(symbol for symbol in ours - libc if not MEANT.fullmatch(symbol) and
                         not symbol.startswith("GLIBC_"))
        self.assertEqual(strange, [])

    def test_the_library_of_calls_has_functions_of_libc_and_liburing_only(self):
        libc = {symbol.split("@")[0] for symbol in dynamic_symbols(loaded_library("libc.so.6"), "--defined-only")}
        calls = {symbol.split("@")[0] for symbol in dynamic_symbols(BUILD / "preload" / "libsnarl-calls.so", "--defined-only")}
        calls = {symbol for symbol in calls if not symbol.startswith("GLIBC_")}
        self.assertIn("memcpy", calls)
        newer = {symbol for symbol in calls - libc if symbol.startswith("__isoc23_")}  # libc has them from 2.38 on
        rings = {symbol for symbol in calls if re.fullmatch("(__)?io_uring_[a-z_]+", symbol)}
        self.assertEqual(sorted(calls - libc - newer - rings), [])

    def test_condition_variables_come_in_both_versions(self):
        symbols = dynamic_symbols(LIBRARY, "--defined-only")
        for name in ("init", "destroy", "wait", "timedwait", "signal", "broadcast"):
            self.assertIn(f"pthread_cond_{name}@@GLIBC_2.3.2", symbols)
            self.assertIn(f"pthread_cond_{name}@GLIBC_2.2.5", symbols)

    def test_it_needs_nothing_but_the_c_library(self):
        dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        self.assertLessEqual(needed, {"libc.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"})

    def test_the_area_of_checks_is_where_plans_expect_it(self):
        """Two pages before the thread pointer: the loader rounds the distance up to the alignment (plan/format.h)."""
        segments = subprocess.run(["readelf", "-lW", LIBRARY], capture_output=True, text=True, check=True).stdout
        size, alignment = re.search(r" TLS .* (0x[0-9a-f]+) R +(0x[0-9a-f]+)", segments).groups()
        symbols = subprocess.run(["readelf", "-sW", LIBRARY], capture_output=True, text=True, check=True).stdout
        place = int(re.search(r": ([0-9a-f]+) .* TLS .* snarl_area$", symbols, re.M).group(1), 16)
        self.assertEqual(int(alignment, 16), 4096)
        self.assertEqual(place - (int(size, 16) + 4095) // 4096 * 4096, -8192)


if __name__ == "__main__":
    unittest.main()
