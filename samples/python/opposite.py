# Two threads take two locks in opposite orders, one after the other: it could have been a deadlock.
#
# expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@a2,@b2 locks=lock_a,lock_b threads=2 exit=66
import threading

lock_a = threading.Lock()
lock_b = threading.Lock()
first_is_through = False


def worker_one():
    global first_is_through
    with lock_a:  # @a1
        with lock_b:  # @b1
            first_is_through = True


def worker_two():
    while not first_is_through:
        pass
    with lock_b:  # @b2
        with lock_a:  # @a2
            print("both are through")


threads = [threading.Thread(target=worker_one), threading.Thread(target=worker_two)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
