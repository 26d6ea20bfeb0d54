printf 'int main(void) { return 7; }\n' >seven.c
clang-14 -c seven.c -o seven.o
$RUN clang-14 -fuse-ld=lld seven.o -o out/seven
status=0
out/seven || status=$?
echo "status $status"
