#include "lib/secret.h"

#include "lib/arena.h"
#include "lib/str.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES  32
#define OPSLIMIT     2
#define MEMLIMIT     ((size_t)64 * 1024 * 1024)
#define SEAL_VERSION 1
#define SEAL_HEAD    (1 + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
#define SEAL_TAG     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_BYTES    ((size_t)crypto_aead_xchacha20poly1305_ietf_KEYBYTES)
#define BASE64       sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* A hash with today's parameters that nobody's password is checked against in earnest. */
static const char dummy_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$nGqEXmaNDauhTYezFf48lQ$"
                                 "jlstm3LiizSaN8OPZdxqSJWSn1wWlfSw1QZeR5IEkpE";

void
secret_init(void)
{
    if (sodium_init() < 0)
        abort();
}

void
secret_token(char out[SECRET_TOKEN_TEXT + 1])
{
    unsigned char bytes[TOKEN_BYTES];

    randombytes_buf(bytes, sizeof(bytes));
    (void)sodium_bin2base64(out, SECRET_TOKEN_TEXT + 1, bytes, sizeof(bytes), BASE64);
    sodium_memzero(bytes, sizeof(bytes));
}

void
secret_hash(const void *bytes, size_t len, uint8_t out[SECRET_HASH_BYTES])
{
    (void)crypto_hash_sha256(out, bytes, len);
}

void
secret_hash_hex(const char *text, char out[65])
{
    uint8_t hash[SECRET_HASH_BYTES];

    secret_hash(text, strlen(text), hash);
    (void)sodium_bin2hex(out, 65, hash, sizeof(hash));
}

struct err
secret_password_hash(struct arena *a, const char *password, const char **out)
{
    struct str text = str_from(password);
    char hash[crypto_pwhash_STRBYTES];

    if (text.len > PASSWORD_MAX || str_utf8_count(text) < PASSWORD_MIN)
        return err_fmt(a, ERR_INVALID,
                       "a password must have at least %d characters and at most %d bytes",
                       PASSWORD_MIN, PASSWORD_MAX);
    if (crypto_pwhash_str_alg(hash, text.p, text.len, OPSLIMIT, MEMLIMIT,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR(ERR_UNAVAILABLE, "could not get the memory to hash a password");
    *out = arena_strdup(a, hash);
    return OK;
}

bool
secret_password_check(const char *stored, const char *password)
{
    size_t len = strnlen(password, PASSWORD_MAX + 1);
    bool fits = len <= PASSWORD_MAX;
    int failed = crypto_pwhash_str_verify(stored ? stored : dummy_hash, password, fits ? len : 0);

    return stored && fits && failed == 0;
}

bool
secret_password_is_old(const char *stored)
{
    return crypto_pwhash_str_needs_rehash(stored, OPSLIMIT, MEMLIMIT) != 0;
}

bool
secret_equal(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && sodium_memcmp(a, b, len) == 0;
}

static struct err
read_key(const char *key_hex, unsigned char key[KEY_BYTES])
{
    size_t len;

    if (!key_hex || !key_hex[0])
        return ERR(ERR_INVALID, "credentials cannot be stored here: no encryption key is set");
    if (strlen(key_hex) != 2 * KEY_BYTES ||
        sodium_hex2bin(key, KEY_BYTES, key_hex, 2 * KEY_BYTES, NULL, &len, NULL) != 0 ||
        len != KEY_BYTES)
        return ERR(ERR_INVALID, "credentials cannot be stored here: the encryption key is not 64 "
                                "hex digits");
    return OK;
}

struct err
secret_seal(struct arena *a, const char *key_hex, const char *context, const char *plain,
            const char **out)
{
    size_t len = strlen(plain), sealed_len = SEAL_HEAD + len + SEAL_TAG;
    size_t text_size = sodium_base64_encoded_len(sealed_len, BASE64);
    unsigned char key[KEY_BYTES], *sealed;
    char *text;

    TRY(read_key(key_hex, key));
    sealed = arena_alloc(a, sealed_len);
    text = arena_alloc(a, text_size);
    sealed[0] = SEAL_VERSION;
    randombytes_buf(sealed + 1, SEAL_HEAD - 1);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed + SEAL_HEAD, NULL, (const unsigned char *)plain, len, (const unsigned char *)context,
        strlen(context), NULL, sealed + 1, key);
    sodium_memzero(key, sizeof(key));
    *out = sodium_bin2base64(text, text_size, sealed, sealed_len, BASE64);
    return OK;
}

struct err
secret_open(struct arena *a, const char *key_hex, const char *context, const char *sealed,
            const char **out)
{
    size_t text_len = strlen(sealed), len;
    unsigned char key[KEY_BYTES], *bytes = arena_alloc(a, text_len), *plain;
    int failed;

    if (sodium_base642bin(bytes, text_len, sealed, text_len, NULL, &len, NULL, BASE64) != 0 ||
        len < SEAL_HEAD + SEAL_TAG || bytes[0] != SEAL_VERSION)
        return ERR(ERR_INTERNAL, "a stored credential is not in a form that is known here");
    TRY(read_key(key_hex, key));
    plain = arena_alloc(a, len - SEAL_HEAD - SEAL_TAG + 1);
    failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, bytes + SEAL_HEAD, len - SEAL_HEAD, (const unsigned char *)context,
        strlen(context), bytes + 1, key);
    sodium_memzero(key, sizeof(key));
    if (failed)
        return ERR(ERR_INTERNAL, "a stored credential does not open with this key");
    *out = (const char *)plain;
    return OK;
}

