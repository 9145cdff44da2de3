# shellcheck shell=bash
# The instance's first user, who is its admin, and that user's API key.

API_KEY=

# request METHOD PATH [JSON] [curl option...]: the answer's body. Keys stay off the command line,
# where every user of the host could read them.
request()
{
    local method=$1 path=$2 body=${3-}
    shift "$(($# < 3 ? $# : 3))"

    curl -sS -m 60 --fail-with-body -X "$method" "$@" -K <(
        [[ -z $API_KEY ]] || printf 'header = "Authorization: Bearer %s"\n' "$API_KEY"
        [[ -z $body ]] || printf 'header = "Content-Type: application/json"\ndata-binary = "@-"\n'
    ) "$URL$path" <<<"$body"
}

read_account()
{
    local OFFSTAGE_ADMIN OFFSTAGE_ADMIN_PASSWORD OFFSTAGE_API_KEY

    [[ -r $VAR/admin ]] || return 1
    # shellcheck disable=SC1091
    . "$VAR/admin"
    ADMIN=${OFFSTAGE_ADMIN-} ADMIN_PASSWORD=${OFFSTAGE_ADMIN_PASSWORD-} API_KEY=${OFFSTAGE_API_KEY-}
}

write_account()
{
    printf '%s=%q\n' OFFSTAGE_ADMIN "$ADMIN" OFFSTAGE_ADMIN_PASSWORD "$ADMIN_PASSWORD" \
        OFFSTAGE_API_KEY "$API_KEY" | (umask 077 && cat >"$VAR/admin")
}

# sign_in PATH JSON: register or log in, keeping the cookie in the file $jar. One process of the
# app may still be without its connection when the first one is ready: 503 says to come again.
sign_in()
{
    request POST "$1" "$2" --retry 3 -c "$jar" -o "$RUN/answer" -w '%{http_code}' 2>>"$LOG" || :
}

make_account()
{
    local jar=$RUN/cookies status

    if read_account && [[ -n $API_KEY ]] && request GET /api/auth/me '' -o /dev/null 2>>"$LOG"; then
        note "there already"
        return
    fi
    API_KEY=
    : >"$jar" && chmod 600 "$jar"
    if [[ -n ${ADMIN_PASSWORD-} ]]; then
        status=$(sign_in /api/auth/login "$(jq -n --arg e "$ADMIN" --arg p "$ADMIN_PASSWORD" '{email: $e, password: $p}')")
    fi
    if [[ ${status-} != 200 ]]; then
        ADMIN=${ADMIN:-admin@offstage.example}
        ADMIN_PASSWORD=$(od -An -N15 -tx1 /dev/urandom | tr -d ' \n')
        status=$(sign_in /api/auth/register \
            "$(jq -n --arg e "$ADMIN" --arg p "$ADMIN_PASSWORD" '{email: $e, password: $p, name: "Admin"}')")
        [[ $status == 201 ]] ||
            fail "no user could be made: HTTP $status, $(jq -r '.detail // .error // .' "$RUN/answer" 2>/dev/null)" \
                "the database has users already? Put OFFSTAGE_ADMIN and OFFSTAGE_ADMIN_PASSWORD of one in $VAR/admin"
    fi
    API_KEY=$(request POST /api/keys '{"name": "dev", "scope": "admin"}' -b "$jar" -H "Origin: $URL" 2>>"$LOG" |
        jq -er .key) || fail "no API key could be made" "see $LOG"
    rm -f "$jar" "$RUN/answer"
    write_account
}
