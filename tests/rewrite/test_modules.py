"""Libraries that are opened and closed while threads run: found in the same way as without us, planned, checked, named."""
import re
import unittest
from pathlib import Path

from full import FullCase, HERE

SAMPLES = HERE.parents[1] / "samples"


class Modules(FullCase):
    def setUp(self):
        super().setUp()
        self.host = self.compile("host", "plug_host.c")

    def plug(self, name, *options):
        return self.compile(name, "plug.c", "-shared", "-fPIC", *options)

    def test_opened_and_closed_by_several_threads(self):
        plug = self.plug("libplug.so")
        run = self.same(self.host, plug, "300", "0")
        module = self.coverage(run, "libplug.so")
        self.assertEqual((module["instrumented"], module["reason"]), (module["accesses"], ""))
        self.assertGreater(module["accesses"], 3)
        modules = [m["path"] for p in run.document["processes"] for m in p["coverage"]["modules"]]
        self.assertEqual(modules.count(str(plug)), 1)
        self.assertLess(sum(f.stat().st_size for f in Path(run.args[4]).rglob("*")), 200000)

    def test_opened_after_a_question_about_filters(self):
        """libseccomp asks what the kernel knows by setting no filter at all; after a true one nothing more would be prepared."""
        program = self.compile("asks", """
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *body(void *unused) { return unused; }
int main(int argc, char **argv)
{
    pthread_t thread;
    long asked = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL);
    int told = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    printf("%ld %d %d\\n", asked, told, dlopen(argv[1], RTLD_NOW) != NULL);
    return 0;
}
""")
        run = self.same(program, self.plug("libplug.so"))
        self.assertEqual(self.coverage(run, "libplug.so")["reason"], "")
        self.assertGreater(self.coverage(run, "libplug.so")["instrumented"], 0)

    def test_an_allocator_of_the_programs_own_is_told(self):
        source = """
#include <pthread.h>
#include <stdlib.h>
void *__libc_malloc(size_t size);
void *(*volatile g_pointer)(size_t);
#ifdef OWN
void *malloc(size_t size) { return __libc_malloc(size); }
#endif
static void *body(void *unused) { free(malloc(10)); return unused; }
int main(void)
{
    pthread_t thread;
    g_pointer = malloc; /* without -fpie the linkage entry stands for the function everywhere */
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);
    return 0;
}
"""
        for options, own in ([], False), (["-no-pie", "-fno-pie"], False), (["-DOWN", "-rdynamic"], True):
            with self.subTest(options=options):
                run = self.same(self.compile(f"allocates{len(options)}{own}", source, *options))
                notes = [note["text"] for note in run.document["notes"]]
                self.assertEqual(any("an allocator of its own" in note for note in notes), own, notes)

    def test_the_locks_of_an_allocators_library_mean_nothing(self):
        """As those of libc's allocator do, which nobody sees: they order no accesses, and have no place among the program's locks."""
        self.compile("libmimalloc-like.so", """
#include <pthread.h>
#include <stddef.h>
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void __libc_free(void *);
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static void *under_lock(void *block)
{
    pthread_mutex_lock(&s_lock);
    pthread_mutex_unlock(&s_lock);
    return block;
}
void *malloc(size_t size) { return under_lock(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return under_lock(__libc_calloc(count, size)); }
void *realloc(void *block, size_t size) { return under_lock(__libc_realloc(block, size)); }
void free(void *block) { __libc_free(under_lock(block)); }
""", "-shared", "-fPIC")
        program = self.compile("allocates", """
#define SCENE_UNSEEN
#include "duet.h"
static int s_data; /* printed: otherwise it would not be written */
static void first(void)
{
    s_data = 1;
    free(malloc(100));
}
static void second(void)
{
    free(malloc(100));
    s_data = 2;
}
int main(void)
{
    duet();
    return printf("%d\\n", s_data) < 0;
}
""", "-I", SAMPLES, "-fno-builtin", "-L", self.folder, "-lmimalloc-like", "-Wl,-rpath," + str(self.folder))
        run = self.full(program)
        self.assertEqual([(f["kind"], f["location"]["symbol"]) for f in run.document["findings"]], [("data-race", "s_data")], run.stderr)
        self.assertEqual(run.document["locks"], [])

    def test_different_libraries_at_the_same_addresses(self):
        names = [self.plug(f"libplug{i}.so", f"-DNUMBER={i}", f"-Wl,--build-id=0x{i + 1:032x}") for i in range(5)]
        self.same(self.host, names[0], "200", "0", *names[1:])

    def test_races_in_two_at_the_same_address_are_told_apart(self):
        """The one thread that opens them does so one after the other, while another one calls what is in them."""
        program = self.compile("turns", """
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
static void (*s_call)(void);
static void *body(void *unused) { s_call(); return unused; }
int main(int argc, char **argv)
{
    void *first = 0;
    int moved = 0;
    for (int i = 0; i < 6; i++) {
        pthread_t thread[2];
        void *handle = dlopen(argv[1 + i % (argc - 1)], RTLD_NOW);
        s_call = (void (*)(void))dlsym(handle, "plug_race");
        moved += first && first != (void *)s_call;
        first = (void *)s_call;
        for (int k = 0; k < 2; k++)
            pthread_create(&thread[k], 0, body, 0);
        for (int k = 0; k < 2; k++)
            pthread_join(thread[k], 0);
        dlclose(handle);
    }
    printf("moved %d\\n", moved);
    return 0;
}
""")
        names = [self.plug(f"libturn{i}.so", f"-Wl,--build-id=0x{i + 1:032x}") for i in range(2)]
        run = self.full(program, *names)
        self.assertEqual(run.stdout, "moved 0\n")
        self.assertEqual(run.returncode, 66, run.stderr)
        modules = {e["stack"][0]["module"] for f in run.document["findings"] for e in f["events"][:2]}
        self.assertEqual(modules, {str(name) for name in names})

    def test_a_race_in_one_has_its_names(self):
        run = self.full(self.host, self.plug("libplug.so"), "200", "1")
        self.assertEqual(run.returncode, 66, run.stderr)
        races = [f for f in run.document["findings"] if f["kind"] == "data-race"]
        self.assertEqual([f["location"]["symbol"] for f in races], ["s_counter"])
        for event in races[0]["events"][:2]:
            self.assertEqual([f["function"] for f in event["stack"]][:2], ["plug_race", "body"])
            self.assertTrue(event["stack"][0]["file"].endswith("plug.c"))

    def test_runpath_and_origin_are_those_of_the_caller(self):
        (self.folder / "sub").mkdir()
        self.plug("sub/libhidden.so")
        seen = self.compile("seen", "plug_host.c", "-Wl,-rpath,$ORIGIN/sub,--enable-new-dtags")
        old = self.compile("old", "plug_host.c", "-Wl,-rpath,$ORIGIN/sub,--disable-new-dtags")
        run = self.full(seen, "libhidden.so", "1", "0")
        self.assertEqual((run.returncode, run.stdout), (4, self.plain(seen, "libhidden.so", "1", "0").stdout))
        self.assertGreater(self.coverage(run, "libhidden.so")["instrumented"], 3)
        self.assertEqual(self.full(old, "libhidden.so", "1", "0").returncode, 4)
        self.assertEqual(self.full(self.host, "$ORIGIN/sub/libhidden.so", "1", "0").returncode, 4)
        lost = self.full(self.host, "libhidden.so", "1", "0")
        self.assertEqual(lost.returncode, 3)
        self.assertIn("libhidden.so: cannot open", lost.stdout)

    def test_a_constructor_that_runs_threads(self):
        plug = self.compile("libthreads.so", """
#include <pthread.h>
static int s_sum;
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static void *body(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&s_lock);
        s_sum++;
        pthread_mutex_unlock(&s_lock);
    }
    return unused;
}
__attribute__((constructor)) static void begin(void)
{
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], 0, body, 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], 0);
}
int plug_sum(int step) { return s_sum + step; }
""", "-shared", "-fPIC")
        self.same(self.compile("one", """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 0; i < 3; i++) {
        void *handle = dlopen(argv[argc - 1], RTLD_NOW);
        printf("%d\\n", ((int (*)(int))dlsym(handle, "plug_sum"))(i));
        dlclose(handle);
    }
    return 0;
}
"""), plug)

    def test_a_library_opened_by_the_c_library_itself(self):
        run = self.full(self.compile("convert", """
#include <iconv.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static void *body(void *unused)
{
    char in[] = "gr\\xfc\\xdf", out[64], *from = in, *to = out;
    size_t left = strlen(in), room = sizeof(out);
    iconv_t how = iconv_open("UTF-8", "ISO-8859-1");
    iconv(how, &from, &left, &to, &room);
    iconv_close(how);
    printf("%.*s\\n", (int)(to - out), out);
    return unused;
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, body, 0);
    pthread_join(thread, 0);
    return 0;
}
"""))
        self.assertEqual((run.returncode, run.stdout), (0, "grüß\n"), run.stderr)
        paths = [m["path"] for p in run.document["processes"] for m in p["coverage"]["modules"]]
        if any(re.search(r"/gconv/", p) for p in paths):
            self.assertIn("ISO8859-1.so", " ".join(paths))


if __name__ == "__main__":
    unittest.main()
