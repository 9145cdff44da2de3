#include "lib/proto.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

#define VARINT_MAX 10 /* bytes */

static size_t
varint(uint64_t n, uint8_t out[VARINT_MAX])
{
    size_t len = 0;

    for (; n > 0x7f; n >>= 7)
        out[len++] = (uint8_t)(n | 0x80);
    out[len++] = (uint8_t)n;
    return len;
}

static void
add_varint(struct buf *out, uint64_t n)
{
    uint8_t bytes[VARINT_MAX];

    buf_add(out, bytes, varint(n, bytes));
}

static void
add_tag(struct buf *out, unsigned field, enum wire wire)
{
    add_varint(out, (uint64_t)field << 3 | wire);
}

void
proto_int(struct buf *out, unsigned field, int64_t value)
{
    add_tag(out, field, WIRE_VARINT);
    add_varint(out, (uint64_t)value);
}

void
proto_fixed64(struct buf *out, unsigned field, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    add_tag(out, field, WIRE_FIXED64);
    buf_add(out, bytes, sizeof(bytes));
}

void
proto_double(struct buf *out, unsigned field, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    proto_fixed64(out, field, bits);
}

void
proto_bytes(struct buf *out, unsigned field, struct str value)
{
    add_tag(out, field, WIRE_BYTES);
    add_varint(out, value.len);
    buf_add(out, value.p, value.len);
}

/* Its length is known at its end: one byte is kept free, and more are made then. */
size_t
proto_begin(struct buf *out, unsigned field)
{
    add_tag(out, field, WIRE_BYTES);
    buf_add_char(out, '\0');
    return out->len;
}

void
proto_end(struct buf *out, size_t begin)
{
    uint8_t length[VARINT_MAX];
    size_t len = out->len - begin, n = varint(len, length);

    buf_add(out, length, n - 1);
    if (!buf_ok(out))
        return;
    memmove(out->data + begin + n - 1, out->data + begin, len);
    memcpy(out->data + begin - 1, length, n);
}
