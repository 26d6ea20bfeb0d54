export GIT_AUTHOR_DATE='2024-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2024-01-01 00:00:00 +0000'
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
split -l 50 "$INPUT" part-
git init -q -b main .
echo .cache/ >> .git/info/exclude # HOME is here, and with it what is kept of plans
$RUN git add part-*
$RUN git commit -q -m first
sed -i 's/a/A/' part-*
$RUN git commit -q -a -m second
$RUN git -c pack.threads=4 repack -q -a -d
$RUN git grep --threads 4 -c tea HEAD -- 'part-a*' | sort | sha256sum
$RUN git -c core.preloadIndex=true status --short | wc -l
git rev-parse HEAD
git fsck --full 2>&1
