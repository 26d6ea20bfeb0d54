# Workers of an own pool: nobody tells the second one to stop.
#
# expect: stall functions=work,<module> exit=66 hangs locks=jobs
import queue
import threading

jobs = queue.SimpleQueue()


def work():
    while jobs.get() is not None:
        pass


workers = [threading.Thread(target=work) for _ in range(2)]
for worker in workers:
    worker.start()
for number in range(5):
    jobs.put(number)
jobs.put(None)
for worker in workers:
    worker.join()
