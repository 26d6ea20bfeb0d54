mkdir site
split -n 8 -d "$INPUT" site/part
python3 -u -m http.server --bind 127.0.0.1 --directory site 0 >port 2>/dev/null &
server=$!
tries=0
until [ -s port ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 9
    sleep 0.1
done
port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' port)
$RUN curl -sS --parallel --output 'out/#1' "http://localhost:$port/part0[0-7]"
echo "status $?"
$RUN curl -sS "http://no-such-host.invalid/"
echo "status $?"
kill $server
