. "$HERE/functions"
mkdir site
split -n 24 -d -a 2 --additional-suffix=.ts "$INPUT" site/part
cp site/part00.ts site/film.mp4
{
    printf '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n'
    for part in site/part*.ts; do
        printf '#EXTINF:4.0,\n%s\n' "${part#site/}"
    done
    echo '#EXT-X-ENDLIST'
} >site/list.m3u8
serve site
get="yt-dlp --ignore-config --no-cache-dir --no-progress --no-mtime --fixup never --hls-prefer-native"
$RUN yt-dlp --version
$RUN $get -o 'out/film.%(ext)s' "$site/film.mp4" 2>&1 | sed "s,$site,SITE,g"
$RUN $get -N 4 -o 'out/list.%(ext)s' "$site/list.m3u8" 2>&1 | sed "s,$site,SITE,g"
$RUN $get "$site/none.mp4" 2>&1 | sed "s,$site,SITE,g"
kill $site_server
