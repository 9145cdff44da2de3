/* /api/agents/{id}/sources, /api/sources: what an agent knows. */
#include "app/app.h"
#include "app/handlers.h"
#include "app/multipart.h"
#include "app/request.h"
#include "db/source.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/url.h"

#include <sodium.h>
#include <string.h>

#define PAGES_USUAL 50
#define TYPE_TEXT   0
#define TYPE_URL    1
#define TYPE_FILE   2

static const char *const types[] = { "text", "url", "file", NULL };
static const char *const scopes[] = { "section", "site", "page", NULL };
static const char *const intervals[] = { "never", "daily", "weekly", "monthly", NULL };

/* ---- writing -------------------------------------------------------------------- */

static void
write_patterns(struct json_writer *w, const char *key, const char *const *list, size_t n)
{
    jw_array(w, key);
    for (size_t i = 0; i < n; i++)
        jw_str(w, NULL, list[i]);
    jw_array_end(w);
}

static void
write_limit(struct json_writer *w, const char *key, int64_t n)
{
    if (n < 0)
        jw_null(w, key);
    else
        jw_int(w, key, n);
}

static void
write_website(struct json_writer *w, const struct source *s)
{
    const struct source_crawl *c = &s->crawl;

    jw_str(w, "url", s->url);
    jw_str(w, "scope", c->scope);
    jw_bool(w, "subdomains", c->subdomains);
    jw_int(w, "max_pages", c->max_pages);
    write_limit(w, "max_depth", c->max_depth);
    write_patterns(w, "include", c->include, c->include_count);
    write_patterns(w, "exclude", c->exclude, c->exclude_count);
    jw_bool(w, "use_sitemap", c->use_sitemap);
    write_limit(w, "delay_ms", c->delay_ms);
    jw_str(w, "recrawl_every", c->recrawl_every);
    jw_str(w, "next_crawl_at", s->next_crawl_at);
}

static void
write_source(struct json_writer *w, const struct source *s)
{
    jw_object(w, NULL);
    jw_id(w, "id", s->id);
    jw_id(w, "agent_id", s->agent_id);
    jw_id(w, "job_id", s->job_id);
    jw_str(w, "type", s->type);
    jw_str(w, "title", s->title);
    jw_str(w, "status", s->status);
    jw_str(w, "error", s->error);
    if (s->url)
        write_website(w, s);
    if (s->file_name) {
        jw_str(w, "file_name", s->file_name);
        jw_str(w, "file_type", s->file_type);
    }
    jw_int(w, "page_count", s->page_count);
    jw_int(w, "chunk_count", s->chunk_count);
    jw_str(w, "created_at", s->created_at);
    jw_str(w, "updated_at", s->updated_at);
    jw_object_end(w);
}

/* ---- reading ------------------------------------------------------------------------ */

static void
read_patterns(struct request *rq, struct json_reader *in, const char *key, const char *const **list,
              size_t *count)
{
    size_t n = jr_opt_array(in, key, SOURCE_PATTERNS_MAX);
    const char **patterns = arena_array(rq->arena, n, sizeof(*patterns));

    if (!jr_has(in, key))
        return;
    for (size_t i = 0; i < n; i++) {
        patterns[i] = jr_array_str(in, key, i, 1, SOURCE_PATTERN_MAX);
        if (patterns[i] && strchr(patterns[i], '\n'))
            jr_problem(in, key, "must not hold line breaks");
    }
    *list = patterns;
    *count = n;
}

static const char *
read_title(struct json_reader *in)
{
    if (request_is_null(in, "title"))
        jr_problem(in, "title", "must not be null");
    return jr_opt_str(in, "title", 1, SOURCE_TITLE_MAX);
}

/* Null is no limit of depth or delay; the others have always a value. */
static const char *const never_null[] = { "scope",   "subdomains", "max_pages",     "use_sitemap",
                                          "include", "exclude",    "recrawl_every", NULL };

static void
read_crawl(struct request *rq, struct json_reader *in, struct source_crawl *c)
{
    int scope = jr_opt_word(in, "scope", scopes),
        every = jr_opt_word(in, "recrawl_every", intervals);

    if (scope >= 0)
        c->scope = scopes[scope];
    if (every >= 0)
        c->recrawl_every = intervals[every];
    c->subdomains = jr_opt_bool(in, "subdomains", c->subdomains);
    c->use_sitemap = jr_opt_bool(in, "use_sitemap", c->use_sitemap);
    c->max_pages = jr_opt_int(in, "max_pages", 1, SOURCE_PAGES_MAX, c->max_pages);
    c->max_depth = request_is_null(in, "max_depth")
                       ? -1
                       : jr_opt_int(in, "max_depth", 0, SOURCE_DEPTH_MAX, c->max_depth);
    c->delay_ms = request_is_null(in, "delay_ms")
                      ? -1
                      : jr_opt_int(in, "delay_ms", 0, SOURCE_DELAY_MAX, c->delay_ms);
    read_patterns(rq, in, "include", &c->include, &c->include_count);
    read_patterns(rq, in, "exclude", &c->exclude, &c->exclude_count);
    request_refuse_nulls(in, never_null);
}

static const struct source_crawl usual = { .scope = "section",
                                           .use_sitemap = true,
                                           .max_pages = PAGES_USUAL,
                                           .max_depth = -1,
                                           .delay_ms = -1,
                                           .recrawl_every = "never" };

