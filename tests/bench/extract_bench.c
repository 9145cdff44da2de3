/*
 * offstage-extract-bench: extract documents and say how long it took.
 *
 * Names of files on stdin, one a line; for each a line of JSON on stdout: {"file", "us" of CPU,
 * "title", "text"}. Text is what the page viewer shows. With an argument --html every file is
 * taken for HTML, else by its name's end.
 */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "worker/extract/extract.h"

static double
cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct str
read_file(struct arena *a, const char *name)
{
    FILE *file = fopen(name, "rb");
    struct buf bytes;
    char piece[65536];
    size_t n;

    buf_init(&bytes, a, EXTRACT_BYTES_MAX);
    if (!file) {
        perror(name);
        exit(1);
    }
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(&bytes, piece, n);
    fclose(file);
    return (struct str){ bytes.data, bytes.len };
}

static void
extract(struct arena *a, const char *name, const char *type)
{
    struct extract_input in = { read_file(a, name), type, name };
    struct extract_page page = { .title = "", .text = "" };
    double before = cpu_ms();
    struct err err = extract_page(a, &in, &page);
    double took = cpu_ms() - before;
    struct json_writer w;
    struct buf line;

    buf_init(&line, a, 8 * (size_t)EXTRACT_TEXT_MAX);
    jw_begin(&w, &line);
    jw_object(&w, NULL);
    jw_str(&w, "file", name);
    if (err.code)
        jw_str(&w, "error", err.msg);
    jw_int(&w, "us", (int64_t)(took * 1000));
    jw_str(&w, "title", page.title);
    jw_str(&w, "text", page.text);
    jw_object_end(&w);
    puts(line.data);
}

int
main(int argc, char **argv)
{
    const char *type = argc > 1 && strcmp(argv[1], "--html") == 0 ? "text/html" : NULL;
    struct arena *a = arena_new();
    char name[4096];

    while (fgets(name, sizeof(name), stdin)) {
        name[strcspn(name, "\n")] = '\0';
        extract(a, name, type);
        arena_reset(a);
    }
    arena_free(a);
    return 0;
}
