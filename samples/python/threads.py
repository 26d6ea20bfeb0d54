# Threads, locks, queues, pools, conditions and timers as programs use them: nothing to find.
#
# expect: nothing
import concurrent.futures
import queue
import threading

lock, condition, ready, total = threading.Lock(), threading.Condition(), [], 0
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


threads = [threading.Thread(target=add, args=(1000,)) for _ in range(4)]
threads += [threading.Thread(target=consume) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(100):
    work.put(number)
with condition:
    condition.wait_for(lambda: len(ready) == 100)
work.put(None)
for thread in threads:
    thread.join()
timer = threading.Timer(0.05, lambda: None)
timer.start()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    squares = sum(pool.map(lambda n: n * n, range(500)))
timer.join()
print(total, sum(ready), squares)
