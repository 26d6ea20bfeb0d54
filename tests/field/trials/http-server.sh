. "$HERE/functions"
$RUN /usr/bin/python3 "$HERE/server.py" port >log 2>&1 &
server=$!
wait_for [ -s port ]
url="http://127.0.0.1:$(cat port)"
ab -q -n 3000 -c 16 "$url/" | grep -E '^(Complete|Failed|Non-2xx)'
curl -sS "$url/quit" >/dev/null
wait $server
echo "status $?"
cat log
