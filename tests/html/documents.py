#!/usr/bin/env python3
"""Makes run documents (schema 1) by hand, for the tests of the renderers and of the gate.

    documents.py FOLDER          every document below, one file each
    documents.py --many N FILE   one document with N findings

The documents speak of src/bank.c: lines are found in it by their text.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "src", "bank.c")
KEY = "4242-1d9f3a"
MODULE = "/srv/bank/bin/bank"
BUILD_ID = "8f3c2a90d1e45b6770a1"


with open(SOURCE, encoding="utf-8") as source_file:
    LINES = source_file.read().splitlines()


def line(text, nth=1):
    for number, content in enumerate(LINES, 1):
        if text in content:
            nth -= 1
            if not nth:
                return number
    raise ValueError(f"{SOURCE} has no such line: {text}")


def frame(function, text=None, nth=1, inlined=False, offset=0x1180):
    return {"function": function, "file": SOURCE if text else None, "line": line(text, nth) if text else 0,
            "column": 5 if text else 0, "module": MODULE if text else "/lib/x86_64-linux-gnu/libc.so.6",
            "offset": hex(offset), "build_id": BUILD_ID, "inlined": inlined, "language": "c"}


LIBC = frame("start_thread", offset=0x89134)
MAIN = frame("main", "pthread_join(threads[0]")


def created(text, time_s):
    return {"role": "create", "what": "pthread_create", "atomic": False, "write": False, "lock": None,
            "thread": {"id": f"{KEY}/1", "name": "bank", "created": None}, "locks_held": [],
            "stack": [frame("main", text)], "complete": True, "time_s": time_s, "address": None, "size": 0}


THREADS = {
    1: ("bank", None),
    2: ("pay-in", created("pthread_create(&threads[0]", 0.0011)),
    3: ("pay-out", created("pthread_create(&threads[1]", 0.0013)),
    4: ("auditor", created("pthread_create(&threads[2]", 0.0016)),
    5: ("journal", created("pthread_create(&threads[3]", 0.0018)),
}
LOCKS = {"lock_a": 1, "lock_b": 2, "journal_lock": 3}


def lock_id(name):
    return f"{KEY}/{LOCKS[name]}"


def event(role, what, thread, stack, time_s, lock=None, held=(), address=None, size=0, write=False, atomic=False):
    name, origin = THREADS[thread]
    return {"role": role, "what": what, "atomic": atomic, "write": write,
            "lock": lock_id(lock) if lock else None,
            "thread": {"id": f"{KEY}/{thread}", "name": name, "created": origin},
            "locks_held": [lock_id(h) for h in held], "stack": stack, "complete": True,
            "time_s": time_s, "address": address, "size": size}


def lock(name):
    return {"id": lock_id(name), "name": name, "kind": "mutex", "created": None, "process": KEY,
            "address": "0x5555555580%02x" % (0x40 + 40 * LOCKS[name]), "class": f"bank:{name}"}


def finding(kind, fingerprint, message, events, locks=(), rule="", confidence="observed", location=None, count=1,
            suggestion="", explanation=""):
    return {"fingerprint": fingerprint, "kind": kind, "rule": rule, "confidence": confidence, "message": message,
            "count": count, "pid": 4242, "process": KEY, "program": "bank", "processes": {KEY: count},
            "suppressed": False, "baseline": None, "location": location, "locks": [lock(n) for n in locks],
            "events": events, "time_s": max([e["time_s"] for e in events] or [0]),
            "suggestion": suggestion, "explanation": explanation}


def deadlock():
    stack_in = [frame("pay_in", "pay_in: the second lock"), LIBC]
    stack_out = [frame("pay_out", "pay_out: the second lock"), LIBC]
    return finding(
        "deadlock", "d1f00ba2c0ffee01",
        "Threads pay-in and pay-out wait for each other for ever: pay-in holds lock_a and waits for lock_b, "
        "pay-out holds lock_b and waits for lock_a.",
        [event("wait", "pthread_mutex_lock", 2, stack_in, 0.00231, "lock_b", ["lock_a"]),
         event("hold", "pthread_mutex_lock", 2, [frame("pay_in", "pthread_mutex_lock(&lock_a);"), LIBC], 0.00198,
               "lock_a"),
         event("wait", "pthread_mutex_lock", 3, stack_out, 0.00244, "lock_a", ["lock_b"]),
         event("hold", "pthread_mutex_lock", 3, [frame("pay_out", "pthread_mutex_lock(&lock_b);", 2), LIBC], 0.00207,
               "lock_b")],
        ["lock_a", "lock_b"], suggestion="deadlock:pay_in",
        explanation="Neither thread can go on, and no other thread can free them. Take the locks in the same "
                    "order everywhere: for example lock_a before lock_b in pay_out() too.")


def inversion():
    return finding(
        "lock-order-inversion", "5b1e77aa90210003",
        "lock_a, lock_b and journal_lock are taken in a circle: another schedule makes three threads wait for "
        "each other.",
        [event("acquire", "pthread_mutex_lock", 2, [frame("pay_in", "pay_in: the second lock"), LIBC], 0.0101,
               "lock_b", ["lock_a"]),
         event("hold", "pthread_mutex_lock", 2, [frame("pay_in", "pthread_mutex_lock(&lock_a);"), LIBC], 0.0100,
               "lock_a"),
         event("acquire", "pthread_mutex_lock", 3, [frame("pay_out", "pay_out: the second lock"), LIBC], 0.0204,
               "journal_lock", ["lock_b"]),
         event("hold", "pthread_mutex_lock", 3, [frame("pay_out", "pthread_mutex_lock(&lock_b);", 2), LIBC], 0.0202,
               "lock_b"),
         event("acquire", "pthread_mutex_lock", 5, [frame("journal", "journal: lock_a under"), LIBC], 0.0309,
               "lock_a", ["journal_lock"]),
         event("hold", "pthread_mutex_lock", 5, [frame("journal", "pthread_mutex_lock(&journal_lock)"), LIBC],
               0.0305, "journal_lock")],
        ["lock_a", "lock_b", "journal_lock"], confidence="feasible", suggestion="lock-order-inversion:pay_in",
        explanation="It did not happen in this run. It does when each thread has taken its first lock before "
                    "any of them takes its second.")


def race():
    move = [frame("move", "to->balance += amount", inlined=True), frame("pay_in", "move(&accounts[0]"), LIBC]
    audit = [frame("audit", "read without a lock"), LIBC]
    allocated = event("allocate", "calloc", 1, [frame("main", "accounts = calloc")], 0.0009, size=128)
    return finding(
        "data-race", "c4e2a51188de0002",
        "Thread pay-in writes accounts[1].balance in move() while thread auditor reads it in audit(), and "
        "nothing orders the two.",
        [event("access", "read of 8 bytes", 4, audit, 0.00352, address="0x7fffc0a0", size=8),
         event("access", "write of 8 bytes", 2, move, 0.00331, held=["lock_a", "lock_b"], address="0x7fffc0a0",
               size=8, write=True)],
        ["lock_a", "lock_b"], count=3,
        location={"kind": "heap", "symbol": "accounts", "size": 128, "address": "0x7fffc0a0",
                  "allocated": allocated},
        suggestion="race:audit",
        explanation="The reader may see half of a transfer. Take lock_a around the loop in audit(), or make the "
                    "balance atomic.")


def stall():
    return finding(
        "stall", "57a11000beef0004",
        "Every thread is blocked for ever: journal waits on journal_ready, which nobody is left to signal.",
        [event("wait", "pthread_cond_wait", 5, [frame("journal", "pthread_cond_wait("), LIBC], 0.0421,
               "journal_lock", ["lock_a"]),
         event("wait", "pthread_join", 1, [MAIN], 0.0402)],
        ["journal_lock", "lock_a"], suggestion="stall:journal",
        explanation="The wait has no timeout, and no running thread, timer, signal handler or descriptor can "
                    "end it.")


def misuse():
    return finding(
        "lock-misuse", "0be1e5c0de000005", "Thread bank unlocks lock_b, which it does not hold.",
        [event("release", "pthread_mutex_unlock", 1, [frame("close_account", "close_account: not held"),
                                                      frame("main", "close_account(accounts)")], 0.0511, "lock_b")],
        ["lock_b"], rule="unlock-not-owner", suggestion="mutex:close_account",
        explanation="POSIX leaves this undefined: the lock's true owner is no longer alone in its section.")


def leak():
    return finding(
        "thread-leak", "1eaf000000000006", "Thread auditor is neither joined nor detached when the program ends.",
        [event("create", "pthread_create", 1, [frame("main", "pthread_create(&threads[2]")], 0.0016)],
        suggestion="thread:main", explanation="Its stack and its result are kept until the process ends.")


def signal_unsafe():
    return finding(
        "signal-unsafe", "51600a1000000007", "malloc() is called inside the handler of SIGALRM.",
        [event("access", "malloc", 1, [frame("close_account", "free(account)"), frame("main", "close_account(")],
               0.06)],
        suggestion="signal:close_account",
        explanation="If the signal arrives while the same thread is inside the allocator, it waits for itself.")


def edge(source, target, count, threads, hold, acquire):
    return {"from": lock_id(source), "to": lock_id(target), "count": count, "threads": threads, "process": KEY,
            "class_from": f"bank:{source}", "class_to": f"bank:{target}", "mode_from": "write",
            "mode_to": "write", "hold": hold, "acquire": acquire, "gates": []}


def graph():
    inverted = inversion()["events"]
    edges = [edge("lock_a", "lock_b", 41, 1, inverted[1], inverted[0]),
             edge("lock_b", "journal_lock", 7, 1, inverted[3], inverted[2]),
             edge("journal_lock", "lock_a", 3, 1, inverted[5], inverted[4])]
    return {"nodes": [lock_id(n) for n in LOCKS], "edges": edges}


def thread_rows():
    rows = []
    for number, (name, origin) in THREADS.items():
        rows.append({"id": f"{KEY}/{number}", "process": KEY, "name": name, "tid": 4241 + number,
                     "main": number == 1, "creator": f"{KEY}/1" if origin else None, "created": origin,
                     "start_s": origin["time_s"] if origin else 0.0, "end_s": 0.061 if number in (1, 4) else None,
                     "joined": False, "detached": False})
    return rows


def lock_rows():
    use = {"lock_a": (80211, 1204, 0.412, 0.0031), "lock_b": (80190, 320, 0.051, 0.0012),
           "journal_lock": (91, 0, 0.0, 0.0002)}
    rows = []
    for name, (acquisitions, contended, wait_s, hold_s) in use.items():
        rows.append(dict(lock(name), acquisitions=acquisitions, contended=contended, wait_s=wait_s,
                         hold_max_s=hold_s))
    return rows


def document(findings):
    run = {"id": "20261122T190102-4242", "started": "2026-11-22T19:01:02Z", "duration_s": 0.0641,
           "command": ["./bin/bank", "--accounts", "2"], "cwd": "/srv/bank", "exit_status": 66, "host": "builder"}
    modules = [{"path": MODULE, "build_id": BUILD_ID, "accesses": 118, "instrumented": 118, "reason": ""},
               {"path": "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "build_id": "77aa", "accesses": 61250,
                "instrumented": 60904, "reason": "8 functions with unresolved jumps"},
               {"path": "/lib/x86_64-linux-gnu/libc.so.6", "build_id": "99bb", "accesses": 31011,
                "instrumented": 0, "reason": "modelled by interceptors"}]
    processes = [{"key": KEY, "pid": 4242, "ppid": 4200, "program": MODULE, "exit": {"code": 66, "ended": "deadlock"},
                  "threads": 5, "mode": "full", "coverage": {"modules": modules}, "command": run["command"],
                  "cwd": "/srv/bank", "started": run["started"], "duration_s": 0.0641,
                  "counters": {"lock.acquisitions": 160492, "stack.interned": 214}},
                 {"key": "4250-1d9f99", "pid": 4250, "ppid": 4242, "program": "/usr/bin/gzip", "exit": {"code": 0},
                  "threads": 1, "mode": "full", "coverage": {"modules": []}, "command": ["gzip", "journal"],
                  "cwd": "/srv/bank", "started": run["started"], "duration_s": 0.011, "counters": {}}]
    return {"schema": 1, "snarl": "0.1.0", "run": run, "runs": [run], "processes": processes, "findings": findings,
            "locks": lock_rows(), "lock_graph": graph(), "threads": thread_rows(),
            "notes": [{"process": KEY, "text": "8 functions of libcrypto.so.3 run unchecked: their jumps cannot "
                                               "be resolved"}]}


def earlier():
    """A race as the engine tells it when of the earlier access only its place is known."""
    made = race()
    made["events"][1].update(time_s=0.0, locks_held=[])
    made["location"]["symbol"] = None
    return document([made])


def alike():
    """A deadlock, and a race of four parts of one record: the same two functions on the same memory."""
    parts = []
    for i, member in enumerate(("balance", "owner", "limit", "currency")):
        made = race()
        made.update(fingerprint=f"c4e2a51188de10{i:02}", group="0a11c0de00000001")
        made["location"]["symbol"] = f"accounts[1].{member}"
        made["message"] = made["message"].replace("balance", member)
        parts.append(made)
    return document([deadlock(), *parts])


def joins():
    """Two threads that join each other."""
    made = deadlock()
    made["events"] = [dict(e, lock=None, what="waits for a thread to end", locks_held=[]) for e in made["events"]
                      if e["role"] == "wait"]
    made["rule"] = "join-cycle"
    return document([made])


def queue():
    """A reader that wants to read again, behind a writer that waits for it to stop reading."""
    made = deadlock()
    made["message"] = "s_table is waited for by its own reader"
    made["events"] = [e for e in made["events"] if e["thread"]["name"] == "pay-in" or e["role"] == "wait"]
    for e in made["events"]:
        e["lock"] = lock_id("lock_a")
    return document([made])


def judged():
    """As it is after a gate with a baseline and a store: one new finding, an accepted one and a suppressed one."""
    made = document([deadlock(), race(), misuse()])
    for which, state in zip(made["findings"], ({"baseline": "new", "fails": True}, {"baseline": "unchanged", "fails": False},
                                               {"suppressed": True, "fails": False,
                                                "suppressed_by": "bank.supp:2: mutex:close_account"})):
        which.update(state, history={"first_seen": "2026-10-01T08:00:00Z", "last_seen": "2026-11-22T19:01:02Z",
                                     "runs": 17})
    made["gate"] = {"fail_on": ["deadlock", "data-race", "lock-misuse"], "failing": 1, "suppressed": 1, "accepted": 1}
    made["history"] = [{"id": f"r{i}", "started": f"2026-11-{i + 1:02d}T08:00:00Z", "program": "bank",
                        "findings": 2 + (i * 7) % 5, "new": 1 if i % 6 == 0 else 0} for i in range(22)]
    return made


EVIL = "</script><script>window.evil=1</script><img src=x onerror=\"window.evil=1\">\"'&\u2028]]>-->"


def hostile():
    """Every text that comes from the program or from its files tries to become markup."""
    def poison(value, key=""):
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(v, key) for v in value]
        if isinstance(value, str) and key in ("message", "explanation", "suggestion", "name", "function", "symbol",
                                              "program", "module", "what", "reason", "text", "command", "cwd",
                                              "path", "host", "file", "class", "class_from", "class_to", "rule"):
            return value + EVIL
        return value
    return poison(document([deadlock(), race(), misuse()]))


def many(number):
    makers = [race, inversion, misuse, stall, leak, deadlock, signal_unsafe]
    findings = []
    for i in range(number):
        made = makers[i % len(makers)]()
        made["fingerprint"] = "%016x" % (0x9E3779B97F4A7C15 * (i + 1) & (2**64 - 1))
        made["message"] = made["message"].replace(".", f" (site {i}).", 1)
        made["suppressed"] = i % 50 == 49
        made["baseline"] = "unchanged" if i % 3 else "new"
        for e in made["events"]:
            e["stack"] = [dict(f) for f in e["stack"]] + [frame(f"layer_{i % 37}_{n}", "close_account(accounts)")
                                                          for n in range(12)]
        findings.append(made)
    return document(findings)


def documents():
    return {
        "deadlock": document([deadlock()]),
        "inversion": document([inversion()]),
        "race": document([race()]),
        "stall": document([stall()]),
        "misuse": document([misuse()]),
        "clean": document([]),
        "all": document([deadlock(), stall(), race(), misuse(), signal_unsafe(), inversion(), leak()]),
        "hostile": hostile(),
        "judged": judged(),
        "earlier": earlier(),
        "joins": joins(),
        "queue": queue(),
        "alike": alike(),
    }


def write(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, indent=1)
        out.write("\n")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--many":
        write(arguments[2], many(int(arguments[1])))
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        os.makedirs(arguments[0], exist_ok=True)
        for name, value in documents().items():
            write(os.path.join(arguments[0], name + ".json"), value)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
