# The consumer wants one job more than the producers bring.
#
# expect: stall functions=consume exit=66 hangs
import queue
import threading

jobs = queue.Queue()


def produce(count):
    for number in range(count):
        jobs.put(number)


def consume(count):
    return [jobs.get() for _ in range(count)]


producer = threading.Thread(target=produce, args=(3,))
producer.start()
print(consume(4))
producer.join()
