/*
 * Proto: writing messages of Protocol Buffers (the wire format of version 3), as far as
 * OpenTelemetry needs them: numbers, bytes, and messages in messages.
 *
 * Fields are written in the order of the calls; what has its type's default value may be
 * left out by the caller. Nothing here fails: ask buf_ok() on the buffer once, at the end.
 */
#ifndef LIB_PROTO_H
#define LIB_PROTO_H

#include "lib/buf.h"
#include "lib/str.h"

#include <stddef.h>
#include <stdint.h>

/* int64, enum, bool */
void proto_int(struct buf *out, unsigned field, int64_t value);
void proto_fixed64(struct buf *out, unsigned field, uint64_t value);
void proto_double(struct buf *out, unsigned field, double value);

/* string, bytes */
void proto_bytes(struct buf *out, unsigned field, struct str value);

/* A message: everything that is written between these two calls. */
size_t proto_begin(struct buf *out, unsigned field);
void proto_end(struct buf *out, size_t begin);

#endif
