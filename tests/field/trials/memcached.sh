$RUN memcached -u "$(id -un)" -s "$PWD/socket" -t 4 -m 64 &
server=$!
tries=0
until python3 "$HERE/memcache.py" "$PWD/socket" 1 1 >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 9
    sleep 0.1
done
python3 "$HERE/memcache.py" "$PWD/socket" 8 1500
kill -TERM $server
wait $server
echo "status $?"
