# A threading HTTP server and its clients.
#
# expect: nothing
import http.server
import logging
import urllib.request
import threading
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers(); self.wfile.write(b"hello")
    def log_message(self,*a): pass
s = http.server.ThreadingHTTPServer(("127.0.0.1",0),H); t = threading.Thread(target=s.serve_forever); t.start()
u="http://127.0.0.1:%d/"%s.server_port; n=[]
def c():
    for _ in range(10): n.append(len(urllib.request.urlopen(u).read()))
cs=[threading.Thread(target=c) for _ in range(4)]
for x in cs:
    x.start()
for x in cs:
    x.join()
s.shutdown()
t.join()
s.server_close()
print(sum(n))
