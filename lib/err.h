/*
 * Errors are small values: a code that programs decide on, and one line of
 * English for people. A function that can fail returns a struct err; OK is the
 * zero value. Results come back through pointer parameters placed last and are
 * written only on success.
 *
 * The message is a literal or lives in the arena passed to err_fmt(), so an
 * error costs nothing to return and nothing to drop. For codes below
 * ERR_INTERNAL the message is shown to the client: it says what is wrong with
 * the request, never how the server works. From ERR_INTERNAL on, the client
 * gets a fixed sentence and the log gets the message.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

struct arena;

enum err_code {
    ERR_NONE = 0,
    ERR_MALFORMED,       /* 400: not JSON, bad UTF-8, wrong type of document */
    ERR_UNAUTHENTICATED, /* 401: no valid credentials */
    ERR_FORBIDDEN,       /* 403: known caller, not allowed */
    ERR_NOT_FOUND,       /* 404: absent, or not the caller's to see */
    ERR_METHOD,          /* 405: the path exists, the method does not */
    ERR_CONFLICT,        /* 409: the state of the row rules it out */
    ERR_TOO_LARGE,       /* 413: over a size limit */
    ERR_MEDIA_TYPE,      /* 415: a body of a type that is not read here */
    ERR_INVALID,         /* 422: the input breaks a rule */
    ERR_RATE_LIMITED,    /* 429: over a rate limit or quota */
    ERR_INTERNAL,        /* 500: our bug */
    ERR_UPSTREAM,        /* 502: a server that was called failed */
    ERR_UNAVAILABLE,     /* 503: the database is away; try again */
    ERR_TIMEOUT,         /* 504: a deadline passed */
    ERR_LEASE_LOST,      /* 500: a job was taken from this worker; drop its results */
    ERR_CODE_COUNT
};

struct err {
    enum err_code code;
    const char *msg; /* NULL exactly when code is ERR_NONE */
};

#define OK ((struct err){ ERR_NONE, (void *)0 })

/* Every function returning struct err carries this. */
#define CHECKED __attribute__((warn_unused_result))

/* An error with a literal message. */
#define ERR(code, literal) ((struct err){ (code), "" literal "" })

/* An error with a formatted message that lives in `a`. */
struct err err_fmt(struct arena *a, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The stable machine name ("not_found"), the title ("Not found") and the HTTP status of a code. */
const char *err_name(enum err_code code);
const char *err_title(enum err_code code);
int err_status(enum err_code code);

/* Return from the calling function when `call` fails. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        struct err try_err_ = (call);                                                              \
        if (try_err_.code)                                                                         \
            return try_err_;                                                                       \
    } while (0)

#endif
