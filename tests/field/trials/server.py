"""server.py FILE - a threaded HTTP server that counts; writes its port to FILE and ends at /quit."""
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock, served = threading.Lock(), {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            served[self.path] = served.get(self.path, 0) + 1
        body = (self.path * 50).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/quit":
            threading.Thread(target=server.shutdown).start()

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
server.server_close()
print(served)
