#include "worker/import/import_file.h"

#include "db/import.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "worker/import/import_tree.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX  40           /* characters of a time that is a number */
#define SECONDS_MAX 4102444800.0 /* the year 2100 */
#define SECOND_US   INT64_C(1000000)
#define DAY_S       86400

/* ---- values ---------------------------------------------------------------------------- */

static const char *
text_of(struct arena *a, struct str value)
{
    return str_dup(a, json_text(a, value));
}

/* At most `max` characters. */
static const char *
short_text(struct arena *a, struct str value, size_t max)
{
    struct str text = str_trim(json_text(a, value));
    size_t bytes = 0;

    for (size_t n = 0; n < max && bytes < text.len; n++)
        bytes += str_utf8_first((struct str){ text.p + bytes, text.len - bytes });
    return str_dup(a, (struct str){ text.p, bytes });
}

static bool
is_word(struct str value, const char *word)
{
    return value.len == strlen(word) + 2 && json_is_string(value) &&
           memcmp(value.p + 1, word, value.len - 2) == 0;
}

/* That of some words which a string is; NULL for none. */
static const char *
word_of(struct str value, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (is_word(value, words[i]))
            return words[i];
    return NULL;
}

static bool
is_true(struct str value)
{
    return str_eq(value, STR("true"));
}

/* Seconds since 1970, with a fraction. */
static int64_t
number_time(struct str value)
{
    char copy[NUMBER_MAX + 1];
    double seconds;

    if (value.len == 0 || value.len > NUMBER_MAX || !strchr("-0123456789", value.p[0]))
        return IMPORT_NO_TIME;
    memcpy(copy, value.p, value.len);
    copy[value.len] = '\0';
    seconds = strtod(copy, NULL);
    return seconds >= 0 && seconds < SECONDS_MAX ? (int64_t)(seconds * 1e6) : IMPORT_NO_TIME;
}

/* `width` digits at `at`; -1 for anything else. */
static int64_t
digits(struct str s, size_t at, size_t width)
{
    int64_t n = 0;

    if (at + width > s.len)
        return -1;
    for (size_t i = at; i < at + width; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return n;
}

/* Days since 1970 in the Gregorian calendar, with years that begin in March. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* RFC 3339 in UTC as clock_text() writes it. */
static int64_t
text_time(struct str s)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";
    int64_t part[7];
    static const size_t at[] = { 0, 5, 8, 11, 14, 17, 20 }, width[] = { 4, 2, 2, 2, 2, 2, 6 };

    if (s.len != sizeof(form) - 1)
        return IMPORT_NO_TIME;
    for (size_t i = 0; i < s.len; i++)
        if (form[i] != '0' && s.p[i] != form[i])
            return IMPORT_NO_TIME;
    for (size_t i = 0; i < 7; i++)
        if ((part[i] = digits(s, at[i], width[i])) < 0)
            return IMPORT_NO_TIME;
    if (part[0] < 1970 || part[0] > 2100 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
        part[2] > 31 || part[3] > 23 || part[4] > 59 || part[5] > 60)
        return IMPORT_NO_TIME;
    return (days_of(part[0], part[1], part[2]) * DAY_S + part[3] * 3600 + part[4] * 60 + part[5]) *
               SECOND_US +
           part[6];
}

/* ---- our own form ------------------------------------------------------------------------ */

static struct err
read_own_message(struct arena *a, struct str value, struct import_node *out)
{
    static const char *const roles[] = { "system", "user", "assistant", NULL };
    static const char *const states[] = { "completed", "failed", "cancelled", NULL };
    static const char *const ratings[] = { "up", "down", NULL };
    struct str sources = json_member(value, "sources"), feedback = json_member(value, "feedback");
    struct str content = json_member(value, "content"), status = json_member(value, "status");
    struct import_message *m = &out->message;

    m->role = word_of(json_member(value, "role"), roles);
    if (!m->role)
        return ERR(ERR_INVALID, "a message has no role, of system, user and assistant");
    if (!json_is_string(content))
        return ERR(ERR_INVALID, "a message has no content");
    m->content = text_of(a, content);
    m->status = word_of(status, states);
    if (!m->status)
        m->status = status.len > 0 ? "cancelled" : "completed";
    m->at_us = text_time(json_text(a, json_member(value, "created_at")));
    m->shown = is_true(json_member(value, "shown"));
    if (json_is_array(sources))
        m->sources = str_dup(a, sources);
    m->rating = word_of(json_member(feedback, "rating"), ratings);
    if (m->rating && json_is_string(json_member(feedback, "comment")))
        m->comment = short_text(a, json_member(feedback, "comment"), IMPORT_COMMENT_MAX);
    if (m->comment && !*m->comment)
        m->comment = NULL;
    return OK;
}

