#include "lib/http_loop.h"

#include "lib/arena.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>

/* One of libcurl's sockets on the loop. */
struct watch {
    uv_poll_t poll;
    struct http_loop *loop;
    curl_socket_t fd;
    struct watch *next; /* while it is spare */
};

static void
run(struct http_loop *l, curl_socket_t fd, int events)
{
    CURLMsg *message;
    int left;

    l->enter(l->owner);
    (void)curl_multi_socket_action(l->multi, fd, events, &left);
    while ((message = curl_multi_info_read(l->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            l->done(l->owner, message->easy_handle, message->data.result);
    l->leave(l->owner);
}

static void
on_timer(uv_timer_t *timer)
{
    run(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = 0;

    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    run(w->loop, w->fd, flags);
}

static void
on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct http_loop *l = w->loop;

    w->next = l->spare;
    l->spare = w;
    l->closed(l->owner);
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct http_loop *l = handle->data;

    l->closed(l->owner);
}

static struct watch *
watch_new(struct http_loop *l, curl_socket_t fd)
{
    struct watch *w = l->spare;

    if (w)
        l->spare = w->next;
    else
        w = ARENA_NEW(l->arena, struct watch);
    w->loop = l;
    w->fd = fd;
    w->poll.data = w;
    if (uv_poll_init(l->uv, &w->poll, fd) != 0) {
        w->next = l->spare;
        l->spare = w;
        return NULL;
    }
    l->opened(l->owner);
    return w;
}

/* libcurl says which of its sockets it waits for, and for what. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *watch)
{
    struct http_loop *l = owner;
    struct watch *w = watch;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (!w) {
        w = watch_new(l, fd);
        if (!w)
            return -1;
        (void)curl_multi_assign(l->multi, fd, w);
    }
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

static int
on_timeout_change(CURLM *multi, long timeout_ms, void *owner)
{
    struct http_loop *l = owner;

    (void)multi;
    if (uv_is_closing((const uv_handle_t *)&l->timer))
        return 0;
    if (timeout_ms < 0)
        return uv_timer_stop(&l->timer);
    /* Without the update a long turn of the loop would let it fire too early, again and again. */
    uv_update_time(l->uv);
    return uv_timer_start(&l->timer, on_timer, (uint64_t)timeout_ms, 0);
}

void
http_loop_open(struct http_loop *l, long connections)
{
    int failed;

    l->multi = curl_multi_init();
    if (!l->multi)
        abort();
    failed = curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    failed |= curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
    failed |= curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    failed |= curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
    failed |= curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, connections);
    if (failed || uv_timer_init(l->uv, &l->timer) != 0)
        abort();
    l->timer.data = l;
    l->opened(l->owner);
}

void
http_loop_close(struct http_loop *l)
{
    uv_close((uv_handle_t *)&l->timer, on_timer_closed);
    (void)curl_multi_cleanup(l->multi); /* calls on_socket() for what is open */
    l->multi = NULL;
}

static void
prepare_process(void)
{
    const char *locale = setlocale(LC_CTYPE, NULL);

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    if (locale && strcmp(locale, "C") == 0)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)signal(SIGPIPE, SIG_IGN);
}

void
http_loop_prepare_process(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, prepare_process);
}
