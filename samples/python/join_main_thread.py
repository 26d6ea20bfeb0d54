# A thread that waits for the main thread, which waits for it at the end of the program; the same in the child of a fork.
#
# expect: nothing
import os
import sys
import threading

main = threading.main_thread()


def wait_for_main():
    main.join()
    os.write(1, b"main thread is over\n")


child = os.fork()
if child == 0:
    main = threading.current_thread()
else:
    os.waitpid(child, 0)
threads = [threading.Thread(target=wait_for_main) for _ in range(3)]
for thread in threads:
    thread.start()
os.write(1, b"main thread ends\n")
sys.exit(0)
