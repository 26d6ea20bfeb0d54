"""What a sample says must be found in it.

The head comment of each file under samples/ has one or more lines

    expect: KIND [rule=R] [functions=F,G] [lines=@m,@n] [locks=A,B] [location=V] [allocated=@m] [size=N] [held=A+B,-] [threads=N] [count=N] [confidence=C] [what=F,G] [stack=F>G,H>I] [exit=N] [hangs] [memory=MB]
    expect: nothing [hangs] [memory=MB]

and, when it has a corrected twin, `fixed:` lines of the same form for the build with -DFIXED.

    rule        the finding's `rule`
    functions   each is the function of some frame of the finding's events
    lines       the lines, marked `/* @m */` (`# @m` in Python) in the source, of the innermost frame in this file, for the events
                that acquire, wait or hold: all of these, and no others (but in a
                stall, which tells of every thread)
    locks       each is the name of one of the finding's locks, or its variable (`locks[3]` is of `locks`)
    location    the name of the variable that the finding is about
    allocated   the line where the block of the heap was allocated that the finding is about
    size        its size
    held        of a race, the locks held at the access of each line of `lines`, in their order: names joined by `+`, `-` for none
    threads     so many different threads take part
    count       how often it happened, as the finding's `count` says
    what        the library functions that did the accesses of a race
    stack       the functions of the sample in the stacks of a race's accesses: all of them, innermost first
    exit        the exit status of `snarl run` (default 0)
    hangs       the program never ends by itself: snarl has to end it, within a bound
    memory      the program's largest resident size under snarl, in megabytes, is at most so much
"""
import re
from dataclasses import dataclass, field
from pathlib import Path

LINE = re.compile(r"^(?: \*|#) (expect|fixed): (.*?)(?: \*/)?$", re.M)
MARK = re.compile(r"(?:/\*|#) (@\w+)\b")


@dataclass
class Finding:
    kind: str
    rule: str = ""
    functions: list = field(default_factory=list)
    lines: list = field(default_factory=list)  # line numbers, from the marks
    locks: list = field(default_factory=list)
    location: str = ""
    allocated: int = 0
    size: int = 0
    held: list = field(default_factory=list)  # for each of `lines`, a sorted list of names
    threads: int = 0
    count: int = 0
    confidence: str = ""
    what: list = field(default_factory=list)
    stack: list = field(default_factory=list)


@dataclass
class Expectation:
    findings: list
    exit: int = 0
    hangs: bool = False
    memory_mb: int = 0


@dataclass
class Sample:
    name: str  # group/name or group/name-fixed
    source: Path
    expectation: Expectation


def marked_lines(text):
    marks = {}
    for number, line in enumerate(text.splitlines(), 1):
        for mark in MARK.findall(line):
            marks[mark] = number
    return marks


def parse_finding(words, marks, expectation):
    finding = Finding(words[0])
    for word in words[1:]:
        key, _, value = word.partition("=")
        if key == "hangs":
            expectation.hangs = True
        elif key == "exit":
            expectation.exit = int(value)
        elif key == "memory":
            expectation.memory_mb = int(value)
        elif key == "location":
            finding.location = value
        elif key == "held":
            finding.held = [sorted(names.split("+")) if names != "-" else [] for names in value.split(",")]
        elif key == "allocated":
            finding.allocated = marks[value]
        elif key in ("threads", "count", "size"):
            setattr(finding, key, int(value))
        elif key == "lines":
            finding.lines = [marks[mark] for mark in value.split(",")]
        elif key in ("functions", "locks"):
            setattr(finding, key, value.split(","))
        elif key in ("what", "stack"):
            setattr(finding, key, value.split(","))
        elif key in ("rule", "confidence"):
            setattr(finding, key, value)
        else:
            raise ValueError(f"unknown word in an expectation: {word}")
    if finding.kind != "nothing":
        expectation.findings.append(finding)


def read_samples(source, folder):
    """The sample of one source file, and its twin."""
    text = source.read_text()
    marks = marked_lines(text)
    name = str(source.relative_to(folder).with_suffix(""))
    expectations = {}
    for which, rest in LINE.findall(text):
        expectation = expectations.setdefault(which, Expectation([]))
        parse_finding(rest.split(), marks, expectation)
    if "expect" not in expectations:
        raise ValueError(f"{source}: no line `expect:` in its head comment")
    yield Sample(name, source, expectations["expect"])
    if "fixed" in expectations:
        yield Sample(name + "-fixed", source, expectations["fixed"])


def read_group(folder, group):
    for source in sorted((folder / group).iterdir()):
        if source.suffix in (".c", ".cpp", ".py"):
            yield from read_samples(source, folder)
