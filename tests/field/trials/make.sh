for i in 1 2 3 4 5 6; do
    printf '#include <stdio.h>\n#include <stdlib.h>\nint part%d(int n) { return n * %d + abs(n); }\n' $i $i >part$i.c
done
printf 'int part1(int), part6(int);\nint main(void) { return part1(2) + part6(3) - 25; }\n' >main.c
cat >Makefile <<'END'
objects := main.o $(patsubst %,part%.o,1 2 3 4 5 6)
out/program: $(objects)
	gcc -o $@ $^
%.o: %.c
	gcc -O2 -c -o $@ $<
END
$RUN make -s -j2
echo "status $?"
./out/program
