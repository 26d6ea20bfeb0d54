# C code of extensions that works without the interpreter's lock, under locks of its objects' own.
#
# expect: nothing
import hashlib
import threading
import zlib

DATA = bytes(range(256)) * 100
digest = hashlib.sha256()
squeezer = zlib.compressobj()
squeezed = []


def work():
    for _ in range(20):
        digest.update(DATA)
        squeezed.append(len(squeezer.compress(DATA)))


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(digest.hexdigest(), len(squeezed))
