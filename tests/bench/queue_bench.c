/*
 * offstage-queue-bench: the queue as a contestant among others. A verb a run,
 * results a line each on stdout, times in nanoseconds of the monotonic clock:
 *
 *   setup                 make the schema; says how to count unfinished jobs
 *   enqueue CONNS SECONDS add jobs one at a time over so many connections
 *   bulk N CHUNK          add N jobs, CHUNK a call
 *   keyed N CHUNK         add N jobs, each with a serial key of its own, CHUNK a transaction
 *   worker drain N        run them; when the first began and the N-th
 *   worker trace          run them; when each began
 *   adder                 add a job for each id read
 *
 * The database is that of libpq's environment. Single jobs are added as the app
 * adds a user's, many as a worker adds the system's, and they are run through
 * the exchange that the worker uses.
 */
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/secret.h"
#include "lib/str.h"

#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNS_MAX    64
#define PAYLOAD_TEXT 40
#define TICK_MS      1000
#define QUEUE        "default"

static volatile sig_atomic_t stopped;

static void
stop(int sig)
{
    (void)sig;
    stopped = 1;
}

static void
must(struct err e)
{
    if (!e.code)
        return;
    fprintf(stderr, "%s: %s\n", err_name(e.code), e.msg);
    exit(1);
}

static struct db *
connect_as(struct arena *a, const char *role)
{
    struct db_options *options = ARENA_NEW(a, struct db_options);
    struct db *db;

    *options = (struct db_options){ .conninfo = "",
                                    .role = role,
                                    .application = "offstage-queue-bench",
                                    .statement_timeout_ms = 60000 };
    db = db_new(a, options);
    must(db_connect(db));
    return db;
}

static struct job_new
no_op(struct id user, char payload[PAYLOAD_TEXT], int64_t n)
{
    snprintf(payload, PAYLOAD_TEXT, "{\"id\":%" PRId64 "}", n);
    return (struct job_new){ .id = id_new(),
                             .kind = "no-op",
                             .queue = QUEUE,
                             .priority = JOB_PRIORITY_USUAL,
                             .user_id = user,
                             .payload = payload,
                             .forget = true };
}

static void
add(struct db *db, struct arena *a, struct id user, int64_t n)
{
    char payload[PAYLOAD_TEXT];
    struct job_new job = no_op(user, payload, n);

    must(db_begin(db, TX_WRITE, user));
    must(job_add(db, a, &job));
    must(db_commit(db));
    arena_reset(a);
}

/* ---- verbs ----------------------------------------------------------------- */

/* Printed last: who reads these lines ends this program. */
static int
setup(void)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
            setenv("OFFSTAGE_MIGRATIONS", BENCH_MIGRATIONS, 1))
            _exit(1);
        execl(BENCH_MIGRATE, BENCH_MIGRATE, "upgrade", (char *)NULL);
        _exit(1);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        return 1;
    printf("version " OFFSTAGE_VERSION "\npending sql select count(*) from jobs\n");
    fflush(stdout);
    return 0;
}

static struct {
    double seconds;
    pthread_barrier_t ready;
} run;

static void *
enqueue_one(void *arg)
{
    int64_t *count = arg, ends_ns;
    struct arena *life = arena_new(), *a = arena_new();
    struct db *db = connect_as(life, "offstage_app");
    struct id user = id_new();

    add(db, a, user, 0);
    pthread_barrier_wait(&run.ready);
    ends_ns = clock_mono_ns() + (int64_t)(run.seconds * 1e9);
    while (clock_mono_ns() < ends_ns)
        add(db, a, user, ++*count);
    arena_free(a);
    arena_free(life);
    return NULL;
}

static int
enqueue(int64_t conns, double seconds)
{
    pthread_t threads[CONNS_MAX];
    int64_t counts[CONNS_MAX] = { 0 }, sum = 0, began_ns;

    run.seconds = seconds;
    pthread_barrier_init(&run.ready, NULL, (unsigned)conns + 1);
    for (int64_t i = 0; i < conns; i++)
        if (pthread_create(&threads[i], NULL, enqueue_one, &counts[i]))
            return 1;
    pthread_barrier_wait(&run.ready);
    began_ns = clock_mono_ns();
    for (int64_t i = 0; i < conns; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }
    printf("rate %" PRId64 " %f\n", sum, (double)(clock_mono_ns() - began_ns) / 1e9);
    return 0;
}

static int
bulk(int64_t n, int64_t chunk)
{
    struct arena *life = arena_new(), *a = arena_new();
    struct db *db = connect_as(life, "offstage_worker");
    struct job_new *jobs = arena_array(life, (size_t)chunk, sizeof(*jobs));
    char(*payloads)[PAYLOAD_TEXT] = arena_array(life, (size_t)chunk, PAYLOAD_TEXT);
    int64_t began_ns = clock_mono_ns();

    for (int64_t done = 0; done < n; done += chunk) {
        size_t now = (size_t)(n - done < chunk ? n - done : chunk);

        for (size_t i = 0; i < now; i++)
            jobs[i] = no_op(ID_NONE, payloads[i], done + (int64_t)i);
        must(db_begin(db, TX_WRITE, ID_NONE));
        must(job_add_many(db, a, jobs, now));
        must(db_commit(db));
        arena_reset(a);
    }
    printf("rate %" PRId64 " %f\n", n, (double)(clock_mono_ns() - began_ns) / 1e9);
    return 0;
}

