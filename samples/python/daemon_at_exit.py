# Daemon threads that hold locks and wait when the program ends.
#
# expect: nothing
import time
import threading
lock = threading.RLock()
plain = threading.Lock()
def spin():
    while True:
        with lock:
            with plain: time.sleep(0.001)
def idle():
    threading.Event().wait()
for f in (spin,idle): threading.Thread(target=f,daemon=True).start()
time.sleep(0.05)
print("bye")
