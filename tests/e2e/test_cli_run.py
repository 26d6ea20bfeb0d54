"""What `snarl run` leaves behind and how it judges: run directory, reports, exit status of the gate."""
import json
import os
import subprocess
import unittest

from command import CommandCase


class RunDirectory(CommandCase):
    def runs(self):
        return sorted((self.folder / "snarl-out").iterdir())

    def test_the_usual_one_is_named_after_program_and_time(self):
        self.assertEqual(self.snarl("run", "-q", "/bin/true").returncode, 0)
        self.assertRegex(self.runs()[0].name, r"^true-\d{8}-\d{6}-\d+$")

    def test_the_usual_name_can_go_elsewhere(self):
        self.snarl("run", "-q", "--out=all/%p", "true")
        self.snarl("run", "-q", "--out=all/%p", "true")
        names = [path.name for path in (self.folder / "all").iterdir()]
        self.assertEqual(len(names), 2)
        self.assertRegex(names[0], r"^true-\d{8}-\d{6}-\d+$")

    def test_it_holds_the_document_and_what_the_command_knew(self):
        self.snarl("run", "-q", "--out=a/b", "sh", "-c", "exit 4", "odd \xff".encode("latin-1"))
        document = json.loads((self.folder / "a/b/run.json").read_text())
        meta = json.loads((self.folder / "a/b/meta.json").read_text())
        self.assertEqual(document["schema"], 1)
        self.assertEqual(document["run"]["exit_status"], 4)
        self.assertEqual(meta["exit_status"], 4)
        self.assertEqual(meta["command"], ["sh", "-c", "exit 4", "odd \\xff"])
        self.assertEqual(meta["cwd"], str(self.folder))
        self.assertIs(meta["ended"], True)
        self.assertGreaterEqual(meta["duration_s"], 0)

    def test_its_path_reaches_programs_that_change_their_folder(self):
        self.snarl("run", "-q", "--out=here", "sh", "-c", "cd /; /bin/true")
        self.assertEqual(len(list((self.folder / "here").glob("*.snarl"))), 2)

    def test_colons_in_its_name(self):
        self.assertEqual(self.snarl("run", "-q", "--out=a:b\\c", "true").returncode, 0)
        self.assertTrue(list((self.folder / "a:b\\c").glob("*.snarl")))

    def test_an_earlier_run_gives_way_to_a_new_one(self):
        for findings in ("deadlock", ""):
            status = self.snarl("run", "-q", "--out=same", "true", findings=findings).returncode
        self.assertEqual(status, 0)
        self.assertEqual(len(list((self.folder / "same").glob("*.snarl"))), 1)

    def test_what_is_not_of_a_run_is_kept(self):
        kept = self.folder / "mine"
        kept.mkdir()
        (kept / "notes.txt").write_text("mine")
        (kept / "old.snarl").write_text("mine too: there is no meta.json")
        self.snarl("run", "-q", "--out=mine", "true")
        self.assertTrue((kept / "notes.txt").exists())
        self.assertTrue((kept / "old.snarl").exists())

    def test_one_that_is_in_use_is_refused(self):
        first = self.start("run", "-q", "--out=same", "sh", "-c", "echo ready; read end", stdin=subprocess.PIPE)
        self.assertEqual(first.stdout.readline(), b"ready\n")
        second = self.snarl("run", "-q", "--out=same", "true")
        self.assertEqual(second.returncode, 125)
        self.one_line(second, "another run")
        first.stdin.close()
        first.stdin = None
        self.assertEqual(first.wait(), 1)

    def test_where_nothing_can_be_written(self):
        (self.folder / "file").write_text("")
        for out in ("file", "file/below", "/proc/none"):
            result = self.snarl("run", f"--out={out}", "touch", "ran")
            self.assertEqual(result.returncode, 125, out)
            self.one_line(result, out, "--out")
        self.assertFalse((self.folder / "ran").exists())

    def test_many_at_once(self):
        processes = [self.start("run", "-q", "sh", "-c", "exit 5") for _ in range(8)]
        self.assertEqual([process.wait() for process in processes], [5] * 8)
        self.assertEqual(len(self.runs()), 8)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to mount a small file system")
class FullDisk(CommandCase):
    def setUp(self):
        super().setUp()
        self.small = self.folder / "small"
        self.small.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", self.small], capture_output=True,
                               check=False)
        if mount.returncode:
            self.skipTest("file systems cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", self.small], check=True)

    def test_the_program_goes_on_and_the_loss_is_said(self):
        fill = "cat /dev/zero > small/fill; rm -f small/none; exit 3"
        result = self.snarl("run", "--out=small/run", "sh", "-c", f"{fill}")
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertRegex(result.stderr, r"(?m)^snarl: .*No space left on device")

    def test_no_room_at_all_is_told_before_the_program_runs(self):
        (self.small / "fill").write_bytes(b"")
        subprocess.run("cat /dev/zero > small/fill", shell=True, cwd=self.folder, check=False, capture_output=True)
        result = self.snarl("run", "--out=small/run", "touch", "ran")
        self.assertEqual(result.returncode, 125)
        self.assertIn("No space left on device", result.stderr)
        self.assertFalse((self.folder / "ran").exists())


