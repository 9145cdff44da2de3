/*
 * offstage-search-bench: index texts and search in them, as worker and app do it.
 *
 *   load AGENT USER SOURCE PAGES   index pages, so many a transaction
 *   search AGENT USER MOST         look for passages, at most so many
 *
 * load reads a page a line: id TAB title TAB text; and prints "loaded CHUNKS
 * NANOSECONDS". search reads a question a line: id TAB question, and TAB role
 * TAB text of each earlier turn; and prints "took NANOSECONDS", and for every
 * passage its question's id, page, score and coverage.
 *
 * RS (0x1e) stands for the end of a line within a text. The id of a page is stored
 * as its address. The database is that of libpq's environment.
 */
#include "db/db.h"
#include "db/passage.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "worker/index/page_index.h"

#include <inttypes.h>
#include <libpq-fe.h>

#define TURNS_MAX 100

static struct id agent_id, user_id, source_id;
static PGconn *pages;

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
                                    .application = "search bench",
                                    .recent_bytes = (size_t)32 << 20 };
    db = db_new(a, options);
    must(db_connect(db));
    return db;
}

/* The next field of a line, with line ends as they were. */
static char *
field(struct arena *a, char **line)
{
    char *start = *line, *tab;

    if (!start)
        return arena_strdup(a, "");
    tab = strchr(start, '\t');
    if (tab)
        *tab = '\0';
    *line = tab ? tab + 1 : NULL;
    for (char *p = start; *p; p++)
        if (*p == 0x1e)
            *p = '\n';
    return arena_strdup(a, start);
}

static bool
read_line(char **line)
{
    static size_t cap;
    ssize_t len = getline(line, &cap, stdin);

    if (len > 0 && (*line)[len - 1] == '\n')
        (*line)[len - 1] = '\0';
    return len > 0;
}

/* What the crawler does; it is not what is measured here. */
static struct id
store_page(const char *url, const char *title)
{
    struct id id = id_new();
    const char *values[] = { id.s, user_id.s, agent_id.s, source_id.s, url, title };
    PGresult *res =
        PQexecParams(pages,
                     "insert into pages (id, user_id, agent_id, source_id, url, title, status) "
                     "values ($1, $2, $3, $4, $5, $6, 'indexed')",
                     6, NULL, values, NULL, NULL, 0);

    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s", PQerrorMessage(pages));
        exit(1);
    }
    PQclear(res);
    return id;
}

/* Gives the time that indexing took. */
static int64_t
load_one(struct page_indexer *indexer, struct arena *a, char *line, size_t *chunks)
{
    char *rest = line, *url = field(a, &rest);
    struct page_text page = { .is_new = true };
    int64_t began;

    page.title = field(a, &rest);
    page.text = field(a, &rest);
    page.page_id = store_page(url, page.title);
    began = clock_mono_ns();
    *chunks += page_index_add(indexer, &page);
    return clock_mono_ns() - began;
}

static int64_t
store(struct page_indexer *indexer, struct db *db)
{
    int64_t began = clock_mono_ns();

    must(db_begin(db, TX_WRITE, user_id));
    must(page_index_store(indexer, db));
    must(db_commit(db));
    return clock_mono_ns() - began;
}

static void
load(struct db *db, int per_tx)
{
    struct page_indexer *indexer = NULL;
    struct arena *a = arena_new();
    char *line = NULL;
    size_t chunks = 0;
    int64_t ns = 0;
    int open = 0;

    while (read_line(&line)) {
        if (open++ == 0)
            indexer = page_index_begin(a, user_id, agent_id, source_id);
        ns += load_one(indexer, a, line, &chunks);
        if (open == per_tx) {
            ns += store(indexer, db);
            open = 0;
            arena_reset(a);
        }
    }
    if (open)
        ns += store(indexer, db);
    printf("loaded %zu %" PRId64 "\n", chunks, ns);
    free(line);
    arena_free(a);
}

static void
search_one(struct db *db, struct arena *a, char *line, size_t most)
{
    struct message_text turns[TURNS_MAX];
    char *rest = line, *id = field(a, &rest);
    struct passage_question q = { .agent_id = agent_id, .earlier = turns, .most = most };
    struct passage *list;
    size_t count;
    int64_t began;

    q.text = field(a, &rest);
    while (rest && q.earlier_count < TURNS_MAX) {
        turns[q.earlier_count].role = field(a, &rest);
        turns[q.earlier_count++].content = field(a, &rest);
    }
    began = clock_mono_ns();
    must(db_begin(db, TX_READ, user_id));
    must(passage_search(db, a, &q, &list, &count));
    db_end_read(db);
    printf("took %" PRId64 "\n", clock_mono_ns() - began);
    for (size_t i = 0; i < count; i++)
        printf("%s\t%s\t%.6f\t%.4f\n", id, list[i].url, list[i].score, list[i].coverage);
}

static void
search(struct db *db, size_t most)
{
    struct arena *a = arena_new();
    char *line = NULL;

    while (read_line(&line)) {
        search_one(db, a, line, most);
        arena_reset(a);
    }
    free(line);
    arena_free(a);
}

int
main(int argc, char **argv)
{
    struct arena *life = arena_new();
    bool loads = argc == 6 && strcmp(argv[1], "load") == 0;
    int64_t n;

    secret_init();
    if ((!loads && (argc != 5 || strcmp(argv[1], "search") != 0)) ||
        !id_parse(argv[2], &agent_id) || !id_parse(argv[3], &user_id) ||
        (loads && !id_parse(argv[4], &source_id)) ||
        !str_int(str_from(argv[argc - 1]), 1, 10000, &n)) {
        fprintf(stderr, "usage: load AGENT USER SOURCE PAGES | search AGENT USER MOST\n");
        return 2;
    }
    if (loads) {
        pages = PQconnectdb("");
        load(connect_as(life, "offstage_worker"), (int)n);
        PQfinish(pages);
    } else {
        search(connect_as(life, "offstage_app"), (size_t)n);
    }
    arena_free(life);
    return 0;
}
