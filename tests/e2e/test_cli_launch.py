"""A program under `snarl run` behaves as if it had been started directly: its streams, arguments, environment,
signals, terminal and exit status are its own."""
import os
import pty
import select
import signal
import subprocess
import sys
import time
import unittest

from command import LIBRARY, PATIENCE_S, SNARL, STANDIN, CommandCase

# A shell without job control starts what it puts in the background with these ignored, and so would the programs here be.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

# Prints what the kernel gave the program: mask and dispositions are inherited, so they must be untouched.
SHOW_SIGNALS = """
import re
for line in open("/proc/self/status"):
    if re.match("Sig(Blk|Ign)", line):
        print(line.split()[1])
"""

# Says that it is ready, and each signal that it gets. os.write: print() may be interrupted by the handler's own.
SAY_SIGNALS = """
import os, signal, sys
def say(number, frame):
    os.write(1, b"got " + signal.Signals(number).name.encode() + b"\\n")
    if number == signal.SIGTERM:
        sys.exit(7)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, say)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""

# A shell with job control, as far as this test needs one: runs the command as the foreground job of its terminal.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
report = int(sys.argv[1])
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT): # ignored in background jobs
        signal.signal(number, signal.SIG_DFL)
    os.execv(sys.argv[2], sys.argv[2:])
try:
    os.setpgid(child, child)
except OSError:
    pass
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        word = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
        os.write(report, f"{word}\\n".encode())
        break
    os.tcsetpgrp(0, os.getpgrp())
    os.write(report, f"stopped {os.WSTOPSIG(status)}\\n".encode())
    os.tcsetpgrp(0, child)
    os.killpg(child, signal.SIGCONT)
"""


