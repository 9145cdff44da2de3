/*
 * Kind: one kind of job. A kind is one file that ends in its const struct and is
 * listed in kinds.c; see worker/attempt.h for what its functions may do.
 */
#ifndef WORKER_KIND_H
#define WORKER_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attempt;

struct kind {
    const char *name; /* jobs.kind */
    const char *queue;
    const char *summary;
    int max_attempts;   /* of the jobs that the worker adds itself; else whoever adds one says */
    int64_t timeout_s;  /* of one attempt; 0: the kind sees to it */
    int64_t backoff_ms; /* before attempt n + 1: at random up to backoff_ms * 2^(n - 1) */
    int64_t backoff_max_ms;
    bool quiet; /* no line in the log for a job that went well */
    bool slow;  /* its calls take seconds: they go one at a time, on a connection of their own */

    /* Begin. Whatever happens, the attempt ends by one of attempt_end(), _ended(), _fail(). */
    void (*start)(struct attempt *at);

    /*
     * Somebody cancelled the job: end the attempt soon. NULL: it is ended as
     * cancelled at once, or goes on when a call of attempt_work() is under way.
     */
    void (*cancel)(struct attempt *at);

    /* The worker stops: hand the job back soon. NULL: the same, returned instead. */
    void (*hand_back)(struct attempt *at);

    /*
     * Let go of everything on the loop, so that no callback follows: the
     * attempt is about to be freed. NULL when there is nothing but calls of
     * attempt_work() and attempt_wait().
     */
    void (*stop)(struct attempt *at);

    /*
     * Instead of start(), for a job that is not to be run: at->job tells whether
     * it was cancelled, killed its worker in its last attempt (exhausted), or
     * waited past its deadline (expired). Record what follows from that and end
     * it as cancelled or discarded. NULL: it is just ended so.
     */
    void (*give_up)(struct attempt *at);
};

/* NULL when there is none of this name. */
const struct kind *kind_find(const char *name);

/* The whole table; NULL behind the last. */
extern const struct kind *const kinds[];

extern const struct kind kind_agent_test, kind_crawl, kind_crawl_due, kind_index_source, kind_mail,
    kind_noop, kind_respond, kind_sweep, kind_webhook, kind_export_trace, kind_fetch_trace,
    kind_import_chats, kind_title_chat, kind_erase_user, kind_send_feedback, kind_embed_chunks,
    kind_embed_question;

#endif
