# C code that calls back into Python from several threads (libffi's hand-written assembly between them).
#
# expect: nothing
import ctypes
import threading

libc = ctypes.CDLL(None)
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
compare = COMPARE(lambda a, b: a[0] - b[0])
results = []


def sort(start):
    numbers = (ctypes.c_int * 20)(*[(i * 37 + start) % 50 for i in range(20)])
    libc.qsort(numbers, 20, ctypes.sizeof(ctypes.c_int), compare)
    results.append((start, list(numbers)))


threads = [threading.Thread(target=sort, args=(start,)) for start in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results))
