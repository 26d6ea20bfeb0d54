cat >meson.build <<'EOF'
project('trial', 'c')
library = static_library('one', 'one.c', 'two.c')
test('adds', executable('adds', 'main.c', link_with: library))
EOF
echo 'int one(void) { return 1; }' >one.c
echo 'int two(void) { return 2; }' >two.c
printf '#include <stdio.h>\nint one(void), two(void);\nint main(void) { printf("%%d\\n", one() + two()); return 0; }\n' >main.c
$RUN meson setup build >setup.log
echo "status $?"
grep -v 'directory\|^Version' setup.log
$RUN meson compile -C build >/dev/null
echo "status $?"
$RUN meson test -C build | grep -E '^(Ok|Fail|Timeout)'
$RUN meson introspect --targets build | sed "s,$PWD,HERE,g"
./build/adds