class Streams(CommandCase):
    def test_every_byte_passes_both_ways(self):
        data = bytes(range(256)) * 4096 + b"\0no end of line"
        result = self.snarl("run", "-q", "cat", input=data, text=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertTrue(result.stdout == data)

    def test_standard_error_is_the_programs(self):
        result = self.snarl("run", "-q", "sh", "-c", "printf 'a\\0b\\377' >&2", text=False)
        self.assertEqual((result.stdout, result.stderr), (b"", b"a\0b\xff"))

    def test_the_programs_words_come_before_the_report(self):
        result = self.snarl("run", "sh", "-c", "echo mine >&2", findings="deadlock")
        self.assertTrue(result.stderr.startswith("mine\n"), result.stderr)
        self.assertIn("deadlock", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_only_the_streams_that_were_given_are_open(self):
        listing = ["sh", "-c", "ls /proc/$$/fd"]
        direct = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
        self.assertEqual(self.snarl("run", "-q", *listing).stdout, direct)

    def test_closed_streams_stay_closed(self):
        result = self.snarl("run", "-q", "sh", "-c", "test ! -e /proc/self/fd/0; exit $?", close_fds=True,
                            preexec_fn=lambda: os.close(0), stdin=None)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_arguments_pass_whole(self):
        odd = ["two  words", "", "-", "--", "a'b\"c\\", "new\nline", "=:*?[", b"\xff\xfe not utf-8"]
        result = self.snarl("run", "-q", "printf", "%s|", *odd, text=False)
        self.assertEqual(result.stdout, b"|".join(os.fsencode(word) for word in odd) + b"|")

    def test_the_environment_differs_by_two_variables(self):
        names = lambda text: {line.split("=")[0] for line in text.splitlines()}
        direct = subprocess.run(["env"], env=self.environment, capture_output=True, text=True, check=True)
        under = self.snarl("run", "-q", "env")
        self.assertEqual(names(under.stdout) - names(direct.stdout), {"LD_PRELOAD", "SNARL_OPTIONS"})
        self.assertEqual(names(direct.stdout) - names(under.stdout), set())

    def test_what_was_preloaded_stays_so_behind_the_library(self):
        other = "libm.so.6"
        environment = dict(self.environment, LD_PRELOAD=other)
        value = self.snarl("run", "-q", "printenv", "LD_PRELOAD", env=environment).stdout.strip()
        self.assertTrue(value.endswith(f":{other}"), value)

    def test_a_library_whose_path_has_a_space_is_loaded(self):
        folder = self.folder / "a b:c"
        folder.mkdir()
        copy = folder / "libsnarl.so"
        copy.write_bytes(STANDIN.read_bytes())
        result = self.snarl("run", "printenv", "LD_PRELOAD", env=dict(self.environment, SNARL_LIBRARY=str(copy)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("cannot be preloaded", result.stderr)
        self.assertFalse(os.path.lexists(result.stdout.strip()), "the link is to be removed")

    def test_the_program_is_in_the_callers_process_group(self):
        result = self.snarl("run", "-q", sys.executable, "-c", "import os; print(os.getpgrp(), os.getsid(0))")
        self.assertEqual(result.stdout.split(), [str(os.getpgrp()), str(os.getsid(0))])


class ExitStatus(CommandCase):
    def test_the_programs_own(self):
        for status in (0, 1, 2, 77, 255):
            self.assertEqual(self.snarl("run", "sh", "-c", f"exit {status}").returncode, status)

    def test_killed_by_a_signal_is_128_and_its_number(self):
        for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGABRT):
            result = self.snarl("run", "-q", "sh", "-c", f"ulimit -c 0; kill -{number.value} $$")
            self.assertEqual(result.returncode, 128 + number)

    def test_an_ignored_sigchld_loses_no_status(self):
        ignore = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.assertEqual(self.snarl("run", "-q", "sh", "-c", "exit 9", preexec_fn=ignore).returncode, 9)


class Signals(CommandCase):
    def test_mask_and_dispositions_are_inherited(self):
        def prepare():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        call = [sys.executable, "-c", SHOW_SIGNALS]
        direct = subprocess.run(call, capture_output=True, text=True, check=True, preexec_fn=prepare)
        under = self.snarl("run", "-q", *call, preexec_fn=prepare)
        self.assertEqual(under.stdout, direct.stdout)

    def test_signals_sent_to_the_command_reach_the_program(self):
        process = self.start("run", "-q", sys.executable, "-c", SAY_SIGNALS)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), f"got {number.name}\n".encode())
        self.assertEqual(process.wait(PATIENCE_S), 7)

    def test_an_unhandled_sigterm_ends_both(self):
        process = self.start("run", "-q", "sh", "-c", "echo $$; exec sleep 1000")
        child = int(process.stdout.readline())
        process.terminate()
        self.assertEqual(process.wait(PATIENCE_S), 128 + signal.SIGTERM)
        self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_killing_the_command_ends_the_program(self):
        process = self.start("run", "-q", "sh", "-c", "echo $$; exec sleep 1000")
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        self.until(lambda: not is_alive(child), "the program lives on")

    def test_a_program_that_stops_stops_the_command(self):
        process = self.start("run", "-q", "sh", "-c", "kill -STOP $$; echo on")
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.assertEqual(os.WSTOPSIG(status), signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.stdout.readline(), b"on\n")
        self.assertEqual(process.wait(PATIENCE_S), 0)


def is_alive(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Terminal(CommandCase):
    """A terminal, a shell on it, and the command as its foreground job."""

    def open_terminal(self, *command):
        self.report, report = os.pipe()
        os.set_inheritable(report, True)
        child, self.terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(sys.executable, [sys.executable, "-c", SHELL, str(report), str(SNARL), *command],
                      self.environment)
        os.close(report)
        self.addCleanup(self.close_terminal, child)
        self.seen = b""

    def close_terminal(self, child):
        os.close(self.terminal)
        os.close(self.report)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, f"no {text!r} in {self.seen!r}")
            self.seen += os.read(self.terminal, 4096)
        self.seen = self.seen.split(text, 1)[1]

    def report_line(self):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.report], [], [], PATIENCE_S)
            self.assertTrue(ready, f"the shell has not said how its job is doing; the terminal shows {self.seen!r}")
            line += os.read(self.report, 1)
        return line.decode()

    def type(self, text):
        os.write(self.terminal, text)

    def test_stop_and_continue(self):
        self.open_terminal("run", "-q", "cat")
        self.type(b"one\n")
        self.expect(b"one\r\none\r\n")
        self.type(b"\x1a")
        self.assertEqual(self.report_line(), f"stopped {signal.SIGTSTP.value}\n")
        self.type(b"two\n")
        self.expect(b"two\r\ntwo\r\n")
        self.type(b"\x04")
        self.assertEqual(self.report_line(), "exit 0\n")

    def test_interrupt_reaches_a_program_that_handles_it_once(self):
        self.open_terminal("run", "-q", sys.executable, "-c", SAY_SIGNALS)
        self.expect(b"ready")
        self.type(b"\x03")
        self.expect(b"got SIGINT")
        self.type(b"\x1c")
        self.expect(b"got SIGQUIT")
        self.assertNotIn(b"SIGINT", self.seen)

    def test_an_interrupted_program_leaves_an_interrupted_job(self):
        self.open_terminal("run", "-q", "sh", "-c", "echo ready; exec sleep 1000")
        self.expect(b"ready")
        self.type(b"\x03")
        self.assertEqual(self.report_line(), f"signal {signal.SIGINT.value}\n")

    def test_the_program_has_the_terminal(self):
        self.open_terminal("run", "-q", "sh", "-c", "tty <&0 >/dev/null && test -t 1 && test -t 2 && echo owned; stty size")
        self.expect(b"owned")
        self.assertEqual(self.report_line(), "exit 0\n")


