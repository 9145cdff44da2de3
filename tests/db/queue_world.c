#include "tests/db/queue_world.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/secret.h"

#include <libpq-fe.h>
#include <unistd.h>

#define TEXT_MAX    ((size_t)1024 * 1024)
#define PATIENCE_MS 30000

#ifndef QUEUE_INVARIANTS
#error "the path of invariants_queue.sql is to be given"
#endif

static PGconn *owner;

static const char *
database_url(void)
{
    const char *url = getenv("OFFSTAGE_DATABASE_URL");

    if (!url) {
        print_error("OFFSTAGE_DATABASE_URL names no database for the tests\n");
        exit(2);
    }
    return url;
}

static void
connect_owner(void)
{
    if (owner)
        return;
    secret_init();
    owner = PQconnectdb(database_url());
    if (PQstatus(owner) != CONNECTION_OK) {
        print_error("%s", PQerrorMessage(owner));
        exit(2);
    }
    PQclear(PQexec(owner, "set client_min_messages = error; set role offstage_owner;"
                          "insert into queues (id, name) values (30000, '" QUEUE_SPARE "')"
                          "    on conflict do nothing"));
}

static const char *
run(struct arena *a, const char *sql)
{
    PGresult *res = PQexec(owner, sql);
    ExecStatusType status = PQresultStatus(res);
    struct buf b;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(owner));
    buf_init(&b, a, TEXT_MAX);
    for (int i = 0; i < PQntuples(res); i++)
        buf_printf(&b, "%s%s", i ? "\n" : "", PQgetvalue(res, i, 0));
    PQclear(res);
    return b.data;
}

const char *
world_sql(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    const char *sql;

    va_start(ap, fmt);
    sql = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return run(a, sql);
}

int64_t
world_count(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    const char *sql;

    va_start(ap, fmt);
    sql = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return strtoll(run(a, sql), NULL, 10);
}

struct db *
world_connect(struct arena *a, const char *role)
{
    struct db_options *options = ARENA_NEW(a, struct db_options);
    struct db *db;

    *options = (struct db_options){ .conninfo = database_url(),
                                    .role = role,
                                    .application = "offstage-test",
                                    .statement_timeout_ms = 30000,
                                    .recent_bytes = 1 << 20 };
    db = db_new(a, options);
    assert_ok(db_connect(db));
    return db;
}

static void
free_hand(void *arg)
{
    struct hand *h = arg;

    arena_free(h->arena);
    h->arena = NULL;
}

struct hand *
world_hand(struct arena *a)
{
    struct hand *h = ARENA_NEW(a, struct hand);

    h->arena = arena_new();
    h->db = world_connect(h->arena, "offstage_worker");
    h->listener = world_connect(h->arena, "offstage_worker");
    assert_ok(job_worker_start(h->db, h->listener, h->arena, "test", (int)getpid(), NULL, &h->w));
    arena_defer(a, free_hand, h);
    return h;
}

void
hand_die(struct hand *h)
{
    int64_t ends_ms = clock_mono_ms() + PATIENCE_MS;

    db_disconnect(h->listener);
    db_disconnect(h->db);
    while (world_count(h->arena,
                       "select count(*) from pg_locks where locktype = 'advisory' "
                       "and classid = 1 and objid = %lld",
                       (long long)h->w.lease) > 0)
        assert_true(clock_mono_ms() < ends_ms);
}

int
world_setup(void **state)
{
    struct arena *a = arena_new();
    struct world *world = ARENA_NEW(a, struct world);

    connect_owner();
    run(a, "truncate jobs, jobs_done, job_notes, workers;"
           "update queues set paused = false, max_running = 0, max_running_user = 0");
    world->arena = a;
    world->app = world_connect(a, "offstage_app");
    world->user = id_new();
    world->hand = world_hand(a);
    *state = world;
    return 0;
}

int
world_teardown(void **state)
{
    struct world *world = *state;

    world_invariants(world->arena);
    arena_free(world->arena);
    return 0;
}

struct job_new
job_like(const struct world *world, struct job_new job)
{
    if (!id_is_set(job.id))
        job.id = id_new();
    if (!id_is_set(job.user_id))
        job.user_id = world->user;
    if (!job.kind)
        job.kind = "noop";
    if (!job.priority)
        job.priority = JOB_PRIORITY_USUAL;
    return job;
}

void
add_with(struct db *db, struct arena *a, const struct job_new *job)
{
    assert_ok(db_begin(db, TX_WRITE, job->user_id));
    assert_ok(job_add(db, a, job));
    assert_ok(db_commit(db));
}

struct id
world_add(struct world *world, struct job_new job)
{
    job = job_like(world, job);
    add_with(world->app, world->arena, &job);
    return job.id;
}

struct job_exchange
hand_claim(struct hand *h, int limit)
{
    struct job_exchange x = { .limit = limit };

    assert_ok(job_exchange(h->db, h->arena, &h->w, &x));
    return x;
}

struct job_claimed
hand_await(struct hand *h)
{
    int64_t moved, ends_ms = clock_mono_ms() + PATIENCE_MS;
    struct job_exchange x;

    do {
        assert_true(clock_mono_ms() < ends_ms);
        assert_ok(job_promote(h->db, h->arena, &moved));
        x = hand_claim(h, 1);
    } while (x.claimed_count == 0);
    return x.claimed[0];
}

int64_t
hand_end(struct hand *h, const struct job_claimed *job, enum job_outcome outcome)
{
    struct job_end end = { .id = job->id, .place = job->place, .outcome = outcome };
    struct job_exchange x = { .ends = &end, .end_count = 1 };

    if (outcome != JOB_END_COMPLETED && outcome != JOB_END_RETURN)
        end.error = "it went wrong";
    assert_ok(job_exchange(h->db, h->arena, &h->w, &x));
    return x.dropped;
}

const char *
world_state(struct world *world, struct id user, struct id job)
{
    struct job_info info = { .state = "gone" };
    struct err e;

    assert_ok(db_begin(world->app, TX_READ, user));
    e = job_get(world->app, world->arena, job, &info);
    assert_true(!e.code || e.code == ERR_NOT_FOUND);
    db_end_read(world->app);
    return info.state;
}

void
world_invariants(struct arena *a)
{
    FILE *f = fopen(QUEUE_INVARIANTS, "r");
    char *text = arena_alloc(a, TEXT_MAX);
    size_t len;

    assert_non_null(f);
    len = fread(text, 1, TEXT_MAX - 1, f);
    (void)fclose(f);
    assert_true(len > 0);
    for (char *query = strstr(text, "-- name: "), *next; query; query = next) {
        size_t name = strcspn(query, "\n");
        const char *rows;

        next = strstr(query + 1, "-- name: ");
        rows = run(a, arena_strndup(a, query, next ? (size_t)(next - query) : strlen(query)));
        if (*rows)
            fail_msg("%.*s: %s", (int)name, query, rows);
    }
}

void
must_go_well(struct err e)
{
    if (!e.code)
        return;
    fprintf(stderr, "%s: %s\n", err_name(e.code), e.msg);
    abort();
}

bool
must_be_repeated(struct db *db, struct err e)
{
    bool undone = e.code == ERR_UNAVAILABLE && db_was_undone(db);

    if (!undone)
        must_go_well(e);
    else
        db_rollback(db);
    return undone;
}
