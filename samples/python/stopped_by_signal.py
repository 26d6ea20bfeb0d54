# The main thread waits for an event that a signal handler sets.
#
# expect: nothing
import os
import threading
import time
import signal
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *a: stop.set())
threading.Thread(target=lambda: (time.sleep(0.4), os.kill(os.getpid(), signal.SIGTERM))).start()
stop.wait()
print("stopped")