static int
keyed(int64_t n, int64_t chunk)
{
    struct arena *life = arena_new(), *a = arena_new();
    struct db *db = connect_as(life, "offstage_worker");
    int64_t began_ns = clock_mono_ns();
    char payload[PAYLOAD_TEXT];

    for (int64_t done = 0; done < n;) {
        must(db_begin(db, TX_WRITE, ID_NONE));
        for (int64_t i = 0; i < chunk && done < n; i++, done++) {
            struct job_new job = no_op(ID_NONE, payload, done);

            job.serial_key = job.id;
            must(job_add(db, a, &job));
        }
        must(db_commit(db));
        arena_reset(a);
    }
    printf("rate %" PRId64 " %f\n", n, (double)(clock_mono_ns() - began_ns) / 1e9);
    return 0;
}

static int
adder(void)
{
    struct arena *life = arena_new(), *a = arena_new();
    struct db *db = connect_as(life, "offstage_app");
    struct id user = id_new();
    char line[64];

    add(db, a, user, -1);
    printf("ready\n");
    while (fgets(line, sizeof(line), stdin)) {
        int64_t n = strtoll(line, NULL, 10), before_ns = clock_mono_ns();

        add(db, a, user, n);
        printf("added %" PRId64 " %" PRId64 " %" PRId64 "\n", n, before_ns, clock_mono_ns());
    }
    return 0;
}

/* ---- the worker --------------------------------------------------------------- */

struct bench_worker {
    struct db *db, *listener;
    struct job_worker w;
    struct arena *arena; /* of one turn */
    struct job_end ends[JOB_CLAIM_MAX];
    size_t end_count;
    bool trace;
    int64_t wanted, count, tick_ms;
};

static void
start_job(struct bench_worker *b, const struct job_claimed *job)
{
    int64_t now_ns = clock_mono_ns(), n = strtoll(strchr(job->payload, ':') + 1, NULL, 10);

    b->count++;
    if (b->trace && n >= 0)
        printf("start %" PRId64 " %" PRId64 "\n", n, now_ns);
    else if (!b->trace && b->count == 1)
        printf("first %" PRId64 "\n", now_ns);
    else if (!b->trace && b->count == b->wanted)
        printf("last %" PRId64 "\n", now_ns);
    b->ends[b->end_count++] =
        (struct job_end){ .id = job->id, .place = job->place, .outcome = JOB_END_COMPLETED };
}

/* End what has been run and run what is next; false when there is nothing, and adders notify. */
static bool
turn(struct bench_worker *b)
{
    static const char *const queues[] = { QUEUE };
    struct job_exchange x = { .ends = b->ends,
                              .end_count = b->end_count,
                              .queues = queues,
                              .queue_count = 1,
                              .limit = JOB_CLAIM_MAX,
                              .sleep = b->end_count < JOB_CLAIM_MAX };

    must(job_exchange(b->db, b->arena, &b->w, &x));
    b->end_count = 0;
    for (size_t i = 0; i < x.claimed_count; i++)
        start_job(b, &x.claimed[i]);
    arena_reset(b->arena);
    return x.claimed_count || !x.asleep;
}

static void
tick(struct bench_worker *b)
{
    int64_t n;

    must(job_worker_beat(b->db, b->arena, &b->w, (int64_t)b->end_count));
    must(job_rescue(b->db, b->arena, &b->w, &n));
    must(job_promote(b->db, b->arena, &n));
    arena_reset(b->arena);
    b->tick_ms = clock_mono_ms() + TICK_MS;
}

static void
ignore(void *arg, const char *channel, const char *payload)
{
    (void)arg;
    (void)channel;
    (void)payload;
}

static int
worker(bool trace, int64_t wanted)
{
    struct arena *life = arena_new();
    struct bench_worker *b = ARENA_NEW(life, struct bench_worker);

    b->db = connect_as(life, "offstage_worker");
    b->listener = connect_as(life, "offstage_worker");
    b->arena = arena_new();
    b->trace = trace;
    b->wanted = wanted;
    must(job_worker_start(b->db, b->listener, life, "localhost", (int)getpid(), QUEUE, &b->w));
    printf("ready\n");
    while (!stopped) {
        struct pollfd p = { .fd = db_fd(b->listener), .events = POLLIN };

        if (clock_mono_ms() >= b->tick_ms)
            tick(b);
        if (!turn(b))
            (void)poll(&p, 1, TICK_MS);
        if (p.revents)
            must(db_notifications(b->listener, ignore, NULL));
    }
    must(job_worker_stop(b->db, life, &b->w));
    arena_free(b->arena);
    arena_free(life);
    return 0;
}

int
main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    secret_init();
    /* Results of some hundred KB come and go: keep their memory rather than give it back each time.
     */
    mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
    signal(SIGTERM, stop);
    if (strcmp(verb, "setup") == 0)
        return setup();
    if (strcmp(verb, "enqueue") == 0 && argc == 4)
        return enqueue(strtoll(argv[2], NULL, 10), strtod(argv[3], NULL));
    if (strcmp(verb, "bulk") == 0 && argc == 4)
        return bulk(strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
    if (strcmp(verb, "keyed") == 0 && argc == 4)
        return keyed(strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
    if (strcmp(verb, "adder") == 0)
        return adder();
    if (strcmp(verb, "worker") == 0 && argc > 2)
        return worker(strcmp(argv[2], "trace") == 0, argc > 3 ? strtoll(argv[3], NULL, 10) : 0);
    fprintf(stderr,
            "usage: %s setup | enqueue CONNS SECONDS | bulk N CHUNK | keyed N CHUNK |"
            " worker drain N | worker trace | adder\n",
            argv[0]);
    return 2;
}
