#include "lib/secret.h"
#include "tests/harness/harness.h"

#include <sodium.h>

#define KEY       "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER     "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static void
tokens_are_43_characters_of_base64url_and_never_the_same(void **state)
{
    char a[SECRET_TOKEN_TEXT + 1], b[SECRET_TOKEN_TEXT + 1];

    (void)state;
    secret_token(a);
    secret_token(b);

    assert_int_equal(strlen(a), SECRET_TOKEN_TEXT);
    assert_int_equal(strspn(a, BASE64URL), SECRET_TOKEN_TEXT);
    assert_string_not_equal(a, b);
}

static void
hashes_are_sha_256(void **state)
{
    char hex[65];

    (void)state;
    secret_hash_hex("abc", hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    secret_hash_hex("", hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
a_password_opens_its_hash_and_no_other_does(void **state)
{
    const char *hash;

    assert_ok(secret_password_hash(*state, "correct horse \xf0\x9f\x90\xb4", &hash));

    assert_contains(hash, "$argon2id$v=19$m=65536,t=2,p=1$");
    assert_true(secret_password_check(hash, "correct horse \xf0\x9f\x90\xb4"));
    assert_false(secret_password_check(hash, "correct horse"));
    assert_false(secret_password_is_old(hash));
}

static void
the_length_of_a_password_is_bounded(void **state)
{
    char longest[PASSWORD_MAX + 2];
    const char *hash = NULL;

    memset(longest, 'x', sizeof(longest) - 1);
    longest[PASSWORD_MAX + 1] = '\0';

    assert_err(ERR_INVALID, secret_password_hash(*state, "seven77", &hash));
    /* Seven characters, although ten bytes. */
    assert_err(ERR_INVALID, secret_password_hash(*state,
                                                 "\xc3\xbc\xc3\xbc\xc3\xbc"
                                                 "aaaa",
                                                 &hash));
    assert_err(ERR_INVALID, secret_password_hash(*state, longest, &hash));
    assert_null(hash);

    longest[PASSWORD_MAX] = '\0';
    assert_ok(secret_password_hash(*state, longest, &hash));
    assert_true(secret_password_check(hash, longest));
    longest[PASSWORD_MAX] = 'x';
    assert_false(secret_password_check(hash, longest));
}

static double
cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void
an_unknown_account_costs_what_a_known_one_does(void **state)
{
    const char *hash;
    double start, known, unknown;

    assert_ok(secret_password_hash(*state, "a password", &hash));

    start = cpu_s();
    assert_false(secret_password_check(hash, "b password"));
    known = cpu_s() - start;
    start = cpu_s();
    assert_false(secret_password_check(NULL, "b password"));
    unknown = cpu_s() - start;

    assert_true(unknown > known / 3 && unknown < known * 3);
}

static void
a_hash_with_weaker_parameters_is_old(void **state)
{
    char weak[crypto_pwhash_STRBYTES];

    (void)state;
    assert_int_equal(crypto_pwhash_str_alg(weak, "password", 8, 1, (size_t)8 << 20,
                                           crypto_pwhash_ALG_ARGON2ID13),
                     0);

    assert_true(secret_password_check(weak, "password"));
    assert_true(secret_password_is_old(weak));
}

static void
equality_is_of_whole_strings(void **state)
{
    (void)state;
    assert_true(secret_equal("token", "token"));
    assert_true(secret_equal("", ""));
    assert_false(secret_equal("token", "tokem"));
    assert_false(secret_equal("token", "toke"));
    assert_false(secret_equal("", "t"));
}

static void
what_is_sealed_opens_with_its_key_and_context_only(void **state)
{
    const char *sealed, *again, *plain;

    assert_ok(secret_seal(*state, KEY, "user/agent/credential", "sk-\xc3\xbc", &sealed));
    assert_ok(secret_seal(*state, KEY, "user/agent/credential", "sk-\xc3\xbc", &again));
    assert_string_not_equal(sealed, again);
    assert_null(strstr(sealed, "sk-"));
    assert_int_equal(strspn(sealed, BASE64URL), strlen(sealed));

    assert_ok(secret_open(*state, KEY, "user/agent/credential", sealed, &plain));
    assert_string_equal(plain, "sk-\xc3\xbc");
    assert_err(ERR_INTERNAL, secret_open(*state, KEY, "user/other/credential", sealed, &plain));
    assert_err(ERR_INTERNAL, secret_open(*state, OTHER, "user/agent/credential", sealed, &plain));
}

static void
nothing_is_a_secret_too(void **state)
{
    const char *sealed, *plain;

    assert_ok(secret_seal(*state, KEY, "", "", &sealed));
    assert_ok(secret_open(*state, KEY, "", sealed, &plain));
    assert_string_equal(plain, "");
}

static void
a_sealed_text_that_was_changed_anywhere_does_not_open(void **state)
{
    const char *sealed, *plain;
    char *changed;

    assert_ok(secret_seal(*state, KEY, "c", "a secret", &sealed));
    for (size_t i = 0; i < strlen(sealed); i++) {
        changed = arena_strdup(*state, sealed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_err(ERR_INTERNAL, secret_open(*state, KEY, "c", changed, &plain));
        changed[i] = '\0';
        assert_err(ERR_INTERNAL, secret_open(*state, KEY, "c", changed, &plain));
    }
    assert_err(ERR_INTERNAL, secret_open(*state, KEY, "c", "not base64!", &plain));
}

static void
without_a_whole_key_nothing_is_sealed_or_opened(void **state)
{
    static const char *const bad[] = { NULL, "", "00", KEY "00", "g" KEY };
    const char *sealed, *out = NULL;

    assert_ok(secret_seal(*state, KEY, "c", "a secret", &sealed));
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_err(ERR_INVALID, secret_seal(*state, bad[i], "c", "a secret", &out));
        assert_err(ERR_INVALID, secret_open(*state, bad[i], "c", sealed, &out));
    }
    assert_null(out);
}

static void
wiped_memory_is_zero(void **state)
{
    char secret[16] = "a secret";

    (void)state;
    secret_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
}

#define SIGNING_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_KEY   "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
a_signed_token_gives_back_what_it_carries(void **state)
{
    const uint8_t bytes[SECRET_SIGNED_BYTES] = { 1, 2, 3, [15] = 255 };
    char token[SECRET_SIGNED_TEXT + 1];
    uint8_t back[SECRET_SIGNED_BYTES];

    (void)state;
    assert_ok(secret_sign(SIGNING_KEY, "reset", bytes, token));
    assert_int_equal(strlen(token), SECRET_SIGNED_TEXT);
    assert_ok(secret_verify(SIGNING_KEY, "reset", token, back));
    assert_memory_equal(back, bytes, sizeof(bytes));
}

static void
a_signed_token_that_was_changed_or_made_otherwise_is_refused(void **state)
{
    const uint8_t bytes[SECRET_SIGNED_BYTES] = { 1, 2, 3 };
    char token[SECRET_SIGNED_TEXT + 1], changed[SECRET_SIGNED_TEXT + 2];
    uint8_t back[SECRET_SIGNED_BYTES];

    (void)state;
    assert_ok(secret_sign(SIGNING_KEY, "reset", bytes, token));
    assert_err(ERR_INVALID, secret_verify(OTHER_KEY, "reset", token, back));
    assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "invitation", token, back));
    assert_err(ERR_INVALID, secret_verify("", "reset", token, back));
    for (size_t i = 0; i < SECRET_SIGNED_TEXT; i++) {
        snprintf(changed, sizeof(changed), "%s", token);
        changed[i] = token[i] == 'A' ? 'B' : 'A';
        assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "reset", changed, back));
    }
    assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "reset", "", back));
    snprintf(changed, sizeof(changed), "%sA", token);
    assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "reset", changed, back));
    changed[SECRET_SIGNED_TEXT - 1] = '\0';
    assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "reset", changed, back));
    memset(changed, '*', SECRET_SIGNED_TEXT);
    changed[SECRET_SIGNED_TEXT] = '\0';
    assert_err(ERR_INVALID, secret_verify(SIGNING_KEY, "reset", changed, back));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(tokens_are_43_characters_of_base64url_and_never_the_same),
        UNIT_TEST(hashes_are_sha_256),
        UNIT_TEST(a_password_opens_its_hash_and_no_other_does),
        UNIT_TEST(the_length_of_a_password_is_bounded),
        UNIT_TEST(an_unknown_account_costs_what_a_known_one_does),
        UNIT_TEST(a_hash_with_weaker_parameters_is_old),
        UNIT_TEST(equality_is_of_whole_strings),
        UNIT_TEST(what_is_sealed_opens_with_its_key_and_context_only),
        UNIT_TEST(nothing_is_a_secret_too),
        UNIT_TEST(a_sealed_text_that_was_changed_anywhere_does_not_open),
        UNIT_TEST(without_a_whole_key_nothing_is_sealed_or_opened),
        UNIT_TEST(wiped_memory_is_zero),
        UNIT_TEST(a_signed_token_gives_back_what_it_carries),
        UNIT_TEST(a_signed_token_that_was_changed_or_made_otherwise_is_refused),
    };

    secret_init();
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
