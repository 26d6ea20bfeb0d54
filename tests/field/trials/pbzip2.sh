$RUN pbzip2 -p4 -c "$INPUT" >out/input.bz2
$RUN pbzip2 -p4 -dc out/input.bz2 | sha256sum