class Gate(CommandCase):
    def status(self, findings, *options, program=("true",)):
        return self.snarl("run", "-q", *options, *program, findings=findings).returncode

    def test_a_finding_fails_the_run(self):
        for kind in ("data-race", "deadlock", "stall", "lock-order-inversion", "lock-misuse", "signal-unsafe"):
            self.assertEqual(self.status(kind), 66, kind)

    def test_a_leaked_thread_does_not(self):
        self.assertEqual(self.status("thread-leak"), 0)
        self.assertEqual(self.status("thread-leak,deadlock"), 66)

    def test_the_kinds_that_fail_can_be_chosen(self):
        self.assertEqual(self.status("deadlock", "--fail-on=data-race,stall"), 0)
        self.assertEqual(self.status("stall", "--fail-on=data-race,stall"), 66)
        self.assertEqual(self.status("thread-leak", "--fail-on=thread-leak"), 66)

    def test_the_status_can_be_chosen(self):
        self.assertEqual(self.status("deadlock", "--exit-code=3"), 3)
        self.assertEqual(self.status("deadlock", "--exit-code=0"), 0)

    def test_a_failing_finding_wins_over_the_programs_status(self):
        self.assertEqual(self.status("deadlock", program=("sh", "-c", "exit 9")), 66)
        self.assertEqual(self.status("deadlock", program=("sh", "-c", "kill -9 $$")), 66)
        self.assertEqual(self.status("deadlock", "--timeout=0.3", program=("sleep", "1000")), 66)

    def test_a_run_that_nobody_watched_does_not_pass(self):
        result = self.snarl("run", "true", env=dict(self.environment, STANDIN_SILENT="1"))
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "nothing is known of this run")


class Reports(CommandCase):
    def test_json_to_a_file_and_to_standard_output(self):
        self.snarl("run", "-q", "--json=out.json", "true", findings="deadlock")
        document = json.loads((self.folder / "out.json").read_text())
        self.assertEqual([finding["kind"] for finding in document["findings"]], ["deadlock"])
        result = self.snarl("run", "-q", "--json", "-", "true", findings="stall")
        self.assertEqual(json.loads(result.stdout)["findings"][0]["kind"], "stall")

    def test_the_document_in_the_run_directory_is_the_same(self):
        self.snarl("run", "-q", "--out=run", "--json=out.json", "true", findings="deadlock")
        self.assertEqual((self.folder / "out.json").read_text(), (self.folder / "run/run.json").read_text())

    def test_a_report_that_cannot_be_written_is_told_before_the_program_runs(self):
        result = self.snarl("run", "-q", "--json=no/such/folder/x", "touch", "ran")
        self.assertEqual(result.returncode, 125)
        self.one_line(result, "--json=no/such/folder/x")
        self.assertFalse((self.folder / "ran").exists())

    def test_quiet_says_nothing(self):
        result = self.snarl("run", "-q", "true", findings="deadlock")
        self.assertEqual((result.stdout, result.stderr), ("", ""))

    def test_report_renders_a_run_again(self):
        self.snarl("run", "-q", "--out=run", "true", findings="deadlock")
        result = self.snarl("report", "run")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("deadlock", result.stdout)
        again = self.snarl("report", "run", "--json", "-")
        self.assertEqual(again.stdout, (self.folder / "run/run.json").read_text())

    def test_report_of_nothing(self):
        (self.folder / "empty").mkdir()
        for name in ("empty", "missing"):
            result = self.snarl("report", name)
            self.assertEqual(result.returncode, 2)
            self.one_line(result, name)
        self.assertEqual(self.snarl("report").returncode, 2)

    def test_damage_in_one_file_leaves_the_others_readable(self):
        self.snarl("run", "-q", "--out=run", "sh", "-c", "/bin/true; exit 0", findings="deadlock")
        (self.folder / "run/run.json").unlink()
        files = sorted((self.folder / "run").glob("*.snarl"))
        self.assertEqual(len(files), 2)
        files[0].write_bytes(os.urandom(200))
        result = self.snarl("report", "run")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("deadlock", result.stdout)
        self.assertIn(files[0].name, result.stdout)


if __name__ == "__main__":
    unittest.main()
