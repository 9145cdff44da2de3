#include "worker/extract/forum.h"

#include "worker/extract/dom.h"
#include "worker/extract/line.h"

#define RULE_BYTES   120 /* of a line that says who may do what */
#define MEMBER_BYTES 40  /* of a line that says something of who wrote */

/* What forums write around posts: who reads along, and who may do what. */
static const char *const forum[] = {
    "all times are ",
    "last edited by ",
    "please log in to reply",
    "post subject:",
    "powered by phpbb",
    "powered by vbulletin",
    "users browsing this ",
    "view unanswered ",
    "you cannot delete your posts",
    "you cannot edit your posts",
    "you cannot post attachments",
    "you cannot post new topics",
    "you cannot reply to topics",
    "you may not edit your posts",
    "you may not post ",
    "you may post new ",
    "you must be logged in to ",
    "you must log in or ",
};

/* And beside them, of whoever wrote them. */
static const char *const member[] = {
    "been thanked: ", "blog entries: ",   "has thanked: ", "join date: ", "joined: ",
    "last visit: ",   "likes received: ", "mentioned: ",   "messages: ",  "posted: ",
    "posts: ",        "quoted: ",         "registered: ",  "tagged: ",    "trophy points: ",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool
ends(const char *words, size_t len)
{
    static const char *const list[] = { " likes this", " like this", " is offline", " is online" };

    for (size_t i = 0; i < COUNT(list); i++)
        if (len > strlen(list[i]) && strcmp(words + len - strlen(list[i]), list[i]) == 0)
            return true;
    return false;
}

bool
forum_says(const struct line *line, const char *words, size_t len)
{
    if (len >= RULE_BYTES || line->parent->tag == TAG_CODE)
        return false;
    if (line_begins(words, forum, COUNT(forum)) || strstr(words, " reading this topic") ||
        strstr(words, " anonymous users"))
        return true;
    if (len < MEMBER_BYTES && line_begins(words, member, COUNT(member)))
        return true;
    return ends(words, len) && line_holds_link(line);
}
