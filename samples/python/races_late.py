# A counter that is only looked at for long, and is then changed by two threads: one of them the main thread, in a function
# that ran before there were threads.
#
# expect: data-race rule=lost-update functions=main,work location=served exit=66
import threading

served = 0
begin, done = threading.Event(), threading.Event()


def look():
    return served


def work():
    global served
    for _ in range(50):
        look()
    begin.wait()
    for _ in range(50):
        served = served + 1
    done.set()


def main():
    global served
    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(50):
        look()
    begin.set()
    for _ in range(50):
        served = served + 1
    done.wait()
    thread.join()
    print(look() >= 50)


main()