/* Without ids each message follows the one before it. */
static void
name_own_message(struct arena *a, struct str value, size_t i, struct import_node *nodes)
{
    struct str id = json_member(value, "id"), parent = json_member(value, "parent_id");
    struct import_node *out = &nodes[i];

    out->name = json_text(a, id);
    if (out->name.len == 0)
        out->name = str_from(arena_printf(a, "\n%zu", i));
    if (parent.len > 0)
        out->parent = json_text(a, parent);
    else if (i > 0)
        out->parent = nodes[i - 1].name;
}

static struct err
read_own(struct arena *a, struct str value, int64_t now_us, struct import_chat *out)
{
    struct str list = json_member(value, "messages"), rest = list, element;
    struct import_node *nodes;
    size_t n = 0, i = 0;

    if (!json_is_array(list))
        return ERR(ERR_INVALID, "a chat has no messages");
    while (json_next(&rest, &element))
        n++;
    if (n > IMPORT_MEMBERS_MAX)
        return ERR(ERR_INVALID, "a chat has more than 5000 messages");
    nodes = arena_array(a, n, sizeof(*nodes));
    for (rest = list; json_next(&rest, &element); i++) {
        if (!json_is_object(element))
            return ERR(ERR_INVALID, "a message is no object");
        TRY(read_own_message(a, element, &nodes[i]));
        name_own_message(a, element, i, nodes);
    }
    out->pinned = is_true(json_member(value, "pinned"));
    out->archived = is_true(json_member(value, "archived"));
    return import_tree(a, nodes, n, (struct str){ "", 0 }, now_us, out);
}

/* ---- ChatGPT's form ------------------------------------------------------------------------ */

/* The parts that are texts; pictures and the like are left out. NULL when there are none. */
static const char *
read_parts(struct arena *a, struct str content)
{
    struct str parts = json_member(content, "parts"), part;
    struct buf out;

    if (json_is_string(json_member(content, "text")))
        return text_of(a, json_member(content, "text"));
    buf_init(&out, a, parts.len + 1);
    while (json_next(&parts, &part)) {
        struct str text = json_text(a, part);

        if (text.len > 0 && out.len > 0)
            buf_add_str(&out, "\n\n");
        buf_add(&out, text.p, text.len);
    }
    return buf_ok(&out) && str_trim(str_from(out.data)).len > 0 ? out.data : NULL;
}

static void
read_node(struct arena *a, struct str node, struct import_node *out)
{
    static const char *const roles[] = { "user", "assistant", NULL };
    struct str message = json_member(node, "message"), metadata = json_member(message, "metadata");
    struct import_message *m = &out->message;

    out->parent = json_text(a, json_member(node, "parent"));
    m->at_us = number_time(json_member(message, "create_time"));
    m->status = "completed";
    m->role = word_of(json_member(json_member(message, "author"), "role"), roles);
    if (m->role && !is_true(json_member(metadata, "is_visually_hidden_from_conversation")))
        m->content = read_parts(a, json_member(message, "content"));
}

static struct err
read_chatgpt(struct arena *a, struct str value, int64_t now_us, struct import_chat *out)
{
    struct str mapping = json_member(value, "mapping"), rest = mapping, key, node;
    struct import_node *nodes;
    size_t n = 0, i = 0;

    while (json_next_member(&rest, &key, &node))
        n++;
    nodes = arena_array(a, n, sizeof(*nodes));
    for (rest = mapping; json_next_member(&rest, &key, &node); i++) {
        nodes[i].name = json_text(a, key);
        read_node(a, node, &nodes[i]);
    }
    out->archived = is_true(json_member(value, "is_archived"));
    return import_tree(a, nodes, n, json_text(a, json_member(value, "current_node")), now_us, out);
}

/* ---- the file -------------------------------------------------------------------------------- */

struct err
import_open(struct arena *a, const char *text, size_t len, struct import_file *out)
{
    struct str rest = json_value((struct str){ text, len }), element;

    TRY(json_check_members(a, text, len, IMPORT_MEMBERS_MAX));
    *out = (struct import_file){ .rest = rest };
    while (json_next(&rest, &element))
        out->count++;
    return OK;
}

bool
import_next(struct import_file *f, struct str *conversation)
{
    return json_next(&f->rest, conversation);
}

struct err
import_read(struct arena *a, struct str conversation, int64_t now_us, struct import_chat *out)
{
    struct import_chat chat = { .title = "" };

    if (json_is_object(json_member(conversation, "mapping")))
        TRY(read_chatgpt(a, conversation, now_us, &chat));
    else if (json_is_object(conversation))
        TRY(read_own(a, conversation, now_us, &chat));
    else
        return ERR(ERR_INVALID, "a chat is no object");
    chat.title = short_text(a, json_member(conversation, "title"), IMPORT_TITLE_MAX);
    if (!*chat.title)
        chat.title = "Imported chat";
    *out = chat;
    return OK;
}
