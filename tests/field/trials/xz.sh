$RUN xz -T2 --block-size=2MiB -c "$INPUT" >out/input.xz
$RUN xz -T2 -dc out/input.xz | sha256sum
