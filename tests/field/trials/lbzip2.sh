$RUN lbzip2 -n3 -c "$INPUT" >out/input.bz2
$RUN lbzip2 -n3 -dc out/input.bz2 | sha256sum
