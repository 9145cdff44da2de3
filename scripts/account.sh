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

# admin WORD...: offstage-admin on the instance's database
admin()
{
    local -a settings=("OFFSTAGE_DATABASE_URL=$DATABASE_URL")

    ! is_embedded || settings+=(PGUSER=offstage_app)
    as_user env -u OFFSTAGE_DATABASE_ROLE "${settings[@]}" "$BUILD/offstage-admin" "$@" 2>>"$LOG"
}

make_account()
{
    if read_account && [[ -n $API_KEY ]] && request GET /api/auth/me '' -o /dev/null 2>>"$LOG"; then
        note "there already"
        return
    fi
    API_KEY=
    ADMIN_PASSWORD=${ADMIN_PASSWORD-}
    ADMIN=${ADMIN:-admin@offstage.example}
    if ! admin user list "$ADMIN" | awk -v who="$ADMIN" '$2 == who { found = 1 } END { exit !found }'; then
        ADMIN_PASSWORD=$(od -An -N15 -tx1 /dev/urandom | tr -d ' \n')
        admin user add "$ADMIN" --name Admin --role admin --password-file - <<<"$ADMIN_PASSWORD" >>"$LOG" ||
            fail "no user could be made" "see $LOG"
    fi
    API_KEY=$(admin key add "$ADMIN" dev --scope admin) || fail "no API key could be made" "see $LOG"
    write_account
}
