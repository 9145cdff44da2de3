# shellcheck shell=bash
# What every command of dev needs: messages, numbered steps, processes, ports.

readonly TAIL_LINES=20

say()
{
    printf '%s\n' "$*"
}

# fail MESSAGE [WHAT TO DO]
fail()
{
    end_step failed
    printf '\n%s: %s\n' "${0##*/}" "$1" >&2
    [[ -z ${2-} ]] || printf 'What to do: %s\n' "$2" >&2
    exit 1
}

bad_usage()
{
    printf '%s: %s (see %s help)\n' "${0##*/}" "$1" "${0##*/}" >&2
    exit 2
}

# A step that nobody ended was broken off by a command whose failure nobody expected.
on_exit()
{
    [[ -z $step_text ]] || fail "stopped with status $1, unexpectedly" "look at $LOG; this is a bug of dev"
}
trap 'on_exit $?' EXIT

# ---- steps ---------------------------------------------------------------------------

step_count=0
step_number=0
step_text=
step_start=0
step_ticker=

now_ms()
{
    local us=${EPOCHREALTIME/[.,]/}

    printf '%s' "$((us / 1000))"
}

elapsed()
{
    local ms=$(($(now_ms) - step_start))

    printf '%s.%s s' "$((ms / 1000))" "$((ms % 1000 / 100))"
}

# On a terminal the line counts the seconds while the step runs; elsewhere it is written once.
step()
{
    end_step ok
    step_number=$((step_number + 1))
    step_text="[$step_number/$step_count] $1"
    step_start=$(now_ms)
    printf '%s ...' "$step_text"
    if [[ -t 1 ]]; then
        (
            trap 'exit 0' TERM
            while sleep 1; do
                printf '\r%s ... %s' "$step_text" "$(elapsed)"
            done
        ) 9>&- &
        step_ticker=$!
    fi
}

# What the running step found out, shown behind its time; more than one thing, perhaps.
step_note=
note()
{
    step_note+=${step_note:+; }$*
}

end_step()
{
    [[ -n $step_text ]] || return 0
    if [[ -n $step_ticker ]]; then
        kill "$step_ticker" 2>/dev/null
        wait "$step_ticker" 2>/dev/null
        step_ticker=
        printf '\r%s ...' "$step_text"
    fi
    if [[ $1 == failed ]]; then
        printf ' failed after %s\n' "$(elapsed)"
    else
        printf ' %s%s\n' "$(elapsed)" "${step_note:+ ($step_note)}"
    fi
    step_text=
    step_note=
}

# run WHAT-TO-DO COMMAND...: the command's output goes to a log; only a failure shows it.
run()
{
    local hint=$1 status=0 shown
    shift
    shown=("$@")
    [[ $1 != as_user ]] || shown=("${@:2}")

    printf '\n$ %s\n' "${shown[*]}" >>"$LOG"
    "$@" >>"$LOG" 2>&1 </dev/null 9>&- || status=$?
    ((status == 0)) && return
    end_step failed
    printf '\nThis command failed with status %s:\n  %s\nIts last lines (all of them: %s):\n' \
        "$status" "${shown[*]}" "$LOG" >&2
    tac "$LOG" | sed '/^\$ /,$d' | head -n "$TAIL_LINES" | tac | sed 's/^/  | /' >&2
    fail "stopped" "$hint"
}

# ---- processes -----------------------------------------------------------------------

# The start time of a live process, which tells it from a later one with the same number. A
# zombie is not alive: where PID 1 does not reap, it stays for ever.
start_of()
{
    local stat fields

    [[ -n ${1-} ]] && { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    printf '%s' "${fields[19]}"
}

# live_pid FILE: the process that a pid file ("PID START ...") names, if it still runs
live_pid()
{
    local pid start

    { read -r pid start _ <"$1"; } 2>/dev/null || return 1
    [[ $(start_of "$pid") == "$start" ]] || return 1
    printf '%s' "$pid"
}

# wait_until SECONDS COMMAND...: try ten times a second
wait_until()
{
    local end=$(($(now_ms) + $1 * 1000))
    shift

    until "$@"; do
        (($(now_ms) < end)) || return 1
        sleep 0.1
    done
}

# ---- ports ---------------------------------------------------------------------------

port_taken()
{
    local hex files=(/proc/net/tcp)

    printf -v hex '%04X' "$1"
    [[ ! -r /proc/net/tcp6 ]] || files+=(/proc/net/tcp6)
    awk -v port=":$hex" 'FNR > 1 && $4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
                         END { exit !found }' "${files[@]}"
}

free_port()
{
    local port=$1

    while port_taken "$port"; do
        port=$((port + 1))
        ((port <= 65535)) || fail "no port is free from $1 on" "set OFFSTAGE_HTTP_PORT to another number"
    done
    printf '%s' "$port"
}
