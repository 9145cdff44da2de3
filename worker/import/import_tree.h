/*
 * Import_tree: the messages of a conversation as a file gives them, each with a
 * name and the name of the one before it, become a tree in the order of time.
 */
#ifndef WORKER_IMPORT_TREE_H
#define WORKER_IMPORT_TREE_H

#include "worker/import/import_file.h"

#define IMPORT_NO_TIME INT64_MIN

struct import_node {
    struct str name, parent;       /* a parent that is not there is none */
    struct import_message message; /* content NULL: nothing to keep, what follows moves up */
    /* private */
    int up, place;
    int64_t at_us;
    int state;
};

/*
 * Take the nodes that have content, at most `now_us` late. The path that is shown
 * ends with the node named `current`, or with the newest that says it is shown, or
 * with the newest. ERR_INVALID for a name that comes twice and for a circle.
 */
struct err import_tree(struct arena *a, struct import_node *nodes, size_t n, struct str current,
                       int64_t now_us, struct import_chat *out) CHECKED;

#endif
