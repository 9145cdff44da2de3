/*
 * Zip: one file out of a ZIP archive in memory. Stored and deflated files only;
 * no encryption, no ZIP64, nothing that spans disks. What is unpacked has a limit,
 * whatever the archive says of itself.
 */
#ifndef WORKER_EXTRACT_ZIP_H
#define WORKER_EXTRACT_ZIP_H

#include "lib/err.h"
#include "lib/str.h"

struct arena;

#define ZIP_FILES_MAX 10000 /* that are looked through */

/*
 * The bytes of the file of that name, at most `max`. ERR_NOT_FOUND when it is not in
 * the archive, ERR_TOO_LARGE when it is larger, ERR_MALFORMED for what is no ZIP.
 */
struct err zip_read(struct arena *a, struct str archive, const char *name, size_t max,
                    struct str *out) CHECKED;

#endif
