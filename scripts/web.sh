# shellcheck shell=bash
# nginx in front of an instance: its port and its configuration.

# The port of the last run when it is free, else the next free one from the wanted one on.
choose_port()
{
    local wanted=${OFFSTAGE_HTTP_PORT:-8080} last

    last=$(cat "$VAR/port" 2>/dev/null) || last=
    if [[ -n $last && ${OFFSTAGE_HTTP_PORT:-$last} == "$last" ]] &&
        { service_runs nginx || ! port_taken "$last"; }; then
        PORT=$last
    else
        PORT=$(free_port "$wanted")
        ((PORT == wanted)) || note "port $wanted is taken: $PORT instead"
    fi
    set_port "$PORT"
}

set_port()
{
    PORT=$1
    printf '%s\n' "$PORT" >"$VAR/port"
    URL=http://127.0.0.1:$PORT
}

write_nginx()
{
    local files text

    files=$(ulimit -Hn)
    [[ $files =~ ^[0-9]+$ ]] && ((files < 65536)) || files=65536
    text=$(<"$TOP/nginx/nginx.conf.in")
    text=${text//@RUN@/"$RUN"}
    text=${text//@TEMP@/"$VAR/nginx"}
    text=${text//@FILES@/"$files"}
    text=${text//@CONNECTIONS@/"$((files / 2))"}
    printf '%s\n' "$text" >"$VAR/nginx/nginx.conf"
    "$TOP/nginx/offstage-nginx" "listen=127.0.0.1:$PORT" "app=unix:$RUN/app.sock" \
        "stream=unix:$RUN/stream.sock" "access_log=$LOGS/access.log" \
        "request_rate=${OFFSTAGE_REQUEST_RATE:-200}" "streams=${OFFSTAGE_STREAMS_PER_ADDRESS:-500}" \
        >"$VAR/nginx/site.conf" || fail "the nginx configuration could not be made" "see the message above"
}

# Wait for the whole stack. nginx may lose its port to somebody between the look and the bind.
wait_for_ready()
{
    local end=$(($(now_ms) + 30000))

    until curl -fsS -m 2 -o /dev/null "$URL/readyz" 2>>"$LOG"; do
        if tail -n 3 "$LOGS/nginx.log" 2>/dev/null | grep -q 'Address already in use' && ! service_runs nginx; then
            set_port "$(free_port "$((PORT + 1))")"
            note "another program took the port: $PORT instead"
            write_services nginx
            apply_services
        fi
        if (($(now_ms) > end)); then
            last_words supervise postgres worker stream app nginx
            fail "the programs do not become ready" "look at the messages above, and at $LOGS"
        fi
        sleep 0.1
    done
}
