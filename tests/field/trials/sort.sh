tr ' ' '\n' <"$INPUT" >words
$RUN sort --parallel=4 -S 50M words >out/sorted
