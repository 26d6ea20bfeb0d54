"""What was done before a request was submitted to an io_uring is known to who takes the answer. A stand-in for liburing, with the
beginning of its structures and its names, and the kernel's part of it played by a system call that nobody looks at; the answers are found by a
load of their tail in the program, as liburing's header has it."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import samplerun

HEADER = r"""
struct queue { unsigned *head, *tail, *mask, *entries, *flags, *more, *array; void *requests; unsigned first, last; unsigned long size;
               void *memory; unsigned rest[4]; };
struct io_uring { struct queue requests, answers; };
int io_uring_submit(struct io_uring *ring);
"""
LIBRARY = HEADER + r"""
#include <unistd.h>
#include <sys/syscall.h>
int io_uring_submit(struct io_uring *ring)
{
    long result = SYS_futex; /* that wakes nobody and adds 1 to the tail */
    register void *fourth __asm__("r10") = 0;
    register unsigned *fifth __asm__("r8") = ring->answers.tail;
    register unsigned long sixth __asm__("r9") = 1u << 28 | 1u << 12;
    __asm__ volatile("syscall" : "+a"(result) : "D"(ring->answers.tail), "S"(5l), "d"(0l), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return 1;
}
"""
PROGRAM = HEADER + r"""
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static unsigned s_head, s_tail;
static struct io_uring s_ring = {.answers = {.head = &s_head, .tail = &s_tail}};
static int s_buffer[8], s_after;
static void *submit(void *unused)
{
    for (int i = 0; i < 8; i++) {
        s_buffer[i] = i;
        io_uring_submit(&s_ring);
    }
    s_after = 1;
    return unused;
}
int main(void)
{
    pthread_t thread;
    int sum = 0;
    pthread_create(&thread, NULL, submit, NULL);
    for (unsigned taken = 0; taken < 8;) {
        unsigned tail = __atomic_load_n(s_ring.answers.tail, __ATOMIC_ACQUIRE);
        if (taken == tail) {
            usleep(100);
            continue;
        }
        sum += s_buffer[taken++];
    }
    printf("%d\n", sum);
    if (AFTER)
        printf("%d\n", s_after);
    pthread_join(thread, NULL);
    return 0;
}
"""

HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
    void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    int (*begin)(void) = plugin ? dlsym(plugin, "begin") : NULL;
    if (!begin)
        puts(dlerror());
    return begin ? begin() : 9;
}
"""


class Rings(unittest.TestCase):
    def compile(self, text, out, *options):
        subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", out, *options], input=text, text=True, check=True)

    def findings(self, after, plugin=False):
        folder = tempfile.mkdtemp(prefix="snarl-rings-")
        self.addCleanup(shutil.rmtree, folder)
        library, program, document = Path(folder, "liburing.so.2"), Path(folder, "program"), Path(folder, "run.json")
        ours = Path(folder, "plugin.so") if plugin else program
        self.compile(LIBRARY, library, "-fPIC", "-shared", "-Wl,-soname,liburing.so.2")
        self.compile(PROGRAM, ours, f"-DAFTER={after}", *(["-fPIC", "-shared", "-Dmain=begin"] if plugin else []), "-x", "none", library,
                     f"-Wl,-rpath,{folder}", "-pthread")
        if plugin:
            self.compile(HOST, program, f'-DPLUGIN="{ours}"')
        status, out, err = samplerun.run_bounded(
            [samplerun.find_command(), "run", "--quiet", "--out", Path(folder, "out"), "--json", document, "--exit-code", "0", "--", program],
            samplerun.BOUND_S, env=dict(os.environ, XDG_CACHE_HOME=folder))
        self.assertEqual((status, out.splitlines()[0]), (0, "28"), err)
        return [finding["location"]["symbol"] for finding in json.loads(document.read_text())["findings"]]

    def test_who_takes_an_answer_comes_after_who_submitted(self):
        self.assertEqual(self.findings(after=0), [])

    def test_it_is_found_behind_a_module_that_was_loaded_for_itself(self):
        self.assertEqual(self.findings(after=0, plugin=True), [])

    def test_what_was_done_after_submitting_is_not_ordered(self):
        self.assertEqual(len(self.findings(after=1)), 1)


if __name__ == "__main__":
    unittest.main()
