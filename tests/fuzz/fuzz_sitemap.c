/* Never more addresses than allowed, none empty, and no bytes but those of the text or UTF-8. */
#include "lib/arena.h"
#include "tests/fuzz/fuzz.h"
#include "worker/crawl/sitemap.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct arena *a = arena_new();
    struct sitemap map;

    if (!sitemap_is_gzip(text) || !sitemap_unpack(a, text, &text).code) {
        sitemap_parse(a, text, &map);
        MUST(map.count <= SITEMAP_ENTRIES_MAX);
        for (size_t i = 0; i < map.count; i++)
            MUST(map.addresses[i].len > 0);
    }
    arena_free(a);
    return 0;
}
