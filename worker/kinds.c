/* The table of kinds of jobs. */
#include "worker/kind.h"

#include <string.h>

const struct kind *const kinds[] = { &kind_respond,       &kind_index_source, &kind_crawl,
                                     &kind_crawl_due,     &kind_agent_test,   &kind_webhook,
                                     &kind_sweep,         &kind_import_chats, &kind_erase_user,
                                     &kind_title_chat,    &kind_fetch_trace,  &kind_export_trace,
                                     &kind_send_feedback, &kind_embed_chunks, &kind_embed_question,
                                     &kind_noop,          &kind_mail,         NULL };

const struct kind *
kind_find(const char *name)
{
    for (size_t i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
