# Opposite orders that cannot meet: one thread is over, or has told the other, before that one begins.
#
# expect: nothing
import threading

a, b, c, d, gate = (threading.Lock() for _ in range(5))
told = threading.Event()


def run(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def forward():
    with a, b:
        pass


def backward():
    with b, a:
        pass


def tell():
    with c, d:
        pass
    told.set()


def listen():
    told.wait()
    with d, c:
        pass


def gated_forward():
    with gate, c, a:
        pass


def gated_backward():
    with gate, a, c:
        pass


run(forward)
run(backward)
run(listen, tell)
run(gated_forward, gated_backward)
print("done")
