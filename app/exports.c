/* /api/chats/{id}/export and /api/chats/import: chats as files. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/chat.h"
#include "db/import.h"
#include "db/message.h"
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/str.h"

#include <string.h>

#define PAGE         500                /* messages read at once */
#define MESSAGES_MAX IMPORT_MEMBERS_MAX /* as many as can be imported again */

#define IMPORT_CHATS_MAX 100000

static const char *const forms[] = { "offstage", NULL };
static const char *const formats[] = { "json", "markdown", NULL };

typedef void (*write_fn)(struct reply *rp, const struct message *m);

static void
write_json(struct reply *rp, const struct message *m)
{
    struct json_writer *w = &rp->json;

    jw_object(w, NULL);
    jw_id(w, "id", m->id);
    jw_id(w, "parent_id", m->parent_id);
    jw_str(w, "role", m->role);
    jw_str(w, "status", m->status);
    jw_str(w, "content", m->content);
    jw_raw(w, "sources", m->sources);
    if (m->rating) {
        jw_object(w, "feedback");
        jw_str(w, "rating", m->rating);
        jw_str(w, "comment", m->comment);
        jw_object_end(w);
    } else {
        jw_null(w, "feedback");
    }
    jw_bool(w, "shown", m->shown);
    jw_str(w, "created_at", m->created_at);
    jw_object_end(w);
}

/* The text of an answer is Markdown already; a question is what its user wrote. */
static void
write_markdown(struct reply *rp, const struct message *m)
{
    const char *who = strcmp(m->role, "user") == 0     ? "User"
                      : strcmp(m->role, "system") == 0 ? "System"
                                                       : "Assistant";

    buf_printf(&rp->body, "\n## %s, %s\n\n%s\n", who, m->created_at, m->content);
}

static struct err
write_messages(struct request *rq, struct reply *rp, enum message_branches branches, write_fn write)
{
    struct page page = { .limit = PAGE };
    struct message *list;
    size_t count, all = 0;

    do {
        TRY(message_list(rq->db, rq->arena, rq->id, MESSAGE_OLDEST_FIRST, branches, &page, &list,
                         &count));
        for (size_t i = 0; i < count; i++)
            write(rp, &list[i]);
        if (count > 0) {
            page.at = list[count - 1].created_at;
            page.id = list[count - 1].id;
        }
        all += count;
        if (all > MESSAGES_MAX || !buf_ok(&rp->body))
            return ERR(ERR_CONFLICT, "the chat is too long for a file: list its messages instead");
    } while (count == PAGE);
    return OK;
}

static struct err
export_json(struct request *rq, struct reply *rp, const struct chat *chat)
{
    struct json_writer *w = reply_json(rp, 200);

    jw_object(w, NULL);
    jw_str(w, "format", forms[0]);
    jw_int(w, "version", 1);
    jw_array(w, "chats");
    jw_object(w, NULL);
    jw_str(w, "title", chat->title);
    jw_bool(w, "pinned", chat->pinned);
    jw_bool(w, "archived", chat->archived);
    jw_str(w, "created_at", chat->created_at);
    jw_array(w, "messages");
    TRY(write_messages(rq, rp, MESSAGE_ALL_BRANCHES, write_json));
    jw_array_end(w);
    jw_object_end(w);
    jw_array_end(w);
    jw_object_end(w);
    return OK;
}

static struct err
export_markdown(struct request *rq, struct reply *rp, const struct chat *chat)
{
    (void)reply_json(rp, 200);
    rp->content_type = "text/markdown; charset=utf-8";
    buf_printf(&rp->body, "# %s\n", chat->title);
    return write_messages(rq, rp, MESSAGE_SHOWN_BRANCH, write_markdown);
}

struct err
exports_chat(struct request *rq, struct reply *rp)
{
    bool markdown = params_word(&rq->params, "format", formats) == 1;
    struct chat chat;

    TRY(params_check(&rq->params));
    TRY(chat_get(rq->db, rq->arena, rq->id, &chat));
    TRY(markdown ? export_markdown(rq, rp, &chat) : export_json(rq, rp, &chat));
    reply_header(rp, "Content-Disposition",
                 arena_printf(rq->arena, "attachment; filename=\"chat-%.8s.%s\"", chat.id.s,
                              markdown ? "md" : "json"));
    return OK;
}

/* ---- import ---------------------------------------------------------------------------- */

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
exports_import(struct request *rq, struct reply *rp)
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
