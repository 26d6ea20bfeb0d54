$RUN sqlite3 words.db <<'END'
pragma threads = 4;
create table words(id integer primary key, word text, n integer);
with recursive count(i) as (select 1 union all select i + 1 from count where i < 200000)
    insert into words select i, printf('%x', i * 7919 % 100003), i % 97 from count;
create index by_word on words(word);
select n, count(*), min(word), max(word) from words group by n order by n limit 20;
select sum(id) from (select id from words order by word desc, n limit 5000);
END
