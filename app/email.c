#include "app/email.h"

#include "db/user.h"
#include "lib/json_reader.h"
#include "lib/str.h"

#include <string.h>

bool
email_is_one(const char *text)
{
    const char *at = strchr(text, '@');

    for (const char *p = text; *p; p++)
        if (*p <= ' ' && *p >= '\0')
            return false;
    return at && at != text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, "<>,;\"\x7f") &&
           str_utf8_count(str_from(text)) <= USER_EMAIL_MAX;
}

const char *
email_read(struct json_reader *in, const char *key)
{
    const char *email = jr_str(in, key, 3, USER_EMAIL_MAX);

    if (email && !email_is_one(email))
        jr_problem(in, key, "must be an e-mail address");
    return email;
}
