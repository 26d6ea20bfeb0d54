mkdir logs served
cp "$INPUT" served/input
cat >nginx.conf <<END
daemon off; worker_processes 2; pid nginx.pid; error_log logs/error.log; user $(id -un) $(id -gn);
events { worker_connections 64; }
http {
    access_log off;
    server { listen unix:$PWD/socket; root $PWD/served; aio threads; sendfile off; output_buffers 2 64k; }
}
END
$RUN nginx -p "$PWD" -c "$PWD/nginx.conf" &
server=$!
tries=0
until curl -s -o /dev/null --unix-socket socket http://localhost/input; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 9
    sleep 0.1
done
for i in 1 2 3 4 5 6; do
    curl -s --unix-socket socket http://localhost/input | sha256sum >sum.$i &
    clients="${clients:-} $!"
done
wait $clients
cat sum.*
curl -s --unix-socket socket -r 100000-100063 http://localhost/input
kill -QUIT $server
wait $server
echo "status $?"
