. "$HERE/functions"
django-admin startproject trial .
write_views() {
    cat >trial/urls.py.new <<EOF
import os, signal, threading
from django.http import HttpResponse
from django.urls import path
from django.contrib.sessions.models import Session
def index(request):
    return HttpResponse("version $1, sessions %d" % Session.objects.count())
def quit(request):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    return HttpResponse("bye")
urlpatterns = [path("", index), path("quit", quit)]
EOF
    mv trial/urls.py.new trial/urls.py
}
write_views 1
$RUN /usr/bin/python3 manage.py migrate | tail -2
$RUN /usr/bin/python3 manage.py check
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url="http://127.0.0.1:$port"
$RUN /usr/bin/python3 manage.py runserver "$port" >log 2>&1 &
server=$!
wait_for curl -sf "$url/"
load "$url/"
write_views 2
wait_for sh -c "curl -sf '$url/' | grep 'version 2'"
load "$url/"
curl -sS "$url/quit"
wait $server
echo "status $?"
grep -c 'reloading' log
