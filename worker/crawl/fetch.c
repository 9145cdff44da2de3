#include "worker/crawl/fetch.h"

#include "lib/arena.h"
#include "lib/config.h"

enum { KEEP_LOCATION, KEEP_ETAG, KEEP_LAST_MODIFIED, KEEP_ROBOTS };
static const char *const keep[] = { "location", "etag", "last-modified", "x-robots-tag", NULL };

const char *
fetch_agent(void)
{
    return "Mozilla/5.0 (compatible; " FETCH_PRODUCT "/" OFFSTAGE_VERSION ")";
}

static const char *
copy(struct arena *a, const char *s)
{
    return s ? arena_strdup(a, s) : NULL;
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct fetch *f = arg;
    size_t room = f->body.max - f->body.len;

    if (len > room) {
        buf_add(&f->body, bytes, f->cut ? room : 0);
        return false;
    }
    buf_add(&f->body, bytes, len);
    return true;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct fetch *f = arg;

    f->transfer = NULL;
    f->status = reply->status;
    f->took_ms = reply->total_ms;
    f->retry_after_ms = reply->retry_after_ms;
    f->wire_bytes = reply->wire_bytes;
    f->content_type = arena_strdup(f->arena, reply->content_type ? reply->content_type : "");
    f->etag = f->last_modified = NULL;
    if (reply->kept) {
        f->location = copy(f->arena, reply->kept[KEEP_LOCATION]);
        f->etag = copy(f->arena, reply->kept[KEEP_ETAG]);
        f->last_modified = copy(f->arena, reply->kept[KEEP_LAST_MODIFIED]);
        f->robots = copy(f->arena, reply->kept[KEEP_ROBOTS]);
    }
    if (reply->err.code && !(f->cut && reply->err.code == ERR_TOO_LARGE))
        f->err = err_fmt(f->arena, reply->err.code, "%s", reply->err.msg);
    f->done(f);
}

void
fetch_start(struct http *http, struct fetch *f)
{
    struct http_header headers[5] = {
        { "User-Agent", fetch_agent() },
        { "Accept", "text/html,application/xhtml+xml,application/pdf,text/plain;q=0.9,*/*;q=0.5" },
        { "Accept-Encoding", "" },
    };
    size_t n = 3;
    struct http_request rq = { .url = f->url,
                               .headers = headers,
                               .gate = true,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = FETCH_CONNECT_MS,
                               .idle_ms = FETCH_IDLE_MS,
                               .total_ms = config_int(SET_FETCH_TOTAL_S) * 1000,
                               .wire_max = f->wire_max,
                               .keep = keep,
                               .arg = f,
                               .on_data = on_data,
                               .on_end = on_end };

    if (f->etag)
        headers[n++] = (struct http_header){ "If-None-Match", f->etag };
    else if (f->last_modified)
        headers[n++] = (struct http_header){ "If-Modified-Since", f->last_modified };
    rq.header_count = n;
    buf_init(&f->body, f->arena, (size_t)f->body_max);
    f->transfer = http_send(http, &rq);
}

void
fetch_cancel(struct fetch *f)
{
    if (f->transfer)
        http_cancel(f->transfer);
    f->transfer = NULL;
}
