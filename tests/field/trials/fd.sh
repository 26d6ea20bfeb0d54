mkdir -p tree
for i in 1 2 3 4 5 6 7 8; do
    mkdir -p "tree/$i"
    (cd "tree/$i" && split -l 400 "$INPUT" part-)
done
$RUN fdfind --threads 4 part-a tree | sort
