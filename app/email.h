/* Email: an e-mail address in a body. */
#ifndef APP_EMAIL_H
#define APP_EMAIL_H

#include <stdbool.h>

struct json_reader;

/* Enough of a check to catch a slip; whether mail arrives there only mail can tell. */
bool email_is_one(const char *text);

/* A member that must look like an address. */
const char *email_read(struct json_reader *in, const char *key);

#endif
