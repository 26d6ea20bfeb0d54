"""How the command is called: sub-commands, options, help, and what is said of a wrong call."""
import re
import unittest

from command import CommandCase


class Usage(CommandCase):
    def test_without_arguments_it_explains_itself_and_fails(self):
        result = self.snarl()
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, "")
        self.assertIn("usage: snarl COMMAND", result.stderr)

    def test_help_goes_to_standard_output(self):
        for call in (["--help"], ["-h"], ["help"]):
            result = self.snarl(*call)
            self.assertEqual((result.returncode, result.stderr), (0, ""), call)
            self.assertIn("usage: snarl COMMAND", result.stdout)

    def commands(self):
        lines = self.snarl("help").stdout.split("\n\n")[2].splitlines()
        return [line.split()[0] for line in lines]

    def test_every_command_has_help_in_three_spellings(self):
        self.assertIn("run", self.commands())
        for name in self.commands():
            for call in ([name, "--help"], [name, "-h"], ["help", name]):
                if call == ["help", "help"] or name == "help":
                    continue
                result = self.snarl(*call)
                self.assertEqual((result.returncode, result.stderr), (0, ""), call)
                self.assertTrue(result.stdout.startswith(f"usage: snarl {name}"), call)

    def test_version(self):
        for call in ("--version", "version"):
            self.assertRegex(self.snarl(call).stdout, r"^snarl \d+\.\d+\.\d+\n$")

    def test_a_slip_in_a_command_is_told_with_the_right_name(self):
        result = self.snarl("rnu", "true")
        self.assertEqual(result.returncode, 2)
        self.one_line(result, "'rnu'", "did you mean 'run'?")

    def test_a_program_in_place_of_a_command_is_told_how_to_run_it(self):
        result = self.snarl("./program")
        self.assertEqual(result.returncode, 2)
        self.one_line(result, "snarl run -- ./program")

    def test_a_slip_in_an_option_is_told_with_the_right_one(self):
        for call, status, meant in ((["run", "--tiemout=3", "true"], 125, "--timeout"),
                                    (["report", "--jsn", "x", "y"], 2, "--json")):
            result = self.snarl(*call)
            self.assertEqual(result.returncode, status)
            self.one_line(result, "unknown option", f"did you mean '{meant}'?")

    def test_an_option_like_nothing_known_points_to_the_help(self):
        result = self.snarl("run", "--xyzzy", "true")
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "'--xyzzy'", "snarl run --help")

    def test_wrong_values_are_refused_before_the_program_runs(self):
        for option, words in (("--races=ful", "full|calls|off"), ("--timeout=0", "above 0"), ("--timeout=x", "seconds"),
                              ("--exit-code=300", "0 to 255"), ("--exit-code=", "0 to 255"), ("--out=", "not empty"),
                              ("--on-deadlock=die", "exit|continue|abort"), ("--quiet=1", "takes no value"),
                              ("--fail-on=data-rac", "data-rac")):
            result = self.snarl("run", option, "touch", "ran")
            self.assertEqual(result.returncode, 125, option)
            self.one_line(result, words)
        self.assertFalse((self.folder / "ran").exists())
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_value_missing_at_the_end_is_told(self):
        result = self.snarl("run", "--out")
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "--out wants a value")

    def test_what_follows_the_program_is_the_programs(self):
        for call in (["run", "-q", "echo", "--help", "-h", "--", "--out"],
                     ["run", "-q", "--", "echo", "--help", "-h", "--", "--out"]):
            result = self.snarl(*call)
            self.assertEqual((result.returncode, result.stdout), (0, "--help -h -- --out\n"), result.stderr)

    def test_two_reports_on_standard_output_are_refused(self):
        formats = re.findall(r"^  --(json|html|sarif|junit|dot)=", self.snarl("report", "--help").stdout, re.M)
        self.assertIn("json", formats)
        if len(formats) > 1:
            result = self.snarl("run", f"--{formats[0]}=-", f"--{formats[1]}=-", "touch", "ran")
            self.assertEqual(result.returncode, 125)
            self.one_line(result, "only one report")
        self.assertFalse((self.folder / "ran").exists())


if __name__ == "__main__":
    unittest.main()
