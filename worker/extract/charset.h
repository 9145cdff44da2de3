/*
 * Charset: how the bytes of a text become UTF-8, decided as browsers do
 * (WHATWG Encoding and HTML standards): a byte order mark, the Content-Type,
 * a <meta> in the first 1,024 bytes, else UTF-8 when the bytes are, else
 * windows-1252. Labels mean what the standard's table says: iso-8859-1 and ascii
 * are windows-1252, gb2312 is gbk. Unlike a browser it does not believe a <meta> that calls
 * plain UTF-8 something else: so it is left in pages that were saved anew.
 */
#ifndef WORKER_EXTRACT_CHARSET_H
#define WORKER_EXTRACT_CHARSET_H

#include "lib/str.h"

#include <stdbool.h>

struct arena;

/* The encoding that a label names, as the standard writes it ("windows-1252"); NULL if none. */
const char *charset_label(struct str label);

/*
 * The encoding of `bytes`. `content_type` may be NULL; <meta> and an XML
 * declaration count with `markup` only. Never NULL.
 */
const char *charset_decide(struct str bytes, const char *content_type, bool markup);

/*
 * Decode: valid UTF-8 without NUL and without a byte order mark. What cannot be
 * decoded becomes U+FFFD. At most `max` bytes; what is beyond is left out.
 */
struct str charset_decode(struct arena *a, struct str bytes, const char *charset, size_t max);

/*
 * Valid UTF-8, of which what was encoded twice is encoded once, if any of it gives that away
 * by control characters that no text has.
 */
struct str charset_mend(struct arena *a, struct str text);

#endif
