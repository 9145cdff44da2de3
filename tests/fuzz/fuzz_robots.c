/* Whatever it says, robots.txt itself is allowed, and its delay is within bounds. */
#include "lib/arena.h"
#include "tests/fuzz/fuzz.h"
#include "worker/crawl/robots.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str path, text = str_cut((struct str){ (const char *)data, size }, '\0', &path);
    struct arena *a = arena_new();
    struct robots *r = robots_parse(a, text, "offstage");
    const struct str *maps;

    MUST(robots_allows(r, STR("/robots.txt")));
    (void)robots_allows(r, path);
    (void)robots_allows(r, STR("/a/b%20c?d=e"));
    MUST(robots_delay_ms(r) >= -1 && robots_delay_ms(r) <= ROBOTS_DELAY_MAX);
    MUST(robots_sitemaps(r, &maps) <= ROBOTS_SITEMAP_MAX);
    arena_free(a);
    return 0;
}
