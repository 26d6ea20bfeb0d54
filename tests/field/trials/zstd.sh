$RUN zstd -q -T2 -B1000000 -c "$INPUT" >out/input.zst
$RUN zstd -q -dc out/input.zst | sha256sum
