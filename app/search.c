/* GET /api/search: what one has written and been answered. */
#include "db/search.h"
#include "app/handlers.h"
#include "app/request.h"

#include <string.h>

/* As pieces, so that a client needs no markup to show what matched. */
static void
write_snippet(struct json_writer *w, const char *text)
{
    bool match = false;

    jw_array(w, "snippet");
    while (*text) {
        size_t len = strcspn(text, "\x01\x02");

        if (len > 0) {
            jw_object(w, NULL);
            jw_str_len(w, "text", text, len);
            jw_bool(w, "match", match);
            jw_object_end(w);
        }
        text += len;
        if (!*text)
            break;
        match = *text++ == SEARCH_MATCH_BEGINS;
    }
    jw_array_end(w);
}

static void
write_hit(struct json_writer *w, const struct search_hit *hit)
{
    jw_object(w, NULL);
    jw_id(w, "message_id", hit->message_id);
    jw_id(w, "chat_id", hit->chat_id);
    jw_str(w, "chat_title", hit->chat_title);
    jw_str(w, "role", hit->role);
    jw_bool(w, "shown", hit->shown);
    jw_double(w, "score", hit->score);
    write_snippet(w, hit->snippet);
    jw_str(w, "created_at", hit->created_at);
    jw_object_end(w);
}

struct err
search_list(struct request *rq, struct reply *rp)
{
    const char *query = params_str(&rq->params, "q", SEARCH_QUERY_MAX);
    int64_t most =
        params_int(&rq->params, "limit", 1, REQUEST_PAGE_MAX, (int64_t)REQUEST_PAGE_USUAL);
    struct search_hit *list;
    struct json_writer *w;
    size_t count;

    if (!query)
        params_problem(&rq->params, "q", "is required");
    TRY(params_check(&rq->params));
    TRY(search_messages(rq->db, rq->arena, query, (int)most, &list, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++)
        write_hit(w, &list[i]);
    jw_array_end(w);
    jw_null(w, "next_cursor");
    jw_object_end(w);
    return OK;
}
