#include "lib/url.h"

#include "lib/arena.h"
#include "lib/str.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define HOST_MAX 253 /* characters of a DNS name */

/* Of IPv6 only this is handed out as global unicast. */
#define GLOBAL_V6 "2000::/3"

/*
 * IANA's IPv4 and IPv6 special-purpose address registries, multicast and the
 * reserved class E. What GLOBAL_V6 leaves out (loopback, mapped, translated,
 * unique local, link local, multicast) is not repeated.
 */
static const char *const special[] = {
    "0.0.0.0/8",         /* this network */
    "10.0.0.0/8",        /* private use */
    "100.64.0.0/10",     /* carrier-grade NAT */
    "127.0.0.0/8",       /* loopback */
    "169.254.0.0/16",    /* link local, cloud metadata */
    "172.16.0.0/12",     /* private use */
    "192.0.0.0/24",      /* IETF protocol assignments */
    "192.0.2.0/24",      /* documentation */
    "192.31.196.0/24",   /* AS112 */
    "192.52.193.0/24",   /* AMT */
    "192.88.99.0/24",    /* 6to4 relays, deprecated */
    "192.168.0.0/16",    /* private use */
    "192.175.48.0/24",   /* AS112 */
    "198.18.0.0/15",     /* benchmarks */
    "198.51.100.0/24",   /* documentation */
    "203.0.113.0/24",    /* documentation */
    "224.0.0.0/4",       /* multicast */
    "240.0.0.0/4",       /* reserved, broadcast */
    "2001::/23",         /* IETF protocol assignments, Teredo */
    "2001:db8::/32",     /* documentation */
    "2002::/16",         /* 6to4 */
    "2620:4f:8000::/48", /* AS112 */
    "3fff::/20",         /* documentation */
};

/* Names that never leave the site: RFC 6761, RFC 6762, RFC 8375, ICANN's private-use TLD. */
static const char *const local_names[] = { "localhost", "local", "internal", "home.arpa" };

struct address {
    int family;
    uint8_t bytes[16]; /* 4 of them for AF_INET */
    int port;          /* 0 when any is meant */
};

static bool
read_address(struct str s, struct address *out)
{
    char text[INET6_ADDRSTRLEN];

    if (s.len >= sizeof(text))
        return false;
    if (s.len > 0)
        memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    out->port = 0;
    for (int i = 0; i < 2; i++) {
        out->family = i == 0 ? AF_INET : AF_INET6;
        if (inet_pton(out->family, text, out->bytes) == 1)
            return true;
    }
    return false;
}

