"""shared.py KIND - nanoseconds of CPU time for one pass of a loop, while a second thread exists.

alone: calls and arithmetic on local variables; nothing that threads can share. own: the same with a list of its own in each
pass. shared: nothing but accesses to a global, an attribute and an item, six of which are what a `+= 1` does.
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
        value = add(number, value) % 1000
        if value > 500:
            value = add(value, -number)
    return value


def own():
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


kernel = {"alone": alone, "own": own, "shared": shared}[sys.argv[1]]
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
