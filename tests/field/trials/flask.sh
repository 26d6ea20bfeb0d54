. "$HERE/functions"
write_program() {
    cat >program.py.new <<EOF
import collections, os, signal, threading
import flask
app = flask.Flask(__name__)
lock, seen = threading.Lock(), collections.Counter()
@app.route("/")
def index():
    with lock:
        seen["index"] += 1
    return flask.render_template_string("{% for n in range(20) %}{{ n }} {% endfor %}version $1")
@app.route("/seen")
def show():
    return flask.jsonify(seen)
@app.route("/quit")
def quit():
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    return "bye"
EOF
    mv program.py.new program.py
}
write_program 1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url="http://127.0.0.1:$port"
$RUN /usr/bin/python3 -m flask --app program --debug run --port "$port" >log 2>&1 &
server=$!
wait_for curl -sf "$url/"
load "$url/"
write_program 2
wait_for sh -c "curl -sf '$url/' | grep 'version 2'"
load "$url/"
curl -sS "$url/quit"
wait $server
echo "status $?"
grep -cE 'Restarting|reloading' log