class Timeout(CommandCase):
    def test_a_program_that_ends_in_time_is_left_alone(self):
        self.assertEqual(self.snarl("run", "--timeout=50", "-q", "sh", "-c", "exit 3").returncode, 3)

    def test_a_program_that_does_not_is_ended(self):
        result = self.snarl("run", "--timeout=0.2", "sleep", "1000")
        self.assertEqual(result.returncode, 124)
        self.assertIn("sleep ran for 0.2 seconds and was ended", result.stderr)

    def test_its_children_are_ended_too(self):
        result = self.snarl("run", "--timeout=0.5", "-q", "sh", "-c", "sleep 1000 & echo $!; wait")
        self.assertEqual(result.returncode, 124)
        self.until(lambda: not is_alive(int(result.stdout)), "the child goes on")

    def test_one_that_ignores_the_polite_end_is_killed(self):
        result = self.snarl("run", "--timeout=0.2", "-q", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
        self.assertEqual(result.returncode, 124)

    def test_a_stopped_program_is_ended(self):
        process = self.start("run", "--timeout=4", "-q", "sh", "-c", "echo $$; exec sleep 1000")
        os.kill(int(process.stdout.readline()), signal.SIGSTOP)  # the others do nothing in an orphaned process group
        self.assertEqual(os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]), True)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(PATIENCE_S), 124)


# The same once more with the true library: what it does inside the program must not show either.

class Watched:
    def setUp(self):
        super().setUp()
        self.environment.update(SNARL_LIBRARY=str(LIBRARY), SNARL_OPTIONS="races=off")


class WatchedStreams(Watched, Streams):
    def test_only_the_streams_that_were_given_are_open(self):
        listed = [int(name) for name in self.snarl("run", "-q", "sh", "-c", "ls /proc/$$/fd").stdout.split()]
        self.assertEqual([number for number in listed if number < 900], [0, 1, 2])

    def test_the_environment_differs_by_two_variables(self):
        environment = dict(self.environment)
        del environment["SNARL_OPTIONS"]
        names = {line.split("=")[0] for line in self.snarl("run", "-q", "env", env=environment).stdout.splitlines()}
        self.assertEqual(names - set(environment), {"LD_PRELOAD", "SNARL_OPTIONS"})

    def test_the_programs_words_come_before_the_report(self):
        result = self.snarl("run", "sh", "-c", "echo mine >&2")
        self.assertTrue(result.stderr.startswith("mine\nsnarl: "), result.stderr)


class Nested(Watched, CommandCase):
    def test_a_run_inside_a_run(self):
        result = self.snarl("run", "-q", "--out=outer", str(SNARL), "run", "-q", "--out=inner", "sh", "-c", "exit 6")
        self.assertEqual((result.returncode, result.stderr), (6, ""))
        for name in ("outer", "inner"):
            self.assertTrue(list((self.folder / name).glob("*.snarl")), name)


class WatchedExitStatus(Watched, ExitStatus):
    pass


class WatchedSignals(Watched, Signals):
    pass


class WatchedTerminal(Watched, Terminal):
    pass


class WatchedTimeout(Watched, Timeout):
    pass


if __name__ == "__main__":
    unittest.main()
