mkdir data temporary
mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$PWD/data" --skip-test-db \
    --auth-root-authentication-method=normal >install.log 2>&1
$RUN mariadbd --no-defaults --user="$(id -un)" --datadir="$PWD/data" --socket="$PWD/socket" --skip-networking \
    --tmpdir="$PWD/temporary" 2>log &
server=$!
tries=0
until mariadb-admin --no-defaults -uroot -S socket ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 1000 ] || exit 9
    sleep 0.2
done
for i in 1 2 3; do
    {
        echo "create database d$i; use d$i; create table t(a int primary key, b varchar(40)) engine=innodb;"
        seq 150 | sed "s/.*/insert into t values(&, md5(& * $i));/"
        echo "select count(*), sum(a), max(b) from t;"
    } | mariadb --no-defaults -uroot -S socket -N >answer.$i &
    clients="${clients:-} $!"
done
wait $clients
cat answer.*
mariadb-admin --no-defaults -uroot -S socket shutdown
wait $server
echo "status $?"
