/*
 * JSON out: append a value to a buf, with commas and nesting taken care of.
 *
 * Every call takes its key first; pass NULL inside an array and at the top.
 * Nothing here fails: ask buf_ok() on the buffer once, at the end. Text must
 * be valid UTF-8; `<`, `>`, `&`, U+2028 and U+2029 are written as escapes, so
 * that a document may stand inside HTML or JavaScript.
 */
#ifndef LIB_JSON_WRITER_H
#define LIB_JSON_WRITER_H

#include "lib/buf.h"
#include "lib/id.h"

#include <stdint.h>

#define JW_DEPTH_MAX 32

struct json_writer {
    struct buf *out;
    unsigned depth;
    bool comma[JW_DEPTH_MAX + 1]; /* a value was written at this depth */
};

/* How one byte below 0x80 is spelled in a JSON string; the length of `out`. */
size_t jw_escape(unsigned char c, char out[6]);

void jw_begin(struct json_writer *w, struct buf *out);
void jw_object(struct json_writer *w, const char *key);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w, const char *key);
void jw_array_end(struct json_writer *w);
void jw_str(struct json_writer *w, const char *key, const char *value); /* NULL writes null */
void jw_str_len(struct json_writer *w, const char *key, const char *value, size_t len);
void jw_id(struct json_writer *w, const char *key, struct id value); /* unset writes null */
void jw_int(struct json_writer *w, const char *key, int64_t value);
void jw_double(struct json_writer *w, const char *key, double value); /* not finite writes null */
void jw_bool(struct json_writer *w, const char *key, bool value);
void jw_null(struct json_writer *w, const char *key);
void jw_raw(struct json_writer *w, const char *key,
            const char *json); /* trusted JSON; NULL writes null */

#endif
