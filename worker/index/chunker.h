/*
 * Chunker: cut a text, plain or Markdown, into the passages that search finds.
 *
 * A chunk is a slice of the text of about CHUNK_CHARS characters that begins and
 * ends with a sentence, better with a paragraph. A heading always begins a new
 * one and is kept beside it. Within a section a chunk repeats the end of the one
 * before, so that what spans a border is whole in one of them. Code and tables that
 * are too long for one chunk are cut between lines; each part of such code stands
 * between fences of its own, and each part of such a table below its head, which are
 * the only things that a chunk has and its slice has not. Pure; nothing but headings
 * and white space is left out, and no code point is cut.
 */
#ifndef WORKER_CHUNKER_H
#define WORKER_CHUNKER_H

#include <stddef.h>

struct arena;
struct source_chunk; /* db/chunk.h */

#define CHUNK_CHARS   1200 /* characters, about */
#define CHUNK_MOST    1800 /* characters of a section that is not cut */
#define CHUNK_OVERLAP 150  /* characters of the chunk before, at most */
#define CHUNK_HEADING 200  /* bytes of a heading, at most */
#define CHUNK_ANCHOR  200  /* bytes */

/*
 * The chunks of valid UTF-8 `text`, in order, in the arena. Returns how many. A
 * heading is the path of headings above: "Install > Debian"; its anchor is what
 * the last of them had behind it: "## Debian {#debian}".
 */
size_t chunker_split(struct arena *a, const char *text, struct source_chunk **out);

#endif
