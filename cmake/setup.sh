# setup.sh - sourced by ./snarl and ./check: packages, configuration and build, each only when needed.
#
# Everything is said on standard error, so that `./snarl run ... | less` sees the program's output alone. What
# the package manager, CMake and the compiler print goes to a log, shown when they fail.
# The caller sets `root` (the folder of the sources) and holds the lock (take_lock) while it calls the rest.

build=$root/build

say() {
    printf 'snarl: %s\n' "$*" >&2
}

die() {
    say "$*"
    exit 125
}

# run_logged WHAT COMMAND...: runs it silently, shows the end of its output when it fails.
run_logged() {
    what=$1
    shift
    if ! "$@" >"$build/setup.log" 2>&1 </dev/null; then
        tail -n 40 "$build/setup.log" >&2
        die "$what failed; all of its output is in $build/setup.log"
    fi
}

# One builder at a time; a second caller waits for the first and then finds everything done.
take_lock() {
    mkdir -p "$build" 2>/dev/null && [ -w "$build" ] || die "$build cannot be written: build in a copy of the sources that is yours"
    exec 9>"$build/.lock"
    if ! flock -n 9; then
        say "waiting for another build in $build"
        flock 9
    fi
}

drop_lock() {
    exec 9>&-
}

# The names of one group of packages.txt.
package_group() {
    sed -n "/^# group: $1\$/,/^# group: /{/^[^#]/p}" "$root/cmake/packages.txt"
}

missing_packages() {
    for package in $(package_group "$1"); do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# need_packages GROUP: installs what is missing of it. A stamp beside the build remembers that this list was
# complete, so that the package database is read once and not at every call.
need_packages() {
    stamp=$build/.packages-$1
    if [ -e "$stamp" ] && [ "$stamp" -nt "$root/cmake/packages.txt" ]; then
        return
    fi
    command -v dpkg-query >/dev/null || {
        say "this is no Debian or Ubuntu: the packages named in cmake/packages.txt are taken to be there"
        : >"$stamp"
        return
    }
    missing=$(missing_packages "$1")
    if [ -n "$missing" ]; then
        install_packages $missing
    fi
    : >"$stamp"
}

install_packages() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
        say "sudo is used to install: $*"
        sudo -v || die "no right to install packages; ask for: apt-get install $*"
    else
        die "neither root nor sudo here; have these packages installed, then try again: apt-get install $*"
    fi
    say "installing packages: $*"
    run_logged "apt-get update" $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
    run_logged "apt-get install" $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$@"
}

# configure OPTION...: CMake. It finds new files (tests are globbed) besides setting the options.
configure() {
    [ -e "$build/build.ninja" ] || say "configuring in $build"
    run_logged "cmake" cmake -S "$root" -B "$build" -G Ninja "$@"
}

# build_target TARGET: says so only when it takes a while.
build_target() {
    { sleep 1 >/dev/null 2>&1 && say "building"; } 9>&- </dev/null & # holds neither the lock nor a pipe of ours
    announcer=$!
    run_logged "the build" ninja -C "$build" "$1"
    kill "$announcer" 2>/dev/null || :
}
