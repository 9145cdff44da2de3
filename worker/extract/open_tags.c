#include "worker/extract/open_tags.h"

#include "lib/buf.h"

const char *
open_tags_written(enum tag tag)
{
    static const char *const names[TAG_COUNT] = {
#define TAG(name, traits) [TAG_##name] = #name,
#include "worker/extract/tags.def"
#undef TAG
    };
    unsigned traits = tag_traits(tag);

    switch ((unsigned)tag) {
    case TAG_A:
        return "VAR";
    case TAG_CODE:
        return "SAMP";
    case TAG_FORM:
        return "CENTER";
    case TAG_CENTER:
    case TAG_LEGEND:
        return "DIV";
    case TAG_XMP:
        return "PRE";
    default:
        break;
    }
    if (tag == TAG_OTHER || (traits & TAG_INLINE))
        return "SPAN";
    return (traits & TAG_SKIP) && !(traits & (TAG_VOID | TAG_RAW)) ? "DATA" : names[tag];
}

static bool
is_block(enum tag tag)
{
    return (tag_traits(tag) & TAG_BLOCK) != 0;
}

/* Parts of tables, in the order in which they hold each other; 0 for what is none. */
static int
table_rank(enum tag tag)
{
    switch ((unsigned)tag) {
    case TAG_TABLE:
        return 1;
    case TAG_TBODY:
    case TAG_THEAD:
    case TAG_TFOOT:
        return 2;
    case TAG_TR:
        return 3;
    case TAG_TD:
    case TAG_TH:
    case TAG_CAPTION:
        return 4;
    default:
        return 0;
    }
}

/*
 * What follows says which open elements a start or an end ends. Never more than the
 * parser's rules do: else the parser would go deeper than is counted here.
 */

/* A part of a table ends those of its rank and below; false when there is no table for it. */
static bool
end_table_parts(struct open_tags *s, enum tag tag)
{
    int rank = tag == TAG_CAPTION ? 2 : table_rank(tag);
    size_t keep = s->depth;

    while (keep > 0 &&
           (table_rank(s->stack[keep - 1].tag) == 0 || table_rank(s->stack[keep - 1].tag) >= rank))
        keep--;
    if (keep == 0)
        return false;
    s->depth = keep;
    return true;
}

/* A table that begins in another one, but in no cell of it, ends that. */
static void
end_table(struct open_tags *s, struct buf *html)
{
    for (size_t i = s->depth; i > 0; i--) {
        int rank = table_rank(s->stack[i - 1].tag);

        if (rank == 4)
            return;
        if (rank == 1) {
            s->depth = i - 1;
            buf_add_str(html, "</TABLE>");
            return;
        }
    }
}

/* Whether a start of `tag` ends an open `of`, which may be left open. */
static bool
ends(enum tag tag, enum tag of)
{
    switch ((unsigned)of) {
    case TAG_P:
        return is_block(tag) && tag != TAG_LEGEND && table_rank(tag) == 0;
    case TAG_DT:
    case TAG_DD:
        return tag == TAG_DT || tag == TAG_DD;
    default:
        return tag == of && (of == TAG_A || of == TAG_LI);
    }
}

static void
end_implied(struct open_tags *s, enum tag tag, struct buf *html)
{
    bool item = tag == TAG_LI || tag == TAG_DT || tag == TAG_DD;

    for (size_t i = s->depth; i > 0; i--) {
        enum tag open = s->stack[i - 1].tag;

        if (ends(tag, open)) {
            s->depth = i - 1;
            if (tag == TAG_A)
                buf_add_str(html, "</VAR>");
        } else if ((is_block(open) && !(item && (open == TAG_DIV || open == TAG_P))) ||
                   (tag_traits(open) & TAG_SKIP) || table_rank(open) > 0) {
            return;
        }
    }
}

bool
open_tags_make_room(struct open_tags *s, enum tag tag, struct buf *html)
{
    if (tag == TAG_HTML || tag == TAG_HEAD || tag == TAG_BODY)
        return true;
    if (table_rank(tag) > 1)
        return end_table_parts(s, tag);
    if (tag == TAG_TABLE)
        end_table(s, html);
    end_implied(s, tag, html);
    return true;
}

void
open_tags_push(struct open_tags *s, enum tag tag, uint32_t hash)
{
    s->stack[s->depth++] = (struct open_tag){ tag, hash };
}

/* Whether an end of `tag` is not looked for outside of `open`. */
static bool
is_barrier(enum tag tag, enum tag open)
{
    if (table_rank(tag) > 0)
        return open == TAG_TABLE;
    if (tag == TAG_LI && (open == TAG_UL || open == TAG_OL))
        return true;
    return table_rank(open) > 0 || (!is_block(tag) && is_block(open));
}

/* The parser takes the end of any heading for that of the open one. */
static bool
matches(enum tag tag, uint32_t hash, const struct open_tag *o)
{
    if (tag_heading_level(tag) > 0)
        return tag_heading_level(o->tag) > 0;
    return o->tag == tag && o->hash == hash;
}

void
open_tags_end(struct open_tags *s, enum tag tag, uint32_t hash, struct buf *html)
{
    for (size_t i = s->depth; i > 0; i--) {
        const struct open_tag *o = &s->stack[i - 1];

        if (matches(tag, hash, o)) {
            s->depth = i - 1;
            buf_add_str(html, "</");
            buf_add_str(html, open_tags_written(o->tag));
            buf_add_char(html, '>');
            return;
        }
        if (is_barrier(tag, o->tag))
            return;
    }
}
