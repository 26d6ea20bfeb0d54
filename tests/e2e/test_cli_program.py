"""Which program `snarl run` runs, and which it refuses: each refusal is one line that names it and the way out."""
import os
import shutil
import struct
import subprocess
import unittest

from command import CommandCase

EM_386, EM_X86_64, EM_AARCH64 = 3, 62, 183


def elf_file(bits, machine, segments=0):
    """The head of an ELF file, and as many empty segments."""
    ident = b"\x7fELF" + bytes([1 if bits == 32 else 2, 1, 1]) + bytes(9)
    if bits == 32:
        return ident + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, 52, 0, 0, 52, 32, segments, 0, 0, 0) + \
            bytes(32 * segments)
    return ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, segments, 0, 0, 0) + \
        bytes(56 * segments)


class Program(CommandCase):
    def program(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    def refused(self, name, *words, status=125):
        result = self.snarl("run", name)
        self.assertEqual(result.returncode, status, result.stderr)
        self.one_line(result, name, *words)
        self.assertFalse((self.folder / "snarl-out").exists())

    def test_a_missing_program_is_127(self):
        self.refused("no-such-program", "command not found", status=127)
        self.refused("./no-such-program", "No such file", status=127)
        self.assertEqual(self.snarl("run", "").returncode, 127)

    def test_what_cannot_be_executed_is_126(self):
        (self.folder / "plain").write_text("echo\n")
        (self.folder / "folder").mkdir()
        self.refused("./plain", "Permission denied", status=126)
        self.refused("./folder", "Is a directory", status=126)
        self.refused("./plain/below", "Not a directory", status=127)

    def test_a_program_is_looked_for_along_path(self):
        (self.folder / "first").mkdir()
        (self.folder / "second").mkdir()
        (self.folder / "first" / "tool").write_text("not executable")
        self.script("second/tool", "#!/bin/sh\necho second\n")
        path = f"{self.folder}/first::{self.folder}/second"
        environment = dict(self.environment, PATH=path)
        self.assertEqual(self.snarl("run", "-q", "tool", env=environment).stdout, "second\n")
        environment["PATH"] = f"{self.folder}/first"
        self.assertEqual(self.snarl("run", "tool", env=environment).returncode, 126)

    def test_a_relative_path_is_relative_to_the_callers_folder(self):
        self.script("tool", "#!/bin/sh\npwd\n")
        self.assertEqual(self.snarl("run", "-q", "./tool").stdout, f"{self.folder}\n")

    def test_an_empty_part_of_path_is_the_callers_folder(self):
        self.script("tool", "#!/bin/sh\necho here\n")
        environment = dict(self.environment, PATH=":/usr/bin")
        self.assertEqual(self.snarl("run", "-q", "tool", env=environment).stdout, "here\n")

    def test_executable_text_without_a_first_line_runs_in_the_shell(self):
        self.script("tool", "echo $((40 + 2))\n")
        self.assertEqual(self.snarl("run", "-q", "./tool").stdout, "42\n")

    def test_a_static_program(self):
        self.program("static", elf_file(64, EM_X86_64, segments=1))
        self.refused("./static", "statically linked", "link it dynamically")

    def test_a_real_static_program(self):
        source = self.folder / "static.c"
        source.write_text("int main(void) { return 0; }\n")
        subprocess.run(["cc", "-static", "-o", self.folder / "static", source], check=True)
        self.refused("./static", "statically linked")

    def test_a_32_bit_program(self):
        self.program("old", elf_file(32, EM_386, segments=1))
        self.refused("./old", "32-bit", "x86-64")

    def test_a_program_for_another_machine(self):
        self.program("foreign", elf_file(64, EM_AARCH64, segments=1))
        self.refused("./foreign", "AArch64", "x86-64")
        self.program("unknown", elf_file(64, 4711, segments=1))
        self.refused("./unknown", "machine 4711")

    def test_damaged_files_are_126(self):
        self.program("head", elf_file(64, EM_X86_64)[:20])
        self.refused("./head", "not a sound ELF file", status=126)
        self.program("cut", elf_file(64, EM_X86_64, segments=9)[:80])
        self.refused("./cut", "not a sound ELF file", status=126)

    def test_set_uid_and_set_gid_programs(self):
        for mode, word in ((0o4755, "set-uid"), (0o2755, "set-gid")):
            copy = self.folder / word
            shutil.copy("/bin/true", copy)
            copy.chmod(mode)
            self.refused(f"./{word}", word, "plain copy")

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setcap"), "needs root and setcap")
    def test_file_capabilities(self):
        copy = self.folder / "capable"
        shutil.copy("/bin/true", copy)
        if subprocess.run(["setcap", "cap_net_raw+ep", copy], check=False, capture_output=True).returncode:
            self.skipTest("the file system knows no capabilities")
        self.refused("./capable", "capabilities")

    def test_the_interpreter_of_a_script_is_what_counts(self):
        static = self.program("static", elf_file(64, EM_X86_64, segments=1))
        bare = self.folder.parent / f"snarl-{os.getpid()}-static"  # a first line cannot say a space
        shutil.copy(static, bare)
        self.addCleanup(bare.unlink)
        self.script("tool", f"#!{bare}\n")
        self.refused("./tool", str(bare), "statically linked")
        self.script("tool", "#!/no/such/interpreter -x\n")
        self.refused("./tool", "/no/such/interpreter", status=127)

    def test_scripts_run_with_their_arguments(self):
        self.script("tool", "#!/bin/sh -e\necho \"$0 $1\"\n")
        self.assertEqual(self.snarl("run", "-q", "./tool", "a  b").stdout, "./tool a  b\n")


if __name__ == "__main__":
    unittest.main()
