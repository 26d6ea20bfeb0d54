# Objects that go from thread to thread through queues: each is changed by one thread at a time.
#
# expect: nothing
import collections
import queue
import threading


class Job:
    def __init__(self):
        self.steps = 0


COUNT = 200
first, second, done = queue.SimpleQueue(), collections.deque(), []


def make():
    for _ in range(COUNT):
        job = Job()
        job.steps += 1
        first.put(job)


def pass_on():
    for _ in range(COUNT):
        job = first.get()
        job.steps += 1
        second.append(job)


def finish():
    while len(done) < COUNT:
        if second:
            job = second.popleft()
            job.steps += 1
            done.append(job)


threads = [threading.Thread(target=function) for function in (make, pass_on, finish)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sum(job.steps for job in done))
