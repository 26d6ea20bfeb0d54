# The corrected twin of deadlock.py: one order for both.
#
# expect: nothing
import threading

lock_a, lock_b = threading.Lock(), threading.Lock()
both_came = threading.Barrier(2)


def worker(name):
    both_came.wait()
    with lock_a:
        with lock_b:
            names.append(name)


names = []
threads = [threading.Thread(target=worker, args=(name,)) for name in ("one", "two")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(names))
