# The corrected twin of races_counters.py, and results that threads leave to be found.
#
# expect: nothing
import concurrent.futures
import threading

lock = threading.Lock()
counter, totals, results, finished = 0, {"all": 0}, [None] * 3, False


def work(number):
    global counter, finished
    for _ in range(100):
        with lock:
            counter += 1
            totals["all"] += 1
    results[number] = number * number
    finished = True


threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
counter += 1
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    results += pool.map(lambda number: number + counter, range(20))
print(counter, totals, results, finished)
