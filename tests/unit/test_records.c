#include "app/records.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "tests/harness/harness.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST 258 /* two bytes that differ */
#define BIG     300000

/* What nginx would make of it. */
struct heard {
    int fd;
    struct buf text;
    int records, ends;
    bool in_order; /* the stream's end, then the request's, then nothing */
};

static bool
read_all(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, out, len);

        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

static void *
hear(void *arg)
{
    struct heard *h = arg;
    static uint8_t content[65536];
    uint8_t header[8];
    bool closed = false;

    h->in_order = true;
    while (read_all(h->fd, header, sizeof(header))) {
        size_t len = (size_t)header[4] << 8 | header[5];

        h->in_order = h->in_order && h->ends == 0 && header[0] == 1 &&
                      (header[2] << 8 | header[3]) == REQUEST &&
                      read_all(h->fd, content, len + header[6]);
        h->records++;
        if (header[1] == 6 && !closed)
            buf_add(&h->text, content, len);
        else
            h->in_order = h->in_order && header[1] == 3 && closed && len == 8;
        h->ends += header[1] == 3;
        closed = closed || (header[1] == 6 && len == 0);
    }
    return NULL;
}

static struct heard
exchange(struct arena *a, struct str head, struct str body)
{
    struct heard h = { 0 };
    pthread_t thread;
    int fds[2];

    buf_init(&h.text, a, (size_t)BIG * 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    h.fd = fds[1];
    assert_int_equal(pthread_create(&thread, NULL, hear, &h), 0);
    assert_true(records_send(fds[0], REQUEST, head, body));
    (void)close(fds[0]);
    (void)pthread_join(thread, NULL);
    (void)close(fds[1]);
    assert_true(h.in_order);
    assert_int_equal(h.ends, 1);
    return h;
}

static void
a_reply_is_one_record_and_its_end(void **state)
{
    struct heard h = exchange(*state, STR("Status: 200 OK\r\n\r\n"), STR("{}"));

    assert_string_equal(h.text.data, "Status: 200 OK\r\n\r\n{}");
    assert_int_equal(h.records, 3);
}

static void
a_reply_may_have_no_body(void **state)
{
    struct heard h =
        exchange(*state, STR("Status: 204 No Content\r\n\r\n"), (struct str){ NULL, 0 });

    assert_string_equal(h.text.data, "Status: 204 No Content\r\n\r\n");
}

static void
a_long_reply_arrives_whole(void **state)
{
    static char body[BIG];
    struct heard h;

    for (size_t i = 0; i < BIG; i++)
        body[i] = (char)('a' + i % 23);
    for (size_t len = BIG - 70000; len <= BIG; len += 35000) {
        h = exchange(*state, STR("Status: 200 OK\r\n\r\n"), (struct str){ body, len });
        assert_int_equal(h.text.len, strlen("Status: 200 OK\r\n\r\n") + len);
        assert_memory_equal(h.text.data + strlen("Status: 200 OK\r\n\r\n"), body, len);
    }
}

static void
a_peer_that_is_gone_is_noticed_without_a_signal(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    (void)close(fds[1]);
    assert_false(records_send(fds[0], REQUEST, STR("Status: 200 OK\r\n\r\n"), STR("{}")));
    (void)close(fds[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_reply_is_one_record_and_its_end),
        UNIT_TEST(a_reply_may_have_no_body),
        UNIT_TEST(a_long_reply_arrives_whole),
        UNIT_TEST(a_peer_that_is_gone_is_noticed_without_a_signal),
    };

    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
