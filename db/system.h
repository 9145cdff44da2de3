/* System: is this database the one that the program was built for? */
#ifndef DB_SYSTEM_H
#define DB_SYSTEM_H

#include "lib/err.h"

#include <stdbool.h>

struct arena;
struct db;

struct system_schema {
    const char *wanted;  /* the newest migration that was compiled in */
    const char *applied; /* the database's newest; "" for none */
    bool fits;           /* the wanted one has been applied: newer ones may have been as well */
};
struct err system_schema(struct db *db, struct arena *a, struct system_schema *out) CHECKED;

#endif
