# Updates of a global, an attribute, items and a closure variable that can be lost; one under a lock, which cannot.
#
# expect: data-race rule=lost-update functions=work lines=@global exit=66
# expect: data-race rule=lost-update functions=work lines=@attribute
# expect: data-race rule=lost-update functions=work lines=@key
# expect: data-race rule=lost-update functions=work lines=@index
# expect: data-race rule=lost-update functions=make_counter.<locals>.count lines=@closure
import threading


class Box:
    def __init__(self):
        self.number = 0


def make_counter():
    number = 0

    def count():
        nonlocal number
        number += 1  # @closure

    return count


counter = guarded = 0
lock = threading.Lock()
box, totals, items, count = Box(), {"all": 0}, [0, 0], make_counter()


def work():
    global counter, guarded
    for _ in range(100):
        counter += 1  # @global
        box.number += 1  # @attribute
        totals["all"] += 1  # @key
        items[1] += 1  # @index
        count()
        with lock:
            guarded += 1


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(guarded)
