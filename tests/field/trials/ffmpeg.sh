$RUN ffmpeg -v error -f lavfi -i testsrc=size=320x180:rate=25:duration=3 -c:v libx264 -threads 4 -preset fast \
    -fflags +bitexact -flags:v +bitexact out/test.mkv
$RUN ffmpeg -v error -threads 4 -i out/test.mkv -f framemd5 -
