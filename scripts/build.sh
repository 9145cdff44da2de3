# shellcheck shell=bash
# Builds the programs out of tree, in $BUILD.

# Warnings are errors with the compiler that the project is written with, and nowhere else.
configure_flags()
{
    local flags=()

    [[ $(cc -dumpversion) != 12 ]] || flags+=(--enable-werror)
    printf '%s\n' "${flags[@]}" "$@"
}

# A configure script that is older than what it is made of, or absent.
configure_is_stale()
{
    local source

    [[ -x $TOP/configure && -e $TOP/Makefile.in ]] || return 0
    for source in "$TOP/configure.ac" "$TOP/Makefile.am" "$TOP"/*/files.mk "$TOP"/tests/*/files.mk; do
        [[ ! $source -nt $TOP/Makefile.in ]] || return 0
    done
    return 1
}

# build_programs [configure flag...]
build_programs()
{
    local flags

    mkdir -p "$BUILD"
    mapfile -t flags < <(configure_flags "$@")
    if configure_is_stale; then
        # Another copy of dev may be at it in the same tree.
        run "install autoconf and automake, or look at the messages above" \
            flock "$TOP/build-aux" env -C "$TOP" autoreconf -i
    fi
    if [[ ! -e $BUILD/Makefile || $TOP/configure -nt $BUILD/config.status ]] ||
        [[ $(cat "$BUILD/configured" 2>/dev/null) != "${flags[*]}" ]]; then
        run "a library or tool is missing; the messages above name it" \
            env -C "$BUILD" "$TOP/configure" -q "${flags[@]}"
        printf '%s\n' "${flags[*]}" >"$BUILD/configured"
    fi
    run "mend the source, then run this again" make -s -C "$BUILD" -j"$(nproc)" all
}
