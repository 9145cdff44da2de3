# shellcheck shell=bash
# The private PostgreSQL cluster, or the server that OFFSTAGE_DATABASE_URL names.

is_embedded()
{
    [[ -z ${OFFSTAGE_DATABASE_URL-} ]]
}

find_postgres()
{
    local bin wanted='*'

    [[ ! -r $PG_DATA/PG_VERSION ]] || wanted=$(<"$PG_DATA/PG_VERSION")
    PG_BIN=
    for bin in $(compgen -G "/usr/lib/postgresql/$wanted/bin" | sort -V) $(pg_config --bindir 2>/dev/null); do
        [[ ! -x $bin/initdb || ! -x $bin/postgres ]] || PG_BIN=$bin
    done
    [[ -n $PG_BIN ]] || fail "no PostgreSQL ${wanted#\*} server is installed" \
        "install it (Debian: postgresql-15), or name a server by OFFSTAGE_DATABASE_URL"
    PATH=$PG_BIN:$PATH # Debian's psql is a wrapper that takes longer than most queries
}

# Connection strings: DATABASE_URL for the programs, without a user where each has its own;
# ADMIN_URL for psql and migrations.
set_database()
{
    if ! is_embedded; then
        DATABASE_URL=$OFFSTAGE_DATABASE_URL
        ADMIN_URL=$OFFSTAGE_DATABASE_URL
        return
    fi
    DATABASE_URL="host='$RUN' dbname=offstage"
    ADMIN_URL="host='$RUN' dbname=offstage user=postgres"
    PG_DATA=$VAR/pg
    [[ ! -r $VAR/memory ]] || PG_DATA=$(<"$VAR/memory")
}

# Connections: the app's, what stream and several workers hold, and some for people.
set_postgres_options()
{
    PG_OPTIONS=(-D "$PG_DATA" -c "unix_socket_directories=$RUN" -c listen_addresses=
        -c "max_connections=$((${OFFSTAGE_APP_PROCESSES:-8} + 4 * ${OFFSTAGE_WORKER_DB:-4} + 60))"
        -c shared_buffers=128MB -c max_wal_size=2GB -c wal_compression=on -c jit=off -c autovacuum_naptime=5
        -c client_connection_check_interval=5s -c idle_in_transaction_session_timeout=30s
        -c 'log_line_prefix=%m [%p] %q%u@%d ' -c log_checkpoints=off -c timezone=UTC)
    [[ -z $EPHEMERAL ]] || PG_OPTIONS+=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off
        -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB)
}

# A folder in memory, unless there is too little of it.
choose_memory()
{
    local free

    [[ ! -e $VAR/memory ]] || return 0
    free=$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)
    if ((${free:-0} > 1048576)); then
        PG_DATA=$(mktemp -d /dev/shm/offstage-XXXXXX)
    else
        PG_DATA=$VAR/pg-ephemeral
        mkdir -p "$PG_DATA"
        note "/dev/shm is small: on disk, not synced"
    fi
    printf '%s\n' "$PG_DATA" >"$VAR/memory"
}

make_cluster()
{
    [[ ! -e $PG_DATA/PG_VERSION ]] || return 0
    mkdir -p "$PG_DATA"
    chmod 700 "$PG_DATA"
    [[ -z $USER_NAME ]] || chown "$USER_NAME" "$PG_DATA"
    # Whoever can reach the socket may connect as anybody: the folder it is in is the owner's alone.
    run "look at the messages above; a full disk and a locale are usual causes" \
        as_user "$PG_BIN/initdb" -D "$PG_DATA" -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
        --no-sync --no-instructions
}

admin_psql()
{
    as_user psql -X -q -w -v ON_ERROR_STOP=1 -d "$ADMIN_URL" "$@"
}

server_answers()
{
    as_user psql -X -q -w -At -d "${ADMIN_URL/dbname=offstage/dbname=postgres}" -c 'select 1' >/dev/null 2>&1
}

make_database()
{
    as_user psql -X -q -w -At -v ON_ERROR_STOP=1 -d "${ADMIN_URL/dbname=offstage/dbname=postgres}" <<'SQL'
select 'create database offstage' where not exists (select from pg_database where datname = 'offstage') \gexec
SQL
}

# The server runs and the database exists.
start_database()
{
    if ! is_embedded; then
        run "check OFFSTAGE_DATABASE_URL, and that the server lets this host in" admin_psql -c 'select 1'
        note "the one that OFFSTAGE_DATABASE_URL names"
        return
    fi
    # What was started ephemeral stays so until ./dev down.
    [[ ! -e $VAR/memory ]] || EPHEMERAL=yes
    [[ -z $EPHEMERAL ]] || choose_memory
    find_postgres
    make_cluster
    set_postgres_options
    service_pid postgres >/dev/null && server_answers && return
    write_services postgres
    apply_services
    if ! wait_until 60 server_answers; then
        last_words postgres supervise
        fail "PostgreSQL does not come up" "see its messages above"
    fi
    run "see the messages above" make_database
}

migrate_database()
{
    run "the messages above name the migration" \
        as_user env OFFSTAGE_DATABASE_URL="$ADMIN_URL" PGOPTIONS= \
        "$TOP/db/migrate" upgrade head
    note "$(tail -n 1 "$LOG")"
}
