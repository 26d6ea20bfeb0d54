"""memcache.py SOCKET CLIENTS ROUNDS - sets, gets and counts in a memcached, over CLIENTS connections at once.
Fails when not every client came to its end, so that it also tells whether the server answers yet."""
import socket
import sys
import threading

path, clients, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
wrong, done = [], []


def ask(stream, text):
    stream.write(text.encode())
    stream.flush()
    return stream.readline().decode().strip()


def client(number):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    stream = connection.makefile("rwb")
    for turn in range(rounds):
        key = f"key-{number}-{turn % 50}"
        if ask(stream, f"set {key} 0 0 5\r\n{turn:05}\r\n") != "STORED":
            wrong.append(key)
        lines = [ask(stream, f"get {key}\r\n"), stream.readline().decode().strip(), stream.readline().decode().strip()]
        if lines[1] != f"{turn:05}":
            wrong.append(key)
        ask(stream, "add counter 0 0 1\r\n0\r\n")
        ask(stream, "incr counter 1\r\n")
    connection.close()
    done.append(number)


threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("wrong:", wrong)
sys.exit(len(done) != clients)
