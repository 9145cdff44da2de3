/* /api/webhooks: where to tell what became of one's requests, and how that went. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/webhook.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/signature.h"
#include "lib/url.h"

#include <string.h>

static void
write_members(struct json_writer *w, const struct webhook *hook)
{
    jw_id(w, "id", hook->id);
    jw_str(w, "url", hook->url);
    jw_str(w, "description", hook->description);
    jw_raw(w, "events", hook->events);
    jw_bool(w, "active", hook->active);
    jw_str(w, "created_at", hook->created_at);
}

struct err
webhooks_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct json_writer *w;
    struct webhook *list;
    size_t count;

    TRY(webhook_list(rq->db, rq->arena, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++) {
        jw_object(w, NULL);
        write_members(w, &list[i]);
        jw_object_end(w);
    }
    reply_list_end(rp);
    return OK;
}

static bool
is_event(const char *name)
{
    size_t i = 0;

    while (webhook_event_names[i] && strcmp(webhook_event_names[i], name) != 0)
        i++;
    return webhook_event_names[i] != NULL;
}

static const char *
events_there_are(struct arena *a)
{
    struct buf text;

    buf_init(&text, a, SIZE_MAX);
    buf_add_str(&text, "must be of ");
    for (size_t i = 0; webhook_event_names[i]; i++)
        buf_printf(&text, "%s%s", i > 0 ? ", " : "", webhook_event_names[i]);
    return text.data;
}

/* All of them unless some are named. */
static const char *const *
read_events(struct request *rq, struct json_reader *in, size_t *count)
{
    size_t n = jr_opt_array(in, "events", WEBHOOK_EVENTS);
    const char **list = arena_array(rq->arena, n, sizeof(*list));

    for (size_t i = 0; i < n; i++) {
        list[i] = jr_array_str(in, "events", i, 1, 50);
        if (list[i] && !is_event(list[i]))
            jr_problem(in, "events", events_there_are(rq->arena));
    }
    if (jr_has(in, "events") && !request_is_null(in, "events") && n == 0)
        jr_problem(in, "events", "must name an event, or be left out for all");
    *count = n ? n : WEBHOOK_EVENTS;
    return n ? list : webhook_event_names;
}

static const char *
read_url(struct request *rq, struct json_reader *in)
{
    const char *url = jr_str(in, "url", 1, URL_MAX);
    struct err e = url ? url_check_user(rq->arena, url, config_str(SET_ALLOW_PRIVATE)) : OK;

    if (e.code)
        jr_error(in, "url", e);
    return url;
}

struct err
webhooks_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *url = read_url(rq, in), *sealed, *const * events;
    const char *description = jr_opt_str(in, "description", 0, WEBHOOK_DESCRIPTION_MAX);
    char secret[SIGNATURE_SECRET_TEXT + 1];
    struct id id = id_new();
    struct webhook hook;
    struct json_writer *w;
    size_t count;

    events = read_events(rq, in, &count);
    TRY(jr_check(in));
    signature_secret(secret);
    TRY(secret_seal(rq->arena, config_str(SET_SECRET_KEY), webhook_secret_context(rq->arena, id),
                    secret, &sealed));
    TRY(webhook_insert(rq->db, rq->arena, id, url, description ? description : "", events, count,
                       sealed, &hook));
    w = reply_created(rp, "/api/webhooks/%s", hook.id.s);
    jw_object(w, NULL);
    write_members(w, &hook);
    jw_str(w, "secret", secret);
    jw_object_end(w);
    secret_wipe(secret, sizeof(secret));
    return OK;
}

struct err
webhooks_delete(struct request *rq, struct reply *rp)
{
    TRY(webhook_delete(rq->db, rq->arena, rq->id));
    reply_empty(rp);
    return OK;
}

/* ---- deliveries ----------------------------------------------------------- */

static void
write_int_or_null(struct json_writer *w, const char *key, int64_t n)
{
    if (n < 0)
        jw_null(w, key);
    else
        jw_int(w, key, n);
}

static void
write_delivery(struct json_writer *w, const struct webhook_delivery *d)
{
    jw_object(w, NULL);
    jw_id(w, "id", d->id);
    jw_id(w, "job_id", d->job_id);
    jw_str(w, "event", d->event);
    jw_id(w, "subject_id", d->subject_id);
    jw_str(w, "state", d->state);
    jw_int(w, "attempt", d->attempt);
    write_int_or_null(w, "response_status", d->response_status);
    jw_str(w, "error", d->error);
    write_int_or_null(w, "duration_ms", d->duration_ms);
    jw_str(w, "created_at", d->created_at);
    jw_str(w, "tried_at", d->tried_at);
    jw_str(w, "next_attempt_at", d->next_attempt_at);
    jw_object_end(w);
}

struct err
webhooks_deliveries(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    int state = params_word(&rq->params, "state", webhook_state_names);
    struct webhook_delivery *list;
    struct json_writer *w;
    size_t count;

    TRY(webhook_deliveries(rq->db, rq->arena, rq->id, state < 0 ? NULL : webhook_state_names[state],
                           &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_delivery(w, &list[i]);
    reply_list_end(rp);
    return OK;
}
