$RUN pigz -p 4 -n -c "$INPUT" >out/input.gz
$RUN pigz -dc out/input.gz | sha256sum
