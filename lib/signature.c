#include "lib/signature.h"

#include "lib/arena.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define PREFIX       "whsec_"
#define SECRET_BYTES 32
#define SECRET_MAX   64 /* bytes, by the standard */
#define BASE64       sodium_base64_VARIANT_ORIGINAL

void
signature_secret(char out[SIGNATURE_SECRET_TEXT + 1])
{
    unsigned char bytes[SECRET_BYTES];
    size_t prefix_len = sizeof(PREFIX) - 1;

    randombytes_buf(bytes, sizeof(bytes));
    memcpy(out, PREFIX, prefix_len);
    (void)sodium_bin2base64(out + prefix_len, SIGNATURE_SECRET_TEXT + 1 - prefix_len, bytes,
                            sizeof(bytes), BASE64);
    sodium_memzero(bytes, sizeof(bytes));
}

static void
sign(unsigned char mac[crypto_auth_hmacsha256_BYTES], const unsigned char *key, size_t key_len,
     const char *head, const char *body)
{
    crypto_auth_hmacsha256_state state;

    (void)crypto_auth_hmacsha256_init(&state, key, key_len);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    (void)crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof(state));
}

struct err
signature_make(struct arena *a, const char *secret, const char *id, int64_t timestamp_s,
               const char *body, const char **out)
{
    size_t prefix_len = sizeof(PREFIX) - 1, key_len;
    unsigned char key[SECRET_MAX], mac[crypto_auth_hmacsha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof(mac), BASE64)];

    if (strncmp(secret, PREFIX, prefix_len) != 0 ||
        sodium_base642bin(key, sizeof(key), secret + prefix_len, strlen(secret) - prefix_len, NULL,
                          &key_len, NULL, BASE64) != 0 ||
        key_len == 0)
        return ERR(ERR_INTERNAL, "a webhook's secret is not in a form that is known here");
    sign(mac, key, key_len, arena_printf(a, "%s.%" PRId64 ".", id, timestamp_s), body);
    sodium_memzero(key, sizeof(key));
    *out =
        arena_printf(a, "v1,%s", sodium_bin2base64(text, sizeof(text), mac, sizeof(mac), BASE64));
    return OK;
}
