/* User_json: an account as JSON. */
#ifndef APP_USER_JSON_H
#define APP_USER_JSON_H

#include <stdbool.h>

struct json_writer;
struct user;

/* One's own, or with what admins see besides. */
void user_write(struct json_writer *w, const struct user *u, bool for_admin);

#endif
