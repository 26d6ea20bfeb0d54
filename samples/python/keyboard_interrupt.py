# KeyboardInterrupt ends waits that are legitimate: another thread is still at work.
#
# expect: nothing
import os
import signal
import time
import threading
def later():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=later, daemon=True).start()
try:
    threading.Event().wait()
except KeyboardInterrupt: print("interrupted")
l = threading.Lock()
l.acquire()
threading.Thread(target=later, daemon=True).start()
try: l.acquire()
except KeyboardInterrupt: print("again")
