/* Whatever a server answers: a vector with a direction for each text, or an error. */
#include "lib/arena.h"
#include "lib/vector.h"
#include "tests/fuzz/fuzz.h"
#include "worker/embed/embeddings.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str reply = { (const char *)data, size };
    struct arena *a = arena_new();
    struct embeddings e;

    for (size_t n = 1; n < 4; n++) {
        if (embeddings_read(a, reply, n, &e).code)
            continue;
        MUST(e.dimensions > 0 && e.dimensions <= VECTOR_MAX);
        for (size_t i = 0; i < n; i++) {
            const int8_t *v = e.numbers + i * e.dimensions;

            MUST(vector_alike(v, v, e.dimensions) > 0.99);
        }
    }
    arena_free(a);
    return 0;
}
