# Two threads take two locks in opposite order and meet in between.
#
# expect: deadlock threads=2 exit=66 hangs
import threading

lock_a, lock_b = threading.Lock(), threading.Lock()
both_hold = threading.Barrier(2)


def worker_one():
    with lock_a:  # @a1
        both_hold.wait()
        with lock_b:  # @b1
            print("one")


def worker_two():
    with lock_b:  # @b2
        both_hold.wait()
        with lock_a:  # @a2
            print("two")


threads = [threading.Thread(target=worker_one), threading.Thread(target=worker_two)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
