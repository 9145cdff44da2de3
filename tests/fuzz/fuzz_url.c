/*
 * A URL that is taken is http(s), means the same when it is read again, and if a
 * user may name it, is not the literal address of something private. An allow
 * list never allows less for one entry more.
 */
#include "lib/arena.h"
#include "lib/str.h"
#include "lib/url.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

static const struct sockaddr_in loopback = { .sin_family = AF_INET,
                                             .sin_port = 0x901f,
                                             .sin_addr = { 0x100007f } };

static void
check_taken(struct arena *a, const struct url *url)
{
    struct url again;

    MUST(strncasecmp(url->text, url->https ? "https://" : "http://", url->https ? 8 : 7) == 0);
    MUST(url->host[0] && url->path[0] == '/');
    MUST(url->port >= 1 && url->port <= 65535);
    MUST(!strpbrk(url->host, "/@?# \t\r\n"));
    if (strlen(url->text) > URL_MAX)
        return;
    MUST(!url_parse(a, url->text, &again).code);
    MUST(strcmp(url->host, again.host) == 0);
    MUST(strcmp(url->path, again.path) == 0);
    MUST(url->port == again.port && url->https == again.https);
}

/* Independent of lib/url: no literal that a user may name reaches these. */
static void
check_public(const struct url *url)
{
    struct in_addr v4;
    uint32_t ip;

    MUST(strcmp(url->host, "localhost") != 0);
    if (inet_aton(url->host, &v4)) {
        ip = ntohl(v4.s_addr);
        MUST(ip >> 24 != 127 && ip >> 24 != 10 && ip >> 24 != 0);
        MUST(ip >> 16 != 0xa9fe && ip >> 16 != 0xc0a8 && ip >> 20 != 0xac1);
    }
    if (url->host[0] == '[')
        MUST(url->host[1] == '2' || url->host[1] == '3');
}

static void
check_list(struct arena *a, const char *list)
{
    const struct sockaddr *address = (const struct sockaddr *)&loopback;
    const char *longer = arena_printf(a, "%s,example.com:1,::/0", list);

    if (url_allowed_address(list, address))
        MUST(url_allowed_address(longer, address));
    if (url_allowed_host(list, "intranet", 8080))
        MUST(url_allowed_host(longer, "intranet", 8080));
    MUST(url_allowed_host(longer, "example.com", 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    const char *text = arena_strndup(a, (const char *)data, size);
    struct url url;
    bool taken = !url_parse(a, text, &url).code;

    if (taken)
        check_taken(a, &url);
    if (!url_check_user(a, text, "").code) {
        MUST(taken);
        check_public(&url);
    }
    check_list(a, text);
    arena_free(a);
    return 0;
}
