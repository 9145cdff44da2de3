#include "lib/http_mail.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/http_loop.h"
#include "lib/id.h"
#include "lib/str.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX ((size_t)64 * 1024) /* bytes */
#define LINE_BYTES  998                 /* bytes of a line (RFC 5322, 2.1.1) */
#define CONNECT_S   10L

struct upload {
    const char *p;
    size_t left;
};

static size_t
give(char *to, size_t size, size_t count, void *arg)
{
    struct upload *u = arg;
    size_t n = size * count < u->left ? size * count : u->left;

    memcpy(to, u->p, n);
    u->p += n;
    u->left -= n;
    return n;
}

/* ---- the message --------------------------------------------------------------- */

/* English whatever the locale is. */
static void
write_date(struct buf *out, int64_t wall_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)wall_s;
    struct tm tm = { 0 };

    (void)gmtime_r(&t, &tm);
    buf_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday,
               tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
               tm.tm_sec);
}

void
mail_write(struct buf *out, const struct mail *m, int64_t wall_s, const char *id)
{
    const char *at = strrchr(m->from, '@');
    struct str rest = str_from(m->text);

    buf_printf(out, "From: %s\r\nTo: %s\r\nSubject: %s\r\n", m->from, m->to, m->subject);
    write_date(out, wall_s);
    buf_printf(out,
               "Message-ID: <%s%s>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n"
               "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
               id, at ? at : "@offstage");
    while (rest.len > 0) {
        struct str line = str_cut(rest, '\n', &rest);

        buf_add(out, line.p, line.len < LINE_BYTES ? line.len : LINE_BYTES);
        buf_add_str(out, "\r\n");
    }
}

/* ---- sending ---------------------------------------------------------------------- */

/* A header or an envelope is no place for line ends and brackets. */
static bool
is_address(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || strchr("<>,;\"\x7f", *p))
            return false;
    return strchr(text, '@') != NULL;
}

static bool
is_this_host(struct arena *a, const char *server)
{
    CURLU *url = curl_url();
    bool is_local = false;
    char *host = NULL;

    (void)a;
    if (url && curl_url_set(url, CURLUPART_URL, server, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        is_local = strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
                   strcmp(host, "[::1]") == 0;
    curl_free(host);
    curl_url_cleanup(url);
    return is_local;
}

static int
set_options(struct arena *a, CURL *easy, const struct mail *m, struct curl_slist *to,
            struct upload *upload)
{
    long tls = is_this_host(a, m->server) ? CURLUSESSL_TRY : CURLUSESSL_ALL;
    int failed = 0;

    failed |= (int)curl_easy_setopt(easy, CURLOPT_URL, m->server);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    failed |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_USE_SSL, tls);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)MAIL_TOTAL_S);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_MAIL_FROM, arena_printf(a, "<%s>", m->from));
    failed |= (int)curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_READDATA, upload);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    return failed;
}

static struct err
perform(struct arena *a, const struct mail *m, struct upload *upload)
{
    struct curl_slist *to = curl_slist_append(NULL, arena_printf(a, "<%s>", m->to));
    CURL *easy = curl_easy_init();
    CURLcode result;

    if (!easy || !to || set_options(a, easy, m, to, upload))
        abort(); /* every option is known to the libcurl that configure asked for: no memory */
    result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(to);
    if (result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL)
        return ERR(ERR_INVALID, "the mail server's URL cannot be understood");
    /* Not libcurl's own text, which may quote the URL with its password. */
    return result ? err_fmt(a, ERR_UPSTREAM, "the mail server did not take the mail: %s",
                            curl_easy_strerror(result))
                  : OK;
}

struct err
mail_send(struct arena *a, const struct mail *m)
{
    struct upload upload;
    struct buf text;

    if (!is_address(m->from) || !is_address(m->to))
        return ERR(ERR_INVALID, "this is no address that mail can go to");
    http_loop_prepare_process();
    buf_init(&text, a, MESSAGE_MAX);
    mail_write(&text, m, clock_wall_ms() / 1000, id_new().s);
    if (!buf_ok(&text))
        return ERR(ERR_INVALID, "the mail is too long");
    upload = (struct upload){ text.data, text.len };
    return perform(a, m, &upload);
}
