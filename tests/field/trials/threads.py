"""Threads, locks, queues, pools, conditions and subprocesses as programs use them."""
import concurrent.futures
import queue
import subprocess
import sys
import threading

lock, total = threading.Lock(), 0
condition, ready = threading.Condition(), []
work = queue.Queue(10)


def add(count):
    global total
    for _ in range(count):
        with lock:
            total += 1


def consume():
    while (item := work.get()) is not None:
        with condition:
            ready.append(item * item)
            condition.notify_all()
    work.put(None)


adders = [threading.Thread(target=add, args=(5000,)) for _ in range(4)]
consumers = [threading.Thread(target=consume, daemon=False) for _ in range(3)]
for thread in adders + consumers:
    thread.start()
for number in range(200):
    work.put(number)
with condition:
    condition.wait_for(lambda: len(ready) == 200)
work.put(None)
for thread in adders + consumers:
    thread.join()
timer = threading.Timer(0.05, lambda: None)
timer.start()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    squares = sum(pool.map(lambda n: n * n, range(1000)))
child = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
timer.join()
print(total, sum(ready), squares, child.stdout.strip())
