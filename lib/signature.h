/*
 * Signature: what a receiver of webhooks checks that they are ours by, as
 * Standard Webhooks has it (version v1, symmetric): HMAC-SHA256 over
 * "id.timestamp.body", in base64.
 */
#ifndef LIB_SIGNATURE_H
#define LIB_SIGNATURE_H

#include "lib/err.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

#define SIGNATURE_SECRET_TEXT 50 /* characters: "whsec_" and 32 random bytes in base64 */

/* A new secret. */
void signature_secret(char out[SIGNATURE_SECRET_TEXT + 1]);

/* The header webhook-signature. ERR_INTERNAL when `secret` is none. */
struct err signature_make(struct arena *a, const char *secret, const char *id, int64_t timestamp_s,
                          const char *body, const char **out) CHECKED;

#endif
