"""`snarl gate` and `snarl merge`, and the settings that a project keeps in snarl.toml."""
import json
import unittest

from command import CommandCase


class Runs(CommandCase):
    def run_into(self, name, findings):
        self.snarl("run", "-q", f"--out={name}", "true", findings=findings)

    def fingerprints(self, *runs):
        document = json.loads(self.snarl("report", *runs, "--json=-").stdout)
        return sorted(finding["fingerprint"] for finding in document["findings"])


class Gate(Runs):
    def test_what_was_found_fails(self):
        self.run_into("bad", "deadlock,thread-leak")
        self.run_into("good", "")
        result = self.snarl("gate", "bad")
        self.assertEqual((result.returncode, result.stderr), (66, ""))
        self.assertIn("deadlock", result.stdout)
        self.assertIn("2 findings: 1 fail", result.stdout)
        self.assertEqual(self.snarl("gate", "good").returncode, 0)
        self.assertEqual(self.snarl("gate", "good", "bad").returncode, 66)
        self.assertEqual(self.snarl("gate", "bad", "--fail-on=data-race").returncode, 0)
        self.assertEqual(self.snarl("gate", "bad", "--exit-code=9").returncode, 9)

    def test_a_baseline_accepts_what_is_there_and_nothing_else(self):
        self.run_into("before", "deadlock")
        self.assertEqual(self.snarl("gate", "before", "--write-baseline=known").returncode, 0)
        self.assertEqual(self.snarl("gate", "before", "--baseline=known").returncode, 0)
        self.run_into("after", "deadlock,stall")
        self.assertEqual(self.snarl("gate", "after", "--baseline=known").returncode, 66)
        self.assertEqual(self.snarl("run", "-q", "--baseline=known", "true", findings="deadlock").returncode, 0)

    def test_suppressions(self):
        (self.folder / "rules").write_text("# made-up findings\nstall:made_*\nlock-misuse:never_called\n")
        result = self.snarl("run", "--suppressions=rules", "--unused", "-q", "true", findings="stall")
        self.assertEqual(result.returncode, 0)
        self.assertIn("lock-misuse:never_called", result.stderr)
        self.assertNotIn("made_", result.stderr)
        self.assertEqual(self.snarl("run", "-q", "--suppressions=rules", "true", findings="deadlock").returncode, 66)

    def test_what_cannot_be_read_is_told_before_the_program_runs(self):
        (self.folder / "rules").write_text("no colon here\n")
        for option in ("--suppressions=rules", "--suppressions=missing", "--baseline=missing"):
            result = self.snarl("run", option, "touch", "ran")
            self.assertEqual(result.returncode, 125, option)
            self.one_line(result, option.split("=")[1])
        self.assertFalse((self.folder / "ran").exists())

    def test_wrong_calls(self):
        self.assertEqual(self.snarl("gate").returncode, 2)
        self.assertEqual(self.snarl("gate", "missing").returncode, 2)


class Merge(Runs):
    def test_order_repetition_and_grouping_make_no_difference(self):
        for name, findings in (("a", "deadlock"), ("b", "stall"), ("c", "deadlock,lock-misuse")):
            self.run_into(name, findings)
        for call, out in ((("a", "b", "c"), "all"), (("c", "a", "b", "a"), "again"), (("a", "b"), "ab"),
                          (("ab", "c"), "grouped"), (("all", "all", "a"), "same")):
            result = self.snarl("merge", *call, "-o", out)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        whole = (self.folder / "all/run.json").read_text()
        for other in ("again", "grouped", "same"):
            self.assertEqual((self.folder / other / "run.json").read_text(), whole, other)

    def test_the_merged_run_is_read_like_any_other(self):
        self.run_into("a", "deadlock")
        self.run_into("b", "stall")
        self.snarl("merge", "a", "b", "-o", "all")
        self.assertEqual(self.snarl("gate", "all").returncode, 66)
        self.assertEqual(self.fingerprints("all"), self.fingerprints("a", "b"))

    def test_a_run_is_not_overwritten(self):
        self.run_into("a", "deadlock")
        self.run_into("b", "stall")
        result = self.snarl("merge", "a", "b", "-o", "a")
        self.assertEqual(result.returncode, 2)
        self.one_line(result, "a holds a run of its own")

    def test_wrong_calls(self):
        self.run_into("a", "")
        for call in ((), ("a",), ("-o", "x"), ("missing", "-o", "x"), ("a", "-o", "no/such/x")):
            self.assertEqual(self.snarl("merge", *call).returncode, 2, call)


class Settings(Runs):
    def test_the_command_line_wins_over_the_file(self):
        (self.folder / "snarl.toml").write_text('out = "there"\nexit-code = 7\nquiet = true\n')
        self.assertEqual(self.snarl("run", "true", findings="deadlock").returncode, 7)
        self.assertTrue((self.folder / "there/run.json").exists())
        self.assertEqual(self.snarl("run", "--exit-code=8", "--out=here", "true", findings="deadlock").returncode, 8)
        self.assertTrue((self.folder / "here/run.json").exists())

    def test_lists_switches_and_numbers(self):
        (self.folder / "my.toml").write_text('fail-on = ["stall", "data-race"]\nfollow = false\ntimeout = 0.5\n'
                                             'quiet = true\n')
        self.assertEqual(self.snarl("run", "--config=my.toml", "true", findings="deadlock").returncode, 0)
        self.assertEqual(self.snarl("run", "--config=my.toml", "true", findings="stall").returncode, 66)
        self.assertEqual(self.snarl("run", "--config=my.toml", "sleep", "1000").returncode, 124)
        options = self.snarl("run", "--config=my.toml", "printenv", "SNARL_OPTIONS").stdout
        self.assertIn("follow=0", options)

    def test_mistakes_in_the_file_are_told_with_their_place(self):
        (self.folder / "snarl.toml").write_text("quiet = true\ntimeuot = 3\n")
        result = self.snarl("run", "touch", "ran")
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "snarl.toml:2:", "timeuot")
        self.assertFalse((self.folder / "ran").exists())

    def test_a_file_that_is_named_must_be_there(self):
        result = self.snarl("run", "--config=missing.toml", "true")
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "missing.toml")


if __name__ == "__main__":
    unittest.main()
