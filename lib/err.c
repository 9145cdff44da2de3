#include "lib/err.h"

#include "lib/arena.h"

#include <assert.h>
#include <stdarg.h>

static const struct {
    const char *name, *title;
    int status;
} codes[] = {
    [ERR_NONE] = { "ok", "OK", 200 },
    [ERR_MALFORMED] = { "malformed", "Malformed request", 400 },
    [ERR_UNAUTHENTICATED] = { "unauthenticated", "Not signed in", 401 },
    [ERR_FORBIDDEN] = { "forbidden", "Not allowed", 403 },
    [ERR_NOT_FOUND] = { "not_found", "Not found", 404 },
    [ERR_METHOD] = { "method_not_allowed", "Method not allowed", 405 },
    [ERR_CONFLICT] = { "conflict", "Conflict", 409 },
    [ERR_TOO_LARGE] = { "too_large", "Too large", 413 },
    [ERR_MEDIA_TYPE] = { "unsupported_media_type", "Unsupported media type", 415 },
    [ERR_INVALID] = { "invalid", "Invalid input", 422 },
    [ERR_RATE_LIMITED] = { "rate_limited", "Too many requests", 429 },
    [ERR_INTERNAL] = { "internal", "Internal error", 500 },
    [ERR_UPSTREAM] = { "upstream", "Upstream failed", 502 },
    [ERR_UNAVAILABLE] = { "unavailable", "Temporarily unavailable", 503 },
    [ERR_TIMEOUT] = { "timeout", "Timed out", 504 },
    [ERR_LEASE_LOST] = { "lease_lost", "Lease lost", 500 },
};

_Static_assert(sizeof(codes) / sizeof(codes[0]) == ERR_CODE_COUNT, "a code lacks its row");

struct err
err_fmt(struct arena *a, enum err_code code, const char *fmt, ...)
{
    struct err err = { .code = code };
    va_list ap;

    va_start(ap, fmt);
    err.msg = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return err;
}

const char *
err_name(enum err_code code)
{
    assert(code < ERR_CODE_COUNT);
    return codes[code].name;
}

const char *
err_title(enum err_code code)
{
    assert(code < ERR_CODE_COUNT);
    return codes[code].title;
}

int
err_status(enum err_code code)
{
    assert(code < ERR_CODE_COUNT);
    return codes[code].status;
}
