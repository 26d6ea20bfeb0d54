# Thread pools, logging from several threads, a timer.
#
# expect: nothing
import io
import logging
import threading
import time
import concurrent.futures as cf
buf = io.StringIO()
logging.basicConfig(stream=buf, level=logging.INFO)
log = logging.getLogger("x")
def sq(x):
    log.info("sq %d", x); return x*x
with cf.ThreadPoolExecutor(4) as ex:
    print(sum(ex.map(sq, range(200))))
    fs=[ex.submit(sq,i) for i in range(50)]
    print(sum(f.result() for f in cf.as_completed(fs)))
t = threading.Timer(0.01, lambda: print("timer")); t.start(); t.join()
print(len(buf.getvalue().splitlines()))