const char *
secret_basic(struct arena *a, const char *name, const char *password)
{
    char *plain = arena_printf(a, "%s:%s", name, password), *text;
    size_t len = strlen(plain),
           size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    static const char scheme[] = "Basic ";

    text = arena_alloc(a, sizeof(scheme) - 1 + size);
    memcpy(text, scheme, sizeof(scheme) - 1);
    (void)sodium_bin2base64(text + sizeof(scheme) - 1, size, (const unsigned char *)plain, len,
                            sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(plain, len);
    return text;
}

/* The signature; under a key made from the one that seals, so that neither use weakens the other.
 */
static struct err
sign(const char *key_hex, const char *purpose, const uint8_t bytes[SECRET_SIGNED_BYTES],
     uint8_t out[SECRET_HASH_BYTES])
{
    static const char context[] = "offstage signed token";
    unsigned char key[KEY_BYTES], own[KEY_BYTES];
    crypto_generichash_state state;

    TRY(read_key(key_hex, key));
    (void)crypto_generichash(own, sizeof(own), (const unsigned char *)context, sizeof(context), key,
                             sizeof(key));
    (void)crypto_generichash_init(&state, own, sizeof(own), SECRET_HASH_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    (void)crypto_generichash_update(&state, bytes, SECRET_SIGNED_BYTES);
    (void)crypto_generichash_final(&state, out, SECRET_HASH_BYTES);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(own, sizeof(own));
    sodium_memzero(&state, sizeof(state));
    return OK;
}

struct err
secret_sign(const char *key_hex, const char *purpose, const uint8_t bytes[SECRET_SIGNED_BYTES],
            char out[SECRET_SIGNED_TEXT + 1])
{
    unsigned char all[SECRET_SIGNED_BYTES + SECRET_HASH_BYTES];

    memcpy(all, bytes, SECRET_SIGNED_BYTES);
    TRY(sign(key_hex, purpose, bytes, all + SECRET_SIGNED_BYTES));
    (void)sodium_bin2base64(out, SECRET_SIGNED_TEXT + 1, all, sizeof(all), BASE64);
    return OK;
}

struct err
secret_verify(const char *key_hex, const char *purpose, const char *token,
              uint8_t bytes[SECRET_SIGNED_BYTES])
{
    unsigned char all[SECRET_SIGNED_BYTES + SECRET_HASH_BYTES], right[SECRET_HASH_BYTES];
    size_t len;

    if (strlen(token) != SECRET_SIGNED_TEXT ||
        sodium_base642bin(all, sizeof(all), token, SECRET_SIGNED_TEXT, NULL, &len, NULL, BASE64) !=
            0 ||
        len != sizeof(all))
        return ERR(ERR_INVALID, "this is not a token");
    TRY(sign(key_hex, purpose, all, right));
    if (sodium_memcmp(right, all + SECRET_SIGNED_BYTES, sizeof(right)) != 0)
        return ERR(ERR_INVALID, "this token was not made here");
    memcpy(bytes, all, SECRET_SIGNED_BYTES);
    return OK;
}

void
secret_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}
