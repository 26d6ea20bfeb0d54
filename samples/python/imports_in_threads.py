# Modules imported in several threads at once.
#
# expect: nothing
import threading
def imp(m): __import__(m)
ts=[threading.Thread(target = imp,args=(m,)) for m in ("json","decimal","email.message","xml.dom.minidom","http.server","sqlite3","ctypes","json","decimal","http.server")]
for t in ts:
    t.start()
for t in ts:
    t.join()
print("done")
