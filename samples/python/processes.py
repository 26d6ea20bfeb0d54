# Process pools, a queue between processes, a Python child.
#
# expect: nothing
import concurrent.futures as cf
import os
import subprocess
import sys
import threading
import multiprocessing as mp
def f(x): return x*x
def put(q): q.put(42)
if __name__=="__main__":
    with mp.get_context("fork").Pool(2) as p: print(p.map(f, range(10)))
    q = mp.Queue()
    pr = mp.Process(target = put,args=(q,))
    pr.start()
    print(q.get())
    pr.join()
    with cf.ProcessPoolExecutor(2) as ex: print(list(ex.map(f, range(5))))
    lock = mp.Lock()
    with lock: pass
    print(subprocess.run([sys.executable,"-c","import threading;t=threading.Thread(target=print,args=('sub',));t.start();t.join()"],capture_output=True).stdout)
