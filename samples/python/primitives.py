# Events, semaphores, barriers, queues, conditions and thread-local data.
#
# expect: nothing
import queue
import time
import threading
ev = threading.Event()
sem = threading.Semaphore(2)
bsem = threading.BoundedSemaphore(3)
bar = threading.Barrier(4)
rl = threading.RLock()
cond = threading.Condition()
q = queue.Queue(3)
sq = queue.SimpleQueue()
pq = queue.PriorityQueue()
out=[]
loc = threading.local()
def a(i):
    loc.x = i
    bar.wait()
    with sem:
        with rl:
            with rl: out.append(i)
    with bsem: pass
    ev.wait()
    q.put(i)
    sq.put(i)
    pq.put(i)
    with cond:
        out.append(loc.x)
        cond.notify()
ts=[threading.Thread(target = a,args=(i,),name=f"w{i}") for i in range(4)]
for t in ts:
    t.start()
ev.set()
r = sorted(q.get() for _ in ts)
r2 = sorted(sq.get() for _ in ts)
r3=[pq.get() for _ in ts]
with cond:
    cond.wait_for(lambda: len(out)==8)
for t in ts:
    t.join()
print(r,r2,sorted(r3),sorted(out))
q2 = queue.Queue()
def w():
    while True:
        x = q2.get()
        q2.task_done()
threading.Thread(target=w,daemon=True).start()
for i in range(20): q2.put(i)
q2.join()
print("joined")
