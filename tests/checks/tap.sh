# shellcheck shell=bash
# For checks: expect "SENTENCE" COMMAND... runs the command and says whether the sentence holds.

TOP=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../..
TOP=$(readlink -f -- "$TOP")
BUILD=${OFFSTAGE_BUILD:-$TOP/build}
PATH=$PATH:/usr/sbin:/sbin
cd "$TOP" || exit
failures=0
trap 'exit $((failures > 0))' EXIT

expect()
{
    local sentence=$1 output
    shift

    if output=$("$@" 2>&1 </dev/null); then
        printf 'ok - %s\n' "$sentence"
    else
        printf 'not ok - %s\n' "$sentence"
        head -n 40 <<<"$output" | sed 's/^/  # /'
        failures=$((failures + 1))
    fi
}

skip()
{
    printf 'ok - %s # SKIP %s\n' "$1" "$2"
}

# nothing COMMAND...: holds when the command prints nothing
nothing()
{
    local output

    output=$("$@")
    [[ -z $output ]] || { printf '%s\n' "$output"; return 1; }
}

# The files of the project, without what is made: by git, or all of an unpacked archive.
files()
{
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@"
    else
        find . -path ./build -prune -o -type f -print | sed 's|^\./||' |
            while IFS= read -r file; do
                for pattern; do
                    # shellcheck disable=SC2053 # a pattern
                    [[ $file != $pattern ]] || { printf '%s\n' "$file"; break; }
                done
            done
    fi
}
