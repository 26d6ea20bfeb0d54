. "$HERE/functions"
mkdir -p package/demo site/simple/demo site/simple/other
echo 'def answer(): return 42' >package/demo/__init__.py
for name in demo other; do
    info="package/$name-1.0.dist-info"
    mkdir -p "$info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' $name >"$info/METADATA"
    printf 'Wheel-Version: 1.0\nGenerator: trial\nRoot-Is-Purelib: true\nTag: py3-none-any\n' >"$info/WHEEL"
    printf 'demo/__init__.py,,\n%s-1.0.dist-info/METADATA,,\n%s-1.0.dist-info/WHEEL,,\n%s-1.0.dist-info/RECORD,,\n' $name $name $name \
        >"$info/RECORD"
    wheel=site/simple/$name/$name-1.0-py3-none-any.whl
    python3 - "$wheel" package/demo/__init__.py "$info"/* <<'EOF'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for path in sys.argv[2:]:
        entry = zipfile.ZipInfo(path.removeprefix("package/"), (2020, 1, 1, 0, 0, 0))
        wheel.writestr(entry, open(path).read())
EOF
done
serve site
pip="/usr/bin/python3 -m pip --disable-pip-version-check --no-cache-dir"
$RUN $pip --version
$RUN $pip install --no-deps --no-compile --only-binary :all: --index-url "$site/simple" --target out/site demo other 2>&1 | sed "s,$site,SITE,g"
echo "status $?"
$RUN $pip download --no-deps --index-url "$site/simple" --dest out/wheels demo 2>&1 | sed "s,$site,SITE,g"
$RUN $pip list --path out/site --outdated --index-url "$site/simple"
$RUN $pip list --path out/site
$RUN $pip install --no-index --target out/none no-such-package 2>&1
kill $site_server
PYTHONPATH=out/site python3 -B -c 'import demo; print(demo.answer())'
