# shellcheck shell=bash
# One instance: a folder VAR that holds its database, logs, secrets and sockets.
#
#   pg/            database cluster              admin       first user, its password and key
#   log/           one file per program          secret.key  encrypts stored credentials
#   nginx/         configuration, made new       port        of nginx, kept from run to run
#   run/           sockets, pid files, commands  memory      where an ephemeral cluster lies
#
# Started by root, everything but the supervisor runs as an ordinary user.

readonly SERVICES=(postgres worker stream app nginx)

# ---- who and where -------------------------------------------------------------------

# The user that the programs run as; empty for the caller.
run_user()
{
    ((EUID == 0)) || return 0
    if id -u postgres >/dev/null 2>&1; then
        printf postgres
    else
        printf nobody
    fi
}

# Sockets have at most 107 bytes of path; a folder too deep for that gets a short one in /tmp,
# and VAR/run leads there.
set_paths()
{
    local sum

    RUN=$VAR/run
    if ((${#RUN} > 80)); then
        sum=$(cksum <<<"$VAR")
        RUN=/tmp/offstage-$EUID-${sum%% *}
    fi
    LOGS=$VAR/log
    LOG=$LOGS/dev.log
    AS_USER=()
    USER_NAME=$(run_user)
}

# The start of a command that runs as the instance's user. It ends with the supervisor, and it
# may pass through folders that only root may enter, such as /root around a clone.
set_user_command()
{
    local signal=$1 wanted

    AS_USER=(setpriv --pdeathsig "$signal")
    [[ -n $USER_NAME ]] || return 0
    AS_USER+=("--reuid=$USER_NAME" "--regid=$(id -gn "$USER_NAME")" --init-groups)
    passes && return
    for wanted in dac_read_search dac_override; do
        if passes "--inh-caps=+$wanted" "--ambient-caps=+$wanted"; then
            AS_USER+=("--inh-caps=+$wanted" "--ambient-caps=+$wanted")
            return
        fi
    done
    fail "user $USER_NAME cannot enter $VAR, $TOP or $BUILD" "give folders that it can: ./dev --var DIR"
}

as_user()
{
    set_user_command clear
    "${AS_USER[@]}" "$@"
}

# passes [setpriv option...]: whether the user gets to the folders; by stat, since access(2) does
# not count capabilities.
passes()
{
    setpriv "--reuid=$USER_NAME" "--regid=$(id -gn "$USER_NAME")" --init-groups "$@" \
        stat "$VAR/." "$TOP/scripts/." "$BUILD/." >/dev/null 2>&1
}

make_folders()
{
    local owner

    mkdir -p "$VAR" "$LOGS" "$VAR/nginx" || fail "could not make $VAR" "give another folder by --var"
    [[ -O $VAR ]] || fail "$VAR belongs to another user" "give a folder of your own by --var"
    if ! mkdir -m 700 "$RUN" 2>/dev/null; then
        [[ -d $RUN && ! -L $RUN ]] && owner=$(stat -c %U "$RUN") || owner=
        [[ $owner == "$(id -un)" || $owner == "${USER_NAME:-?}" ]] ||
            fail "$RUN belongs to another user" "give a shorter folder by --var"
    fi
    [[ $RUN == "$VAR/run" ]] || ln -sfn "$RUN" "$VAR/run"
    chmod 700 "$LOGS"
    [[ -z $USER_NAME ]] || chown "$USER_NAME" "$RUN" "$LOGS" "$VAR/nginx"
    : >"$LOG"
}

# secret_file PATH: standard input becomes a file that only the instance's user reads
secret_file()
{
    (umask 077 && cat >"$1")
    [[ -z $USER_NAME ]] || chown "$USER_NAME" "$1"
}

make_secret_key()
{
    [[ -s $VAR/secret.key ]] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | secret_file "$VAR/secret.key"
}

# ---- services ------------------------------------------------------------------------

# What of the caller's environment reaches a service: for the programs their settings, libpq's,
# and what libraries look at. The rest stays out, so that a second start finds the same commands.
service_environment()
{
    local name pattern='^(PATH|LANG|LC_ALL|TZ|TMPDIR)$'

    [[ $1 == postgres || $1 == nginx ]] ||
        pattern+='|^OFFSTAGE_|^PG[A-Z]|SAN_OPTIONS$|^SSL_CERT_|^CURL_CA_BUNDLE$|^(http|https|all|no|HTTP|HTTPS|ALL|NO)_(proxy|PROXY)$'
    for name in $(compgen -e | grep -E "$pattern"); do
        [[ -z ${!name+set} ]] || printf 'export %s=%q\n' "$name" "${!name}"
    done
}

# service NAME STOP-SIGNAL SECONDS COMMAND...: write the file that starts a service, and its row.
# The signal is also what it gets when the supervisor dies. The row's last column changes when
# the command, the environment or the program does: the supervisor then restarts it.
service()
{
    local name=$1 signal=$2 grace=$3 program=$4 version
    shift 3

    set_user_command "$signal"
    {
        printf '#!/bin/bash\n'
        service_environment "$name"
        printf '%s\n' "${extra_environment[@]}"
        printf 'ulimit -n "$(ulimit -Hn)" 2>/dev/null\nulimit -c 0\numask 077\n'
        printf 'cd %q || exit\nexec' "$RUN"
        printf ' %q' "${AS_USER[@]}" "$@"
        printf '\n'
    } >"$RUN/start-$name.new"
    chmod 700 "$RUN/start-$name.new"
    mv "$RUN/start-$name.new" "$RUN/start-$name"
    version=$({
        cat "$RUN/start-$name"
        stat -Lc '%Y %s' "$program"
        [[ $name != nginx ]] || cat "$VAR"/nginx/*.conf "$TOP"/nginx/*.conf
    } | cksum)
    printf '%s %s %s %s\n' "$name" "$signal" "$grace" "${version/ /-}" >>"$RUN/services.new"
}

# Describe every service; the first argument is the last one wanted: postgres, or nginx for all.
write_services()
{
    local extra_environment=()

    rm -f "$RUN/services.new"
    if is_embedded; then
        service postgres INT 60 "$PG_BIN/postgres" "${PG_OPTIONS[@]}"
    fi
    if [[ $1 != postgres ]]; then
        local drain=${OFFSTAGE_DRAIN_S:-20} program
        for program in worker stream app; do
            extra_environment=(
                "export OFFSTAGE_DATABASE_URL=$(printf %q "$DATABASE_URL")"
                "export OFFSTAGE_APP_SOCKET=$(printf %q "$RUN/app.sock")"
                "export OFFSTAGE_STREAM_SOCKET=$(printf %q "$RUN/stream.sock")"
                "$(allow_site)"
            )
            [[ -n ${OFFSTAGE_SECRET_KEY-}${OFFSTAGE_SECRET_KEY_FILE-} ]] ||
                extra_environment+=("export OFFSTAGE_SECRET_KEY_FILE=$(printf %q "$VAR/secret.key")")
            ! is_embedded || extra_environment+=("export PGUSER=offstage_$program")
            service "$program" TERM "$((drain + 5))" "$BUILD/offstage-$program"
        done
        extra_environment=()
        write_nginx
        service nginx QUIT 5 "$(command -v nginx)" -c "$VAR/nginx/nginx.conf" -e stderr -g 'daemon off;'
    fi
    mv "$RUN/services.new" "$RUN/services"
}

supervisor()
{
    live_pid "$RUN/supervise.pid"
}

# Have the supervisor run what the table says.
apply_services()
{
    local pid

    if pid=$(supervisor); then
        kill -HUP "$pid"
        return
    fi
    stop_orphans
    # Whoever ignores a signal (nohup) hands that on, and a shell cannot trap it then.
    setsid env --default-signal "$TOP/scripts/supervise" "$RUN" "$LOGS" </dev/null >>"$LOGS/supervise.log" 2>&1 9>&- &
    disown
}

# service_pid NAME: of a service that runs as the table now says
service_pid()
{
    local pid start version name wanted

    { read -r pid start version <"$RUN/$1.pid"; } 2>/dev/null || return 1
    while read -r name _ _ wanted; do
        [[ $name != "$1" ]] || break
    done <"$RUN/services"
    [[ $name == "$1" && $version == "$wanted" && $(start_of "$pid") == "$start" ]] || return 1
    printf '%s' "$pid"
}

service_runs()
{
    service_pid "$1" >/dev/null
}

# Every service of the table. The signal is repeated: one that comes while the supervisor is
# about to wait is seen only with the next.
wait_for_services()
{
    local name end=$(($(now_ms) + 60000)) pid

    while read -r name _; do
        until wait_until 1 service_runs "$name"; do
            if ! pid=$(supervisor) || (($(now_ms) > end)); then
                last_words "$name" supervise
                fail "$name does not start" "see the messages above"
            fi
            kill -HUP "$pid"
        done
    done <"$RUN/services"
}

# Services whose supervisor was killed and which did not end with it.
stop_orphans()
{
    local name pid

    for name in "${SERVICES[@]}"; do
        pid=$(live_pid "$RUN/$name.pid") || continue
        if [[ $name == postgres ]]; then
            kill -INT "$pid"
        else
            kill -KILL -- "-$pid"
        fi 2>/dev/null
        wait_until 20 is_gone "$RUN/$name.pid" || kill -QUIT "$pid" 2>/dev/null
    done
}

is_gone()
{
    ! live_pid "$1" >/dev/null
}

# What a service that does not come up has to say.
last_words()
{
    local name

    for name; do
        [[ -s $LOGS/$name.log ]] || continue
        printf '%s (%s):\n' "$name" "$LOGS/$name.log"
        tail -n "$TAIL_LINES" "$LOGS/$name.log" | cut -c1-300 | sed 's/^/  | /'
    done >&2
}

# ---- stopping ------------------------------------------------------------------------

stop_instance()
{
    local pid memory end=$(($(now_ms) + 180000))

    if pid=$(supervisor); then
        until kill -TERM "$pid" 2>/dev/null
            wait_until 1 is_gone "$RUN/supervise.pid"; do
            (($(now_ms) < end)) || fail "process $pid does not end" "look at $LOGS/supervise.log"
        done
    fi
    stop_orphans
    if { read -r memory <"$VAR/memory"; } 2>/dev/null; then
        case $memory in
        /dev/shm/offstage-* | "$VAR"/*) rm -rf -- "$memory" ;;
        esac
        rm -f "$VAR/memory" "$VAR/admin"
    fi
    rm -rf -- "$RUN"
    [[ ! -L $VAR/run ]] || rm -f "$VAR/run"
}
