/*
 * What is parsed means the same when its text is parsed again, is ASCII, and
 * never leaves http and https; resolved against itself an empty link is the
 * same without its fragment. The first line is the link, the rest its base.
 */
#include "lib/arena.h"
#include "lib/weburl.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check(struct arena *a, const struct weburl *url)
{
    const char *text = weburl_text(a, url);
    struct weburl again;

    for (const char *p = text; *p; p++)
        MUST(*p > ' ' && *p <= '~');
    MUST(url->path[0] == '/' && url->host[0]);
    MUST(url->port >= -1 && url->port <= 65535);
    if (strlen(text) > WEBURL_MAX)
        return;
    MUST(!weburl_parse(a, str_from(text), NULL, &again).code);
    MUST(strcmp(weburl_text(a, &again), text) == 0);
    MUST(!weburl_parse(a, STR(""), url, &again).code);
    MUST(!again.fragment && strcmp(again.path, url->path) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str base, link = str_cut((struct str){ (const char *)data, size }, '\n', &base);
    struct arena *a = arena_new();
    struct weburl from, url;

    if (!memchr(data, '\0', size)) {
        if (!weburl_parse(a, link, NULL, &url).code)
            check(a, &url);
        if (!weburl_parse(a, base, NULL, &from).code && !weburl_parse(a, link, &from, &url).code)
            check(a, &url);
    }
    arena_free(a);
    return 0;
}
