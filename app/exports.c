/* /api/chats/{id}/export and /api/chats/export: chats as files. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/chat.h"
#include "db/import.h"
#include "db/message.h"
#include "lib/arena.h"

#include <string.h>

#define PAGE         500                        /* messages read at once */
#define MESSAGES_MAX IMPORT_MEMBERS_MAX         /* as many as can be imported again */
#define CHAT_BYTES   ((size_t)64 * 1024 * 1024) /* of one chat in a file of many */
#define FILE_BYTES   ((size_t)8 * 1024 * 1024)  /* after these, chats wait for the next file */

#define TOO_LONG "the chat is too long for a file: list its messages instead"

static const char *const formats[] = { "json", "markdown", NULL };

/* What is written: the text of a file, and for JSON, who writes it. */
struct file {
    struct buf *text;
    struct json_writer *json;
    struct arena *scratch; /* of what is read for it, a page of messages at a time */
    size_t most;           /* bytes of one chat */
};

typedef void (*write_fn)(const struct file *f, const struct message *m);

static void
write_json(const struct file *f, const struct message *m)
{
    struct json_writer *w = f->json;

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
write_markdown(const struct file *f, const struct message *m)
{
    const char *who = strcmp(m->role, "user") == 0     ? "User"
                      : strcmp(m->role, "system") == 0 ? "System"
                                                       : "Assistant";

    buf_printf(f->text, "\n## %s, %s\n\n%s\n", who, m->created_at, m->content);
}

static struct err
write_page(struct request *rq, const struct file *f, struct id chat_id,
           enum message_branches branches, write_fn write, struct page *page, size_t *count)
{
    struct message *list;
    size_t start = f->text->len;

    TRY(message_list(rq->db, f->scratch, chat_id, MESSAGE_OLDEST_FIRST, branches, page, &list,
                     count));
    for (size_t i = 0; i < *count; i++) {
        write(f, &list[i]);
        if (f->text->len - start > f->most)
            break;
    }
    if (*count > 0) {
        page->at = arena_strdup(rq->arena, list[*count - 1].created_at);
        page->id = list[*count - 1].id;
    }
    arena_reset(f->scratch);
    return OK;
}

static struct err
write_messages(struct request *rq, const struct file *f, struct id chat_id,
               enum message_branches branches, write_fn write)
{
    struct page page = { .limit = PAGE };
    size_t count, all = 0, start = f->text->len;

    do {
        TRY(write_page(rq, f, chat_id, branches, write, &page, &count));
        all += count;
        if (all > MESSAGES_MAX || f->text->len - start > f->most || !buf_ok(f->text))
            return ERR(ERR_CONFLICT, TOO_LONG);
    } while (count == PAGE);
    return OK;
}

static void
free_scratch(void *scratch)
{
    arena_free(scratch);
}

static struct file
file_of(struct request *rq, struct reply *rp, size_t most)
{
    struct file f = { &rp->body, &rp->json, arena_new(), most };

    arena_defer(rq->arena, free_scratch, f.scratch);
    return f;
}

/* ---- one chat --------------------------------------------------------------------------- */

static void
begin_chat(struct json_writer *w, const struct chat *chat)
{
    jw_str(w, "title", chat->title);
    jw_bool(w, "pinned", chat->pinned);
    jw_bool(w, "archived", chat->archived);
    jw_str(w, "created_at", chat->created_at);
    jw_array(w, "messages");
}

static struct err
chat_to_json(struct request *rq, const struct file *f, const struct chat *chat)
{
    begin_chat(f->json, chat);
    TRY(write_messages(rq, f, chat->id, MESSAGE_ALL_BRANCHES, write_json));
    jw_array_end(f->json);
    return OK;
}

static struct err
chat_to_markdown(struct request *rq, const struct file *f, const struct chat *chat)
{
    buf_printf(f->text, "# %s\n", chat->title);
    return write_messages(rq, f, chat->id, MESSAGE_SHOWN_BRANCH, write_markdown);
}

static void
begin_file(struct json_writer *w)
{
    jw_object(w, NULL);
    jw_str(w, "format", "offstage");
    jw_int(w, "version", 1);
    jw_array(w, "chats");
}

static void
end_file(struct json_writer *w)
{
    jw_array_end(w);
    jw_object_end(w);
}

static struct err
export_json(struct request *rq, struct reply *rp, const struct chat *chat)
{
    struct json_writer *w = reply_json(rp, 200);
    struct file f = file_of(rq, rp, SIZE_MAX);

    begin_file(w);
    jw_object(w, NULL);
    TRY(chat_to_json(rq, &f, chat));
    jw_object_end(w);
    end_file(w);
    return OK;
}

static struct err
export_markdown(struct request *rq, struct reply *rp, const struct chat *chat)
{
    struct file f;

    (void)reply_json(rp, 200);
    rp->content_type = "text/markdown; charset=utf-8";
    f = file_of(rq, rp, SIZE_MAX);
    return chat_to_markdown(rq, &f, chat);
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

/* ---- all of them ------------------------------------------------------------------------ */

/* What stands there for a chat that is too long: the others are wanted all the same. */
static void
add_error(const struct file *f, const struct chat *chat, const char *why)
{
    begin_chat(f->json, chat);
    jw_array_end(f->json);
    jw_str(f->json, "error", why);
}

static struct err
add_json(struct request *rq, const struct file *f, const struct chat *chat)
{
    struct json_writer before = *f->json, begun;
    size_t len = f->text->len, begun_len;
    struct err e;

    jw_object(f->json, NULL);
    jw_id(f->json, "id", chat->id);
    begun = *f->json;
    begun_len = f->text->len;
    e = chat_to_json(rq, f, chat);
    if (e.code == ERR_NOT_FOUND) { /* it has just gone */
        *f->json = before;
        buf_truncate(f->text, len);
        return OK;
    }
    if (e.code && e.code != ERR_CONFLICT)
        return e;
    if (e.code) {
        *f->json = begun;
        buf_truncate(f->text, begun_len);
        add_error(f, chat, e.msg);
    }
    jw_object_end(f->json);
    return OK;
}

static struct err
add_markdown(struct request *rq, const struct file *f, const struct chat *chat)
{
    size_t len = f->text->len;
    struct err e;

    buf_add_str(f->text, len > 0 ? "\n" : "");
    e = chat_to_markdown(rq, f, chat);
    if (e.code && e.code != ERR_CONFLICT && e.code != ERR_NOT_FOUND)
        return e;
    if (e.code)
        buf_truncate(f->text, len);
    if (e.code == ERR_CONFLICT)
        buf_printf(f->text, "%s# %s\n\n(%s)\n", len > 0 ? "\n" : "", chat->title, e.msg);
    return OK;
}

static void
name_next(struct request *rq, struct reply *rp, bool markdown, int limit)
{
    if (rp->next_cursor)
        reply_header(rp, "Link",
                     arena_printf(rq->arena,
                                  "</api/chats/export?format=%s&limit=%d&cursor=%s>; rel=\"next\"",
                                  formats[markdown], limit, rp->next_cursor));
    reply_header(
        rp, "Content-Disposition",
        arena_printf(rq->arena, "attachment; filename=\"chats.%s\"", markdown ? "md" : "json"));
}

struct err
exports_chats(struct request *rq, struct reply *rp)
{
    bool markdown = params_word(&rq->params, "format", formats) == 1;
    struct page page = request_page(rq);
    struct json_writer *w;
    struct chat *list;
    struct file f;
    size_t count;

    TRY(params_check(&rq->params));
    TRY(chat_list_all(rq->db, rq->arena, rq->caller.user_id, &page, &list, &count));
    w = reply_json(rp, 200);
    f = file_of(rq, rp, CHAT_BYTES);
    rp->rows_left = page.limit - 1;
    rp->next_cursor = NULL;
    if (!markdown)
        begin_file(w);
    for (size_t i = 0; i < count; i++) {
        if (rp->body.len >= FILE_BYTES)
            rp->rows_left = 0;
        if (!reply_row(rp, list[i].active_at, list[i].id))
            break;
        TRY(markdown ? add_markdown(rq, &f, &list[i]) : add_json(rq, &f, &list[i]));
    }
    if (markdown)
        rp->content_type = "text/markdown; charset=utf-8";
    else
        end_file(w);
    name_next(rq, rp, markdown, page.limit - 1);
    return OK;
}
