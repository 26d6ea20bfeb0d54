# The main thread joins a thread that needs the lock which the main thread holds.
#
# expect: deadlock rule=join-cycle functions=work locks=lock threads=2 exit=66 hangs
import threading

lock = threading.Lock()


def work():
    with lock:
        print("never")


thread = threading.Thread(target=work)
with lock:
    thread.start()
    thread.join()
