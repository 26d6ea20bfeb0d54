"""`snarl doctor`: the facts about a program are the true ones."""
import shutil
import subprocess
import unittest

from command import CommandCase

SOURCE = """
#include <pthread.h>
static void *body(void *unused) { return unused; }
int main(void) { pthread_t thread; return pthread_create(&thread, 0, body, 0) || pthread_join(thread, 0); }
"""


class Doctor(CommandCase):
    def build(self, name, *options):
        source = self.folder / f"{name}.c"
        source.write_text(SOURCE)
        subprocess.run(["cc", "-pthread", *options, "-o", self.folder / name, source], check=True)
        return f"./{name}"

    def rows(self, program, status=0):
        result = self.snarl("doctor", program)
        self.assertEqual((result.returncode, result.stderr), (status, ""))
        rows = {}
        for line in result.stdout.splitlines():
            rows.setdefault(line[9:22].strip(), []).append((line[1:7].strip(), line[23:]))
        return rows

    def test_a_program_with_everything(self):
        rows = self.rows(self.build("all", "-g", "-Wl,--build-id=0x1234abcd"))
        self.assertEqual({mark for row in rows.values() for mark, _ in row}, {"ok"})
        self.assertEqual(rows["build-id"], [("ok", "1234abcd")])
        self.assertIn("POSIX threads", rows["threads"][0][1])
        self.assertRegex(rows["races"][0][1], r"^100\.00 % of the program's own \d+ memory accesses")

    def test_the_libraries_that_it_links(self):
        source = self.folder / "part.c"
        source.write_text("int part(int *p) { return *p += 2; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.folder / "libpart.so", source], check=True)
        rows = self.rows(self.build("linked", "-Wl,--no-as-needed,-rpath,$ORIGIN", f"{self.folder}/libpart.so"))["races"]
        self.assertEqual([r for r in rows if r[1].startswith("libpart.so: 100.00 % of its ")], rows[1:2])
        self.assertIn("libc.so.6", rows[2][1])
        self.assertIn("stays as it is", rows[2][1])

    def test_a_stripped_program(self):
        rows = self.rows(self.build("bare", "-s", "-Wl,--build-id=none"))
        for label, word in (("symbols", "stripped"), ("debug info", "-g"), ("build-id", "none")):
            self.assertEqual(rows[label][0][0], "note")
            self.assertIn(word, rows[label][0][1])

    def test_a_static_program_cannot_be_watched(self):
        rows = self.rows(self.build("static", "-static"), status=1)
        self.assertEqual(rows["watching"][0][0], "NO")
        self.assertIn("statically linked", rows["watching"][0][1])

    def test_sanitizers(self):
        if subprocess.run(["cc", "-fsanitize=thread", "-x", "c", "-", "-o", "/dev/null"], input=SOURCE, text=True,
                          capture_output=True, check=False).returncode == 0:
            self.assertIn("-fsanitize=thread", self.rows(self.build("tsan", "-fsanitize=thread"))["sanitizer"][0][1])
        self.assertEqual(self.rows(self.build("asan", "-fsanitize=address"))["sanitizer"][0][0], "NO")

    def test_a_script_is_seen_through(self):
        self.script("tool", "#!/bin/sh\n")
        self.assertIn("/bin/sh", self.rows("./tool")["file"][0][1])

    def test_env_is_seen_through(self):
        program = self.build("interpreter")
        self.environment["PATH"] = f"{self.folder}:{self.environment['PATH']}"
        for words in ("interpreter", "-S interpreter -x", "-S A=b interpreter"):
            self.script("tool", f"#!/usr/bin/env {words}\n")
            self.assertIn(f"{self.folder}/{program[2:]}", self.rows("./tool")["file"][0][1])
        self.script("tool", "#!/usr/bin/env -u HOME interpreter\n")
        self.assertIn("/usr/bin/env", self.rows("./tool")["file"][0][1])

    def test_missing_programs_and_wrong_calls(self):
        self.assertEqual(self.snarl("doctor", "no-such-program").returncode, 127)
        self.assertEqual(self.snarl("doctor", "/etc/passwd").returncode, 126)
        self.assertEqual(self.snarl("doctor").returncode, 2)

    @unittest.skipUnless(shutil.which("dpkg-query"), "not a Debian")
    def test_the_debug_package_of_a_packaged_program_is_named(self):
        self.assertIn("coreutils-dbgsym", self.rows("/bin/true")["debug info"][0][1])


if __name__ == "__main__":
    unittest.main()
