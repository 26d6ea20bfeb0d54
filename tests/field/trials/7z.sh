cp "$INPUT" words
$RUN 7z a -mmt=2 -bso0 -bsp0 words.7z words
echo "status $?"
$RUN 7z x -bso0 -bsp0 -oout words.7z
