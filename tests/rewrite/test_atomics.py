"""What the planner takes for atomic, and what not: functions in assembly, as compilers write them."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

PLANNER = os.path.join(os.environ["SNARL_BUILD"], "plan", "snarl-plan")

LOADS = {  # function: how many of its plain instructions are atomic, and its code
    "spin_with_pause": (1, "1: pause\n mov 8(%rdi), %eax\n test %eax, %eax\n je 1b\n ret"),
    "spin_alone": (1, "1: mov (%rdi), %al\n test %al, %al\n je 1b\n ret"),
    "spin_on_a_value": (1, "1: cmp %esi, (%rdi)\n jne 1b\n ret"),
    "spin_with_yield": (1, "push %rbx\n mov %rdi, %rbx\n jmp 2f\n1: call sched_yield@plt\n2: mov (%rbx), %eax\n test %eax, %eax\n"
                           " je 1b\n pop %rbx\n ret"),
    "test_before_the_loop": (2, "mov (%rdi), %eax\n test %eax, %eax\n jne 3f\n1: pause\n mov (%rdi), %eax\n test %eax, %eax\n"
                                " je 1b\n3: ret"),
    "spin_in_the_frame": (1, "push %rbp\n mov %rsp, %rbp\n mov %rdi, -8(%rbp)\n1: mov -8(%rbp), %rax\n mov (%rax), %eax\n"
                             " mov %eax, -12(%rbp)\n mov -12(%rbp), %eax\n test %eax, %eax\n je 1b\n pop %rbp\n ret"),
    "exchange_until_free": (1, "1: mov $1, %eax\n xchg %eax, (%rdi)\n test %eax, %eax\n je 3f\n2: pause\n mov (%rdi), %eax\n"
                               " test %eax, %eax\n jne 2b\n jmp 1b\n3: ret"),
    "looked_at_before_the_lock": (1, "push %rbx\n push %rbp\n mov %rdi, %rbx\n mov 8(%rbx), %ecx\n cmp %esi, %ecx\n jl 2f\n"
                                     "1: pop %rbp\n pop %rbx\n ret\n2: mov %esi, %ebp\n lea 16(%rbx), %rdi\n"
                                     " call pthread_mutex_lock@plt\n jmp 4f\n3: lea 16(%rbx), %rsi\n lea 64(%rbx), %rdi\n"
                                     " call pthread_cond_wait@plt\n4: mov 8(%rbx), %eax\n cmp %ebp, %eax\n jl 3b\n"
                                     " lea 16(%rbx), %rdi\n call pthread_mutex_unlock@plt\n jmp 1b"),
    "looked_at_under_the_lock": (0, "push %rbx\n push %rbp\n mov %rdi, %rbx\n mov %esi, %ebp\n lea 16(%rbx), %rdi\n"
                                    " call pthread_mutex_lock@plt\n mov 8(%rbx), %ecx\n cmp %ebp, %ecx\n jge 5f\n"
                                    "3: lea 16(%rbx), %rsi\n lea 64(%rbx), %rdi\n"
                                    " call pthread_cond_wait@plt\n4: mov 8(%rbx), %eax\n cmp %ebp, %eax\n jl 3b\n"
                                    "5: lea 16(%rbx), %rdi\n call pthread_mutex_unlock@plt\n pop %rbp\n pop %rbx\n ret"),
    "looked_at_under_the_lock_that_is_taken_again": (
        0, "push %rbx\n push %rbp\n mov %rdi, %rbx\n mov %esi, %ebp\n lea 16(%rbx), %rdi\n call pthread_mutex_lock@plt\n"
           " mov 8(%rbx), %ecx\n cmp %ebp, %ecx\n jge 5f\n lea 16(%rbx), %rdi\n call pthread_mutex_unlock@plt\n"
           " lea 16(%rbx), %rdi\n call pthread_mutex_lock@plt\n jmp 4f\n"
           "3: lea 16(%rbx), %rsi\n lea 64(%rbx), %rdi\n"
           " call pthread_cond_wait@plt\n4: mov 8(%rbx), %eax\n cmp %ebp, %eax\n jl 3b\n"
           "5: lea 16(%rbx), %rdi\n call pthread_mutex_unlock@plt\n pop %rbp\n pop %rbx\n ret"),
    "looks_at_another_place": (0, "push %rbx\n push %rbp\n mov %rdi, %rbx\n mov 4(%rbx), %ecx\n cmp %esi, %ecx\n jl 2f\n"
                                  "1: pop %rbp\n pop %rbx\n ret\n2: mov %esi, %ebp\n lea 16(%rbx), %rdi\n"
                                  " call pthread_mutex_lock@plt\n jmp 4f\n3: lea 16(%rbx), %rsi\n lea 64(%rbx), %rdi\n"
                                  " call pthread_cond_wait@plt\n4: mov 8(%rbx), %eax\n cmp %ebp, %eax\n jl 3b\n"
                                  " lea 16(%rbx), %rdi\n call pthread_mutex_unlock@plt\n jmp 1b"),
    "store_and_fence": (1, "movl $1, (%rdi)\n mfence\n mov (%rsi), %eax\n ret"),
    "store_and_locked_or": (1, "movl $1, (%rdi)\n lock orq $0, (%rsp)\n mov (%rsi), %eax\n ret"),
    "plain_store_and_load": (0, "movl $1, (%rdi)\n mov (%rsi), %eax\n ret"),
    "walks_a_list": (0, "1: mov (%rdi), %rdi\n test %rdi, %rdi\n jne 1b\n ret"),
    "searches_an_array": (0, "1: add $4, %rdi\n mov (%rdi), %eax\n test %eax, %eax\n jne 1b\n ret"),
    "counts_to_a_limit": (0, "xor %eax, %eax\n1: inc %eax\n cmp (%rdi), %eax\n jl 1b\n ret"),
    "works_while_told_so": (0, "1: incl (%rsi)\n mov (%rdi), %eax\n test %eax, %eax\n je 1b\n ret"),
    "calls_something": (0, "push %rbx\n mov %rdi, %rbx\n1: call abort@plt\n mov (%rbx), %eax\n test %eax, %eax\n je 1b\n pop %rbx\n ret"),
}

LOCKED = {  # function: whether anything is looked at that its locked instruction leaves outside of memory, and its code
    "adds": (False, "lock addl $1, (%rdi)\n ret"),
    "adds_before_a_call": (False, "push %rbx\n lock subq $8, (%rdi)\n call abort@plt\n pop %rbx\n ret"),
    "adds_before_a_call_in_last_place": (False, "lock subq $8, (%rdi)\n jmp abort@plt"),
    "adds_before_a_jump_elsewhere": (False, "lock incl (%rdi)\n jmp adds"),
    "adds_and_tests": (True, "lock subl $1, (%rdi)\n je 1f\n ret\n1: jmp abort@plt"),
    "adds_and_is_tested_elsewhere": (True, "lock decl (%rdi)\n jmp reads_flags"),
    "adds_and_keeps_the_result": (True, "mov $1, %eax\n lock xadd %eax, (%rdi)\n ret"),
    "adds_and_drops_the_result": (False, "mov $1, %eax\n lock xadd %eax, (%rdi)\n xor %eax, %eax\n ret"),
    "stores": (False, "mov $1, %eax\n xchg %eax, (%rdi)\n xor %eax, %eax\n ret"),
    "exchanges": (True, "mov $1, %eax\n xchg %eax, (%rdi)\n ret"),
    "exchanges_if_equal": (True, "lock cmpxchg %esi, (%rdi)\n xor %eax, %eax\n ret"),
    "reads_flags": (None, "je 1f\n mov (%rsi), %eax\n1: ret"),
}

SOURCE = r"""
#include <atomic>
struct Pair { std::atomic<int> one; int two; };
std::atomic<long> g_number;
std::atomic<char> g_letters[5];
Pair g_pair;
int g_plain;
extern "C" int read_one(Pair *pair) { return pair->one.load(std::memory_order_acquire) + pair->two; }
extern "C" void write_one(Pair *pair) { pair->two = 3; pair->one.store(2, std::memory_order_release); }
extern "C" int use() { return (int)g_number + g_letters[2] + g_pair.one + g_pair.two + g_plain; }
"""


class Atomics(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w") as out:
                out.write(text)
        return path

    def dump(self, module, function):
        result = subprocess.run([PLANNER, "--dump", function, module], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        sites = re.findall(r"^  atomic: (\w+)$", result.stdout, re.M)
        objects = re.findall(r"^atomic object at \w+, (\d+) times (\d+) bytes$", result.stdout, re.M)
        return sites, sorted((int(size), int(count)) for count, size in objects)

    def assemble(self, functions):
        """A library with each function; exported, and called within it all the same."""
        text = "".join(f".globl {name}\n.type {name}, @function\n{name}: .cfi_startproc\n {code}\n .cfi_endproc\n"
                       f".size {name}, .-{name}\n" for name, (_, code) in functions.items())
        module = self.file("functions.so")
        subprocess.run(["gcc", "-shared", "-Wl,-Bsymbolic", "-z", "noexecstack", self.file("functions.s", text), "-o", module],
                       check=True)
        return module

    def test_loops_and_fences(self):
        module = self.assemble(LOADS)
        for name, (count, _) in LOADS.items():
            with self.subTest(function=name):
                self.assertEqual(len(self.dump(module, name)[0]), count)

    def test_what_a_locked_instruction_leaves(self):
        module = self.assemble(LOCKED)
        for name, (heeded, _) in LOCKED.items():
            if heeded is None:
                continue
            with self.subTest(function=name):
                listing = subprocess.run([PLANNER, "--dump", name, module], capture_output=True, text=True, check=True).stdout
                before, after = (len(re.findall(rf"call 0x0+{link}0$", listing, re.M)) for link in (2, 3))
                self.assertEqual((before, after), (1, int(heeded)), "the check after it is for those that are looked at")

    def test_debug_information(self):
        source = self.file("debug.cc", SOURCE)
        for compiler, level in (("g++", "-O2"), ("g++", "-O0"), ("clang++", "-O2")):
            if not shutil.which(compiler):
                continue
            with self.subTest(compiler=compiler, level=level):
                module = self.file("debug.so")
                subprocess.run([compiler, level, "-g", "-fPIC", "-shared", source, "-o", module], check=True)
                loads, objects = self.dump(module, "read_one")
                self.assertLessEqual({(8, 1), (1, 5), (4, 1)}, set(objects))
                self.assertEqual(len(objects), 3, objects)
                self.assertEqual(len(loads), 1, "the other member is plain")
                if level == "-O2":  # without optimisation the order counts as unknown, and the store is an exchange
                    self.assertEqual(len(self.dump(module, "write_one")[0]), 1)


if __name__ == "__main__":
    unittest.main()
