#include "app/records.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define VERSION     1
#define HEADER      8 /* bytes before the content of a record */
#define CONTENT_MAX ((size_t)65528)

enum { TYPE_END_REQUEST = 3, TYPE_STDOUT = 6 };

static uint8_t *
put_header(uint8_t *p, uint8_t type, int request_id, size_t len)
{
    *p++ = VERSION;
    *p++ = type;
    *p++ = (uint8_t)(request_id >> 8);
    *p++ = (uint8_t)request_id;
    *p++ = (uint8_t)(len >> 8);
    *p++ = (uint8_t)len;
    *p++ = 0; /* padding */
    *p++ = 0;
    return p;
}

static bool
send_all(int fd, struct iovec *part, size_t count)
{
    while (count > 0) {
        struct msghdr message = { .msg_iov = part, .msg_iovlen = count };
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        for (; count > 0 && (size_t)sent >= part->iov_len; part++, count--)
            sent -= (ssize_t)part->iov_len;
        if (count > 0) {
            part->iov_base = (char *)part->iov_base + sent;
            part->iov_len -= (size_t)sent;
        }
    }
    return true;
}

bool
records_send(int fd, int request_id, struct str head, struct str body)
{
    uint8_t lead[HEADER], end[3 * HEADER] = { 0 };

    assert(head.len > 0 && head.len <= RECORDS_HEAD_MAX);
    /* The end of the stream, and of the request: eight bytes of zeros say that all went well. */
    (void)put_header(put_header(end, TYPE_STDOUT, request_id, 0), TYPE_END_REQUEST, request_id,
                     HEADER);
    for (;;) {
        size_t room = CONTENT_MAX - head.len, len = body.len < room ? body.len : room;
        bool is_last = len == body.len;
        struct iovec parts[] = { { lead, sizeof(lead) },
                                 { (void *)(uintptr_t)head.p, head.len },
                                 { (void *)(uintptr_t)body.p, len },
                                 { end, is_last ? sizeof(end) : 0 } };

        (void)put_header(lead, TYPE_STDOUT, request_id, head.len + len);
        if (!send_all(fd, parts, sizeof(parts) / sizeof(parts[0])))
            return false;
        if (is_last)
            return true;
        body = (struct str){ body.p + len, body.len - len };
        head.len = 0;
    }
}
