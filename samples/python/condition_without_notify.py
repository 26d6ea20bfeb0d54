# A thread waits on a condition that nobody notifies.
#
# expect: stall functions=wait_for_ready exit=66 hangs
import threading

ready = threading.Condition()
is_ready = False


def wait_for_ready():
    with ready:
        while not is_ready:
            ready.wait()


def prepare():
    global is_ready
    with ready:
        is_ready = is_ready  # forgot to set it, and to notify


threads = [threading.Thread(target=wait_for_ready), threading.Thread(target=prepare)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
