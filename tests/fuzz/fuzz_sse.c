/*
 * The same bytes give the same events however they are cut; texts are UTF-8; no
 * more is kept than one event may hold.
 */
#include "lib/arena.h"
#include "lib/sse.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#define MAX 48 /* bytes of one event */

static void
note(struct buf *out, const char *event, const char *data)
{
    MUST(str_utf8_valid(str_from(event)) == strlen(event));
    MUST(str_utf8_valid(str_from(data)) == strlen(data));
    buf_printf(out, "%zu:%s,%zu:%s;", strlen(event), event, strlen(data), data);
}

static const char *
events(struct arena *a, const char *bytes, size_t size, size_t piece)
{
    const char *event, *data;
    struct buf out;
    struct sse s;

    buf_init(&out, a, SIZE_MAX / 2);
    sse_init(&s, a, MAX);
    for (size_t i = 0; i < size; i += piece) {
        size_t len = size - i < piece ? size - i : piece;

        MUST(sse_feed(&s, bytes + i, len) == !s.over);
        while (sse_next(&s, &event, &data))
            note(&out, event, data);
        MUST(s.over || s.in.len - s.pos <= MAX + 1);
    }
    if (sse_end(&s, &event, &data)) {
        buf_add_str(&out, "end ");
        note(&out, event, data);
    }
    buf_printf(&out, "%d %s", s.over, s.id.data);
    return out.data;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    size_t piece = size > 0 ? data[0] % 16 + 2 : 1;
    const char *bytes = (const char *)data + (size > 0), *whole;

    size -= size > 0;
    whole = events(a, bytes, size, size + 1);
    MUST(strcmp(whole, events(a, bytes, size, 1)) == 0);
    MUST(strcmp(whole, events(a, bytes, size, piece)) == 0);
    arena_free(a);
    return 0;
}
