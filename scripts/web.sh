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
    write_site >"$VAR/nginx/demo.conf"
    nginx_log_start=$(stat -c %s "$LOGS/nginx.log" 2>/dev/null || echo 0)
    "$TOP/nginx/offstage-nginx" "listen=127.0.0.1:$PORT" "app=unix:$RUN/app.sock" \
        "stream=unix:$RUN/stream.sock" "access_log=$LOGS/access.log" \
        "request_rate=${OFFSTAGE_REQUEST_RATE:-200}" "streams=${OFFSTAGE_STREAMS_PER_ADDRESS:-500}" \
        >"$VAR/nginx/site.conf" || fail "the nginx configuration could not be made" "see the message above"
}

# Ask for readiness under an id of its own: 0 when ready, 2 when an answer came from somebody
# else, who has the port; our nginx writes down every request, right after the answer.
try_ready()
{
    local id=up-$$-$RANDOM$RANDOM status

    status=$(curl -sS -m 2 -o /dev/null -w '%{http_code}' -H "X-Request-Id: $id" "$URL/readyz" 2>>"$LOG") || :
    [[ $status != 000 ]] || return 1
    wait_until 1 grep -qF "\"$id\"" "$LOGS/access.log" || return 2
    [[ $status == 200 ]]
}

# Between the look for a free port and nginx's bind another program may have taken it.
lost_port()
{
    (($1 == 2)) || tail -c "+$((nginx_log_start + 1))" "$LOGS/nginx.log" | grep -qE "bind\(\) to [0-9.]+:$PORT failed"
}

wait_for_ready()
{
    local end=$(($(now_ms) + 30000)) lost

    while true; do
        try_ready && return
        if lost_port "$?"; then
            lost=$PORT
            set_port "$(free_port "$((lost + 1))")"
            note "port $lost is taken: $PORT instead"
            write_services nginx
            apply_services
            wait_for_services
        fi
        if (($(now_ms) > end)); then
            last_words supervise postgres worker stream app nginx
            fail "the programs do not become ready" "look at the messages above, and at $LOGS"
        fi
        sleep 0.1
    done
}
