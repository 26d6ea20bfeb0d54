$RUN redis-server --port 0 --unixsocket "$PWD/socket" --save '' --io-threads 2 --io-threads-do-reads yes >log &
server=$!
tries=0
until redis-cli -s socket ping 2>/dev/null | grep -q PONG; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 9
    sleep 0.1
done
redis-benchmark -s socket -n 20000 -c 20 -P 4 -r 1000 --threads 2 -q -t set,get,incr,lpush,sadd,zadd >/dev/null
redis-cli -s socket set key value
redis-cli -s socket bgsave
redis-cli -s socket get key
redis-cli -s socket flushall async
redis-cli -s socket shutdown nosave
wait $server
echo "status $?"
