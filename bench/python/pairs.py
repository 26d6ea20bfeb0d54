"""pairs.py - nanoseconds of CPU time for one `with lock: pass`, in the main thread, after a second thread has run."""
import sys
import threading
import time

COUNT = 400_000


def measure(lock):
    begin = time.thread_time_ns()
    for _ in range(COUNT):
        with lock:
            pass
    return (time.thread_time_ns() - begin) / COUNT


thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
for name, lock in (("Lock", threading.Lock()), ("RLock", threading.RLock())):
    print(name, f"{min(measure(lock) for _ in range(3)):.1f}")
sys.stdout.flush()