static bool
read_sockaddr(const struct sockaddr *from, struct address *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    out->family = from->sa_family;
    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof(v4));
        memcpy(out->bytes, &v4.sin_addr, sizeof(v4.sin_addr));
        out->port = ntohs(v4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        memcpy(&v6, from, sizeof(v6));
        memcpy(out->bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
        out->port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

/* Whether `block`, an address with or without "/bits", holds `a`. */
static bool
holds(struct str block, const struct address *a)
{
    struct str bits_text, base_text = str_cut(block, '/', &bits_text);
    struct address base;
    int64_t bits;
    int whole, rest;

    if (!read_address(base_text, &base) || base.family != a->family)
        return false;
    bits = a->family == AF_INET ? 32 : 128;
    if (base_text.len < block.len && !str_int(bits_text, 0, bits, &bits))
        return false;
    whole = (int)bits / 8;
    rest = (int)bits % 8;
    if (memcmp(base.bytes, a->bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || (base.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

static bool
is_public(const struct address *a)
{
    if (a->family != AF_INET && !holds(str_from(GLOBAL_V6), a))
        return false;
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (holds(str_from(special[i]), a))
            return false;
    return true;
}

bool
url_address_is_public(const struct sockaddr *address)
{
    struct address a;

    return read_sockaddr(address, &a) && is_public(&a);
}

/* The host of "host", "host:port", "[v6]" or "[v6]:port". *port is 0 when there is none. */
static struct str
split_port(struct str item, int *port)
{
    struct str port_text, host;
    int64_t number;
    size_t colon = item.len;

    *port = 0;
    while (colon > 0 && item.p[colon - 1] != ':' && item.p[colon - 1] != ']')
        colon--;
    if (colon == 0 || item.p[colon - 1] == ']')
        return item;
    port_text = (struct str){ item.p + colon, item.len - colon };
    host = (struct str){ item.p, colon - 1 };
    /* More colons outside of brackets: a bare IPv6 address. */
    if (host.len == 0 || (memchr(host.p, ':', host.len) && host.p[0] != '[') ||
        !str_int(port_text, 1, 65535, &number))
        return item;
    *port = (int)number;
    return host;
}

static struct str
strip(struct str s, char first, char last)
{
    if (s.len >= 2 && s.p[0] == first && s.p[s.len - 1] == last)
        return (struct str){ s.p + 1, s.len - 2 };
    return s;
}

/* DNS names may end in a dot that changes nothing here. */
static struct str
strip_dot(struct str host)
{
    if (host.len > 0 && host.p[host.len - 1] == '.')
        host.len--;
    return host;
}

bool
url_allowed_host(const char *allow, const char *host, int port)
{
    struct str rest = str_from(allow), wanted = strip_dot(str_from(host));

    while (rest.len > 0) {
        struct str item = str_trim(str_cut(rest, ',', &rest));
        int item_port;
        struct str item_host = strip_dot(split_port(item, &item_port));

        if (item_host.len > 0 && str_eq_nocase(item_host, wanted) &&
            (item_port == 0 || item_port == port))
            return true;
    }
    return false;
}

static bool
allowed_address(const char *allow, const struct address *a)
{
    struct str rest = str_from(allow);

    while (rest.len > 0) {
        struct str item = str_trim(str_cut(rest, ',', &rest));
        int port;
        struct str host = strip(split_port(item, &port), '[', ']');

        if ((port == 0 || port == a->port) && holds(host, a))
            return true;
    }
    return false;
}

bool
url_allowed_address(const char *allow, const struct sockaddr *address)
{
    struct address a;

    return read_sockaddr(address, &a) && allowed_address(allow, &a);
}

bool
url_listed(const char *list, const char *address)
{
    struct address a;

    return read_address(str_from(address), &a) && allowed_address(list, &a);
}

/* One part of a URL, or "" when it has none. */
static const char *
part(struct arena *a, CURLU *handle, CURLUPart what)
{
    unsigned flags = what == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
    const char *copy = "";
    char *text = NULL;

    if (curl_url_get(handle, what, &text, flags) == CURLUE_OK)
        copy = arena_strdup(a, text);
    curl_free(text);
    return copy;
}

static char *
lower(char *text)
{
    for (char *p = text; *p; p++)
        *p = str_lower(*p);
    return text;
}

/* libcurl decodes percents in a host, and then takes what no name has. */
static bool
is_host(struct str host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";

    if (host.len == 0 || host.len > HOST_MAX || str_utf8_valid(host) < host.len)
        return false;
    if (host.p[0] == '[')
        return true; /* an IPv6 address, which libcurl has read */
    for (size_t i = 0; i < host.len; i++)
        if (!((unsigned char)host.p[i] & 0x80) && !strchr(allowed, host.p[i]))
            return false;
    return true;
}

static struct err
parse(struct arena *a, CURLU *handle, const char *text, struct url *out)
{
    CURLUcode failed = curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    const char *scheme;
    int64_t port;

    if (failed == CURLUE_USER_NOT_ALLOWED)
        return ERR(ERR_INVALID, "a URL must not hold a user name or password");
    scheme = failed ? "" : part(a, handle, CURLUPART_SCHEME);
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        return ERR(ERR_INVALID, "a URL must be absolute and begin with http:// or https://");
    out->https = scheme[4] == 's';
    out->host = lower(arena_strdup(a, part(a, handle, CURLUPART_HOST)));
    if (!is_host(str_from(out->host)))
        return err_fmt(a, ERR_INVALID,
                       "a URL's host must have 1 to %d letters, digits, \"-\", \".\" or \"_\"",
                       HOST_MAX);
    if (!str_int(str_from(part(a, handle, CURLUPART_PORT)), 1, 65535, &port))
        return ERR(ERR_INVALID, "a URL's port must be from 1 to 65535");
    out->port = (int)port;
    out->path = part(a, handle, CURLUPART_PATH);
    out->text = part(a, handle, CURLUPART_URL);
    return OK;
}

struct err
url_parse(struct arena *a, const char *text, struct url *out)
{
    struct url url = { 0 };
    struct err err;
    CURLU *handle;

    if (strnlen(text, URL_MAX + 1) > URL_MAX)
        return err_fmt(a, ERR_INVALID, "a URL must have at most %d bytes", URL_MAX);
    handle = curl_url();
    if (!handle)
        abort();
    err = parse(a, handle, text, &url);
    curl_url_cleanup(handle);
    if (!err.code)
        *out = url;
    return err;
}

static bool
is_local_name(struct str host)
{
    if (!memchr(host.p, '.', host.len))
        return true; /* a resolver adds its own domain to a single label */
    for (size_t i = 0; i < sizeof(local_names) / sizeof(local_names[0]); i++) {
        struct str name = str_from(local_names[i]);
        size_t before = host.len > name.len ? host.len - name.len : 0;

        if (before > 0 && host.p[before - 1] == '.' &&
            str_eq_nocase((struct str){ host.p + before, name.len }, name))
            return true;
        if (str_eq_nocase(host, name))
            return true;
    }
    return false;
}

struct err
url_check_user(struct arena *a, const char *text, const char *allow)
{
    struct address literal;
    struct url url = { 0 };
    struct str host;

    TRY(url_parse(a, text, &url));
    if (url_allowed_host(allow, url.host, url.port))
        return OK;
    host = strip_dot(strip(str_from(url.host), '[', ']'));
    if (read_address(host, &literal)) {
        literal.port = url.port;
        if (is_public(&literal) || allowed_address(allow, &literal))
            return OK;
    } else if (host.len > 0 && !is_local_name(host)) {
        return OK;
    }
    return err_fmt(a, ERR_INVALID,
                   "the host \"%s\" is not public; whoever runs this server may allow it by "
                   "OFFSTAGE_ALLOW_PRIVATE",
                   url.host);
}

const char *
url_escape(struct arena *a, const char *text)
{
    char *out = arena_alloc(a, strlen(text) * 3 + 1), *to = out;

    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c))
            *to++ = (char)c;
        else
            to += snprintf(to, 4, "%%%02X", c);
    }
    return out;
}
