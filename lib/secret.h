/*
 * Secret: tokens, hashes, passwords and encryption, all by libsodium.
 *
 * Tokens are 256 random bits; only their SHA-256 is ever stored. Passwords are
 * argon2id (RFC 9106) with 64 MiB and 2 passes. Credentials at rest are
 * XChaCha20-Poly1305 with the owner, row and column as associated data, so
 * that a ciphertext moved to another row does not open.
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define SECRET_TOKEN_TEXT 43 /* characters of base64url: 32 bytes, no padding */
#define SECRET_HASH_BYTES 32
#define PASSWORD_MIN      8    /* characters */
#define PASSWORD_MAX      1024 /* bytes, bounded before hashing */

/* Call once per process before anything else here. */
void secret_init(void);

/* A new random token. */
void secret_token(char out[SECRET_TOKEN_TEXT + 1]);

/* SHA-256, as 64 hex digits; and of binary data, as bytes. */
void secret_hash_hex(const char *text, char out[65]);
void secret_hash(const void *bytes, size_t len, uint8_t out[SECRET_HASH_BYTES]);

/* Hash a password for storage. Takes about 0.3 s and 64 MiB. */
struct err secret_password_hash(struct arena *a, const char *password, const char **out) CHECKED;

/*
 * Check a password. With a NULL `stored` the same work is done and the answer
 * is no, so that unknown accounts cost what known ones do.
 */
bool secret_password_check(const char *stored, const char *password);
bool secret_password_is_old(const char *stored); /* parameters have risen since */

/* True when both terminated strings are equal; time does not depend on where they differ. */
bool secret_equal(const char *a, const char *b);

/*
 * Encrypt and decrypt with the key given as 64 hex digits. The result is
 * base64url text that starts with a key version. ERR_INVALID when the key is
 * not set or malformed; ERR_INTERNAL when a text does not open.
 */
struct err secret_seal(struct arena *a, const char *key_hex, const char *context, const char *plain,
                       const char **out) CHECKED;
struct err secret_open(struct arena *a, const char *key_hex, const char *context,
                       const char *sealed, const char **out) CHECKED;

/* The value of an Authorization header (RFC 7617): Basic, of a name and a password. */
const char *secret_basic(struct arena *a, const char *name, const char *password);

/*
 * A token that carries 16 bytes and a keyed BLAKE2b of them and of a purpose:
 * only who has the key can make one, and none made for another purpose is
 * taken. ERR_INVALID when the key is not set or malformed, or, for
 * secret_verify(), when the token is not a good one.
 */
#define SECRET_SIGNED_BYTES 16
#define SECRET_SIGNED_TEXT  64 /* characters of base64url */
struct err secret_sign(const char *key_hex, const char *purpose,
                       const uint8_t bytes[SECRET_SIGNED_BYTES],
                       char out[SECRET_SIGNED_TEXT + 1]) CHECKED;
struct err secret_verify(const char *key_hex, const char *purpose, const char *token,
                         uint8_t bytes[SECRET_SIGNED_BYTES]) CHECKED;

/* Overwrite memory that held a secret. */
void secret_wipe(void *p, size_t len);

#endif