static void
read_url(struct request *rq, struct json_reader *in, struct source_new *new)
{
    struct err e;

    new->url = jr_str(in, "url", 1, SOURCE_URL_MAX);
    new->title = read_title(in);
    read_crawl(rq, in, &new->crawl);
    if (!new->url)
        return;
    e = url_check_user(rq->arena, new->url, config_str(SET_ALLOW_PRIVATE));
    if (e.code)
        jr_error(in, "url", e);
    if (!new->title)
        new->title = str_dup(rq->arena, str_utf8_prefix(str_from(new->url), SOURCE_TITLE_MAX));
}

/* ---- uploads ---------------------------------------------------------------------------- */

static void
check_file(struct json_reader *in, const struct part *file)
{
    if (file->body.len == 0)
        jr_problem(in, "file", "is empty");
    if (strlen(file->type) > SOURCE_FILE_TYPE_MAX ||
        str_utf8_valid(str_from(file->type)) < strlen(file->type))
        jr_problem(in, "file", "has a Content-Type that is none");
    if (str_utf8_count(str_from(file->file_name)) > SOURCE_FILE_NAME_MAX)
        jr_problem(in, "file", "must have a name of at most 300 characters");
}

static const char *
base64(struct arena *a, struct str bytes)
{
    size_t cap = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(a, cap);

    return sodium_bin2base64(text, cap, (const unsigned char *)bytes.p, bytes.len,
                             sodium_base64_VARIANT_ORIGINAL);
}

/* The fields `file`, which is given back, `title` and `type`, which can only be "file". */
static const struct part *
read_fields(struct request *rq, struct json_reader *in, const struct part *parts, size_t n,
            struct source_new *new)
{
    const struct part *file = NULL;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(parts[i].name, "file") == 0 && parts[i].file_name && !file)
            file = &parts[i];
        else if (strcmp(parts[i].name, "title") == 0)
            new->title = str_dup(rq->arena, parts[i].body);
        else if (strcmp(parts[i].name, "type") != 0)
            jr_problem(in, parts[i].name, "is not taken here");
        else if (!str_eq(parts[i].body, STR("file")))
            jr_problem(in, "type", "must be \"file\" in a form");
    }
    if (!file)
        jr_problem(in, "file", "must be a file");
    return file;
}

/* What is wrong with the fields is told as of the members of a document. */
static struct err
read_form(struct request *rq, struct source_new *new)
{
    struct str body = { rq->body.data, rq->body.len };
    struct json_reader *in = &rq->json;
    const struct part *file;
    struct part *parts;
    size_t n;

    TRY(multipart_parse(rq->arena, rq->wire.content_type, body, &parts, &n));
    jr_parse(in, rq->arena, "{}", 2);
    file = read_fields(rq, in, parts, n, new);
    if (file)
        check_file(in, file);
    if (file && (!new->title || !new->title[0]))
        new->title = file->file_name[0] ? file->file_name : "file";
    if (new->title && (str_utf8_valid(str_from(new->title)) < strlen(new->title) ||
                       str_utf8_count(str_from(new->title)) > SOURCE_TITLE_MAX))
        jr_problem(in, "title", "must be UTF-8 of at most 300 characters");
    TRY(jr_check(in));
    new->file = base64(rq->arena, file->body);
    new->file_name = file->file_name;
    new->file_type = file->type;
    return OK;
}

static struct err
read_new(struct request *rq, struct source_new *new)
{
    struct json_reader *in;
    int type;

    *new = (struct source_new){ .agent_id = rq->id,
                                .crawl = usual,
                                .http_request_id = rq->request_id };
    if (multipart_is(rq->wire.content_type))
        return read_form(rq, new);
    in = request_json(rq);
    type = jr_word(in, "type", types);
    if (type == TYPE_FILE) {
        jr_problem(in, "type", "must be sent as a form: multipart/form-data with the field file");
    } else if (type == TYPE_URL || (type < 0 && jr_has(in, "url"))) {
        read_url(rq, in, new);
    } else {
        new->title = jr_str(in, "title", 1, SOURCE_TITLE_MAX);
        new->content = jr_str(in, "content", 1, SOURCE_CONTENT_MAX);
    }
    return jr_check(in);
}

/* ---- handlers --------------------------------------------------------------------------- */

struct err
sources_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct json_writer *w;
    struct source *list;
    size_t count;

    TRY(source_list(rq->db, rq->arena, rq->id, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_source(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
sources_create(struct request *rq, struct reply *rp)
{
    struct source_new new;
    struct source source;

    TRY(read_new(rq, &new));
    TRY(source_insert(rq->db, rq->arena, &new, &source));
    write_source(reply_json(rp, 202), &source);
    rp->location = arena_printf(rq->arena, "/api/sources/%s", source.id.s);
    return OK;
}

struct err
sources_read(struct request *rq, struct reply *rp)
{
    struct source source;

    TRY(source_get(rq->db, rq->arena, rq->id, &source));
    write_source(reply_json(rp, 200), &source);
    return OK;
}

struct err
sources_update(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct source source;
    const char *title;

    TRY(source_get_locked(rq->db, rq->arena, rq->id, &source));
    title = read_title(in);
    if (title)
        source.title = title;
    if (source.url)
        read_crawl(rq, in, &source.crawl);
    TRY(jr_check(in));
    TRY(source_update(rq->db, rq->arena, &source, &source));
    write_source(reply_json(rp, 200), &source);
    return OK;
}

struct err
sources_delete(struct request *rq, struct reply *rp)
{
    TRY(source_delete(rq->db, rq->arena, rq->id));
    reply_empty(rp);
    return OK;
}
