/* /api/chats/import: chats from a file. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/import.h"
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/str.h"

#define IMPORT_CHATS_MAX 100000

static const char *const forms[] = { "offstage", NULL };

/*
 * The document with an empty list in the place of a long one, which a tree of would take
 * many times its size: what a reader finds wrong with the members is the same.
 */
static void
leave_out_chats(struct request *rq, struct str document)
{
    struct str rest = document, key, value;
    struct buf out;

    buf_init(&out, rq->arena, rq->body.len + 1);
    while (json_next_member(&rest, &key, &value)) {
        bool chats = str_eq(key, STR("\"chats\"")) && json_is_array(value);

        buf_add_char(&out, out.len == 0 ? '{' : ',');
        buf_add(&out, key.p, key.len);
        buf_add_char(&out, ':');
        buf_add(&out, chats ? "[]" : value.p, chats ? 2 : value.len);
    }
    buf_add_str(&out, out.len == 0 ? "{}" : "}");
    rq->body = out;
}

/* A list is what an object with nothing but chats would be. */
static void
leave_out_list(struct request *rq)
{
    buf_init(&rq->body, rq->arena, SIZE_MAX);
    buf_add_str(&rq->body, "{\"chats\":[]}");
}

static void
check_chats(struct json_reader *in, struct str chats)
{
    struct str element;
    bool objects = true;
    size_t n = 0;

    for (; json_next(&chats, &element); n++)
        objects = objects && json_is_object(element);
    if (!objects)
        jr_problem(in, "chats", "must be a list of objects");
    else if (n == 0 || n > IMPORT_CHATS_MAX)
        jr_problem(in, "chats", "must have 1 to 100000 chats");
}

static struct err
read_import(struct request *rq, struct str *chats)
{
    struct str document = json_value((struct str){ rq->body.data, rq->body.len });
    struct json_reader *in;

    *chats = (struct str){ "", 0 };
    if (json_is_object(document) || json_is_array(document))
        TRY(json_check_members(rq->arena, rq->body.data, rq->body.len, IMPORT_MEMBERS_MAX));
    if (json_is_object(document)) {
        *chats = json_member(document, "chats");
        leave_out_chats(rq, document);
    } else if (json_is_array(document)) {
        *chats = document;
        leave_out_list(rq);
    }
    in = request_json(rq);
    (void)jr_opt_word(in, "format", forms);
    (void)jr_opt_int(in, "version", 1, 1, 1);
    (void)jr_opt_array(in, "chats", 0);
    if (!jr_has(in, "chats"))
        jr_problem(in, "chats", "is required");
    else if (json_is_array(*chats))
        check_chats(in, *chats);
    else if (request_is_null(in, "chats"))
        jr_problem(in, "chats", "must not be null");
    return jr_check(in);
}

/* What the chats hold is the worker's to read: there may be thousands. */
struct err
imports_create(struct request *rq, struct reply *rp)
{
    struct json_writer *w;
    struct id job_id;
    struct str chats;

    TRY(read_import(rq, &chats));
    TRY(import_new(rq->db, rq->arena, rq->caller.user_id, str_dup(rq->arena, chats), rq->request_id,
                   &job_id));
    w = reply_json(rp, 202);
    rp->location = arena_printf(rp->arena, "/api/jobs/%s", job_id.s);
    jw_object(w, NULL);
    jw_id(w, "job_id", job_id);
    jw_str(w, "status", "processing");
    jw_str(w, "status_url", rp->location);
    jw_object_end(w);
    return OK;
}
