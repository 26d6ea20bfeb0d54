"""shared.py KIND - nanoseconds of CPU time for one pass of a loop, while a second thread exists.

alone: calls, arithmetic, local lists; nothing that threads can share. shared: nothing but accesses to a global, an
attribute, an item and a closure's variable: eight in a pass. The names are bound once, as a program's are.
"""
import sys
import threading
import time

COUNT = 100_000
total = 0
items = {"n": 0}


class Box:
    pass


box = Box()
box.value = 0


def add(a, b):
    return a * 3 + b


def alone():
    value = 0
    for number in range(COUNT):
        row = [number, value]
        value = add(row[0], value) % 1000
    return value


def shared():
    global total
    for _ in range(COUNT):
        total = total + 1
        box.value = box.value + 1
        items["n"] = items["n"] + 1


kernel = {"alone": alone, "shared": shared}[sys.argv[1]]
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
kernel()
best = []
for _ in range(3):
    begin = time.thread_time_ns()
    kernel()
    best.append((time.thread_time_ns() - begin) / COUNT)
done.set()
thread.join()
print(sys.argv[1], f"{min(best):.1f}")
