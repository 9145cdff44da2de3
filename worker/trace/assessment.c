#include "worker/trace/assessment.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"
#include "lib/str.h"

#include <string.h>

#define NAME     "user_feedback"
#define MESSAGE  "offstage.message_id"
#define CATALOG  "trace:/"
#define JSON_MAX ((size_t)64 * 1024)

/* ---- out ---------------------------------------------------------------------- */

/* trace:/CATALOG.SCHEMA[.PREFIX]/ID */
static void
write_place(struct json_writer *w, struct arena *a, struct str name)
{
    struct str catalog, schema, prefix, id, where = str_cut(name, '/', &id);
    const char *key;

    catalog = str_cut(where, '.', &schema);
    schema = str_cut(schema, '.', &prefix);
    key = prefix.len ? "uc_table_prefix" : "uc_schema";
    jw_str(w, "trace_id", str_dup(a, id));
    jw_object(w, "trace_location");
    jw_str(w, "type", prefix.len ? "UC_TABLE_PREFIX" : "UC_SCHEMA");
    jw_object(w, key);
    jw_str(w, "catalog_name", str_dup(a, catalog));
    jw_str(w, "schema_name", str_dup(a, schema));
    if (prefix.len)
        jw_str(w, "table_prefix", str_dup(a, prefix));
    jw_object_end(w);
    jw_object_end(w);
}

static void
write_source(struct json_writer *w, const struct assessment *as)
{
    jw_object(w, "source");
    jw_str(w, "source_type", "HUMAN");
    jw_str(w, "source_id", as->user_id);
    jw_object_end(w);
    jw_object(w, "metadata");
    jw_str(w, MESSAGE, as->message_id);
    jw_object_end(w);
}

static void
write_members(struct json_writer *w, struct arena *a, const struct assessment *as)
{
    struct str id = str_from(as->trace_id), head = STR(CATALOG);

    if (as->id)
        jw_str(w, "assessment_id", as->id);
    jw_str(w, "assessment_name", NAME);
    if (str_starts(id, head))
        write_place(w, a, (struct str){ id.p + head.len, id.len - head.len });
    else
        jw_str(w, "trace_id", as->trace_id);
    write_source(w, as);
    jw_object(w, "feedback");
    jw_bool(w, "value", as->good);
    jw_object_end(w);
    jw_str(w, "rationale", as->comment ? as->comment : "");
    jw_str(w, "create_time", as->created_at);
    jw_str(w, "last_update_time", as->updated_at);
}

const char *
assessment_json(struct arena *a, const struct assessment *as)
{
    bool bare = str_starts(str_from(as->trace_id), STR(CATALOG));
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    if (!bare)
        jw_object(&w, "assessment");
    write_members(&w, a, as);
    if (!bare) {
        jw_object_end(&w);
        if (as->id)
            jw_str(&w, "update_mask", ASSESSMENT_CHANGED);
    }
    jw_object_end(&w);
    return out.data;
}

/* ---- in ----------------------------------------------------------------------- */

static bool
is_ours(struct arena *a, struct str one, const char *message_id)
{
    struct str of = json_text(a, json_member(json_member(one, "metadata"), MESSAGE));

    return str_eq(of, str_from(message_id)) && !str_eq(json_member(one, "valid"), STR("false")) &&
           str_eq(json_text(a, json_member(one, "assessment_name")), STR(NAME));
}

struct err
assessment_find(struct arena *a, char *text, size_t len, const char *message_id, const char **id)
{
    struct str info, list, one, name;

    json_mend(text);
    if (len > ASSESSMENT_BODY_MAX || json_check(a, text, len).code)
        return ERR(ERR_UPSTREAM, "The MLflow server sent something that is no trace.");
    info = json_member(json_member(json_value((struct str){ text, len }), "trace"), "trace_info");
    if (!json_is_object(info))
        return ERR(ERR_UPSTREAM, "The MLflow server sent something that is no trace.");
    *id = NULL;
    list = json_member(info, "assessments");
    while (!*id && json_next(&list, &one)) {
        name = json_text(a, json_member(one, "assessment_id"));
        if (name.len > 0 && name.len <= ASSESSMENT_ID_MAX && is_ours(a, one, message_id))
            *id = str_dup(a, name);
    }
    return OK;
}
