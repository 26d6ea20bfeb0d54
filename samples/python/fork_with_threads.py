# os.fork while another thread takes and releases a lock.
#
# expect: nothing
import threading
import warnings
import time
import os
warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
lock = threading.Lock()
stop = threading.Event()
def w():
    while not stop.is_set():
        with lock: pass
t = threading.Thread(target=w)
t.start()
for i in range(5):
    pid = os.fork()
    if pid==0:
        t2 = threading.Thread(target=lambda: None)
        t2.start()
        t2.join()
        os._exit(i)
    print(os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]))
stop.set()
t.join()
print("ok")
