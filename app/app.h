/* App: what all handlers of one process share. Made by main(), never changed afterwards. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/slots.h"

#include <stdbool.h>
#include <stdint.h>

struct callers;
struct db;
struct stats;

struct app {
    struct slots slots;
    struct stats *stats;    /* shared by all processes */
    const char *own_origin; /* scheme and authority that users see; NULL: by the Host header */
    bool own_https;         /* of own_origin */
    int slot;               /* of this process, as the next */
    struct db *db;          /* of this process, as the next */
    struct callers *callers;
};

#endif
