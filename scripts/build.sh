# shellcheck shell=bash
# Builds the programs out of tree, in $BUILD.

# Warnings are errors with the compiler that the project is written with, and nowhere else.
configure_flags()
{
    local flags=()

    [[ $(cc -dumpversion) != 12 ]] || flags+=(--enable-werror)
    printf '%s\n' "${flags[@]}" "$@"
}

# build_programs [configure flag...]
build_programs()
{
    local flags made_with

    mkdir -p "$BUILD"
    mapfile -t flags < <(configure_flags "$@")
    # configure looks for cmocka, which comes with the packages for tests.
    made_with=${flags[*]}
    ! provided cmocka.h || made_with+=' with cmocka'
    # Later changes of these are make's to see.
    if [[ ! -x $TOP/configure || ! -e $TOP/Makefile.in ]]; then
        run "look at the messages above" flock "$TOP/build-aux" env -C "$TOP" autoreconf -i
    fi
    if [[ ! -e $BUILD/Makefile || $(cat "$BUILD/configured" 2>/dev/null) != "$made_with" ]]; then
        run "a library or tool is missing; the messages above name it" \
            env -C "$BUILD" "$TOP/configure" -q "${flags[@]}"
        printf '%s\n' "$made_with" >"$BUILD/configured"
    fi
    run "mend the source, then run this again" make -s -C "$BUILD" -j"$(nproc)" all
}
