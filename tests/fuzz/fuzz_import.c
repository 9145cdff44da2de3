/*
 * Whatever a file of chats holds, what is read of it is a tree in the order of
 * time: parents before what follows them, and one path shown.
 */
#include "lib/arena.h"
#include "tests/fuzz/fuzz.h"
#include "worker/import/import_file.h"

#include <string.h>

#define NOW_US INT64_C(1800000000000000)

static void
check_chat(const struct import_chat *chat)
{
    int last = -1;

    MUST(chat->title[0] != '\0');
    for (size_t i = 0; i < chat->count; i++) {
        const struct import_message *m = &chat->messages[i];

        MUST(m->role && m->content && m->status);
        MUST(m->parent < (int)i && m->at_us <= NOW_US);
        MUST(i == 0 || m->at_us > chat->messages[i - 1].at_us);
        MUST(!m->shown || m->parent == last);
        if (m->shown)
            last = (int)i;
    }
    MUST(chat->count == 0 || last >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char *text = arena_strndup(a, (const char *)data, size);
    struct import_file file;
    struct import_chat chat;
    struct str one;
    size_t n = 0;

    if (import_open(a, text, size, &file).code == ERR_NONE) {
        for (; import_next(&file, &one); n++)
            if (import_read(a, one, NOW_US, &chat).code == ERR_NONE)
                check_chat(&chat);
        MUST(n == file.count);
    }
    arena_free(a);
    return 0;
}
