/* Every handler, by file. See app/request.h for what one is. */
#ifndef APP_HANDLERS_H
#define APP_HANDLERS_H

#include "lib/err.h"

struct request;
struct reply;

#define HANDLER(name) struct err name(struct request *rq, struct reply *rp)

/* accounts.c */
HANDLER(accounts_register);
HANDLER(accounts_login);
HANDLER(accounts_logout);
HANDLER(accounts_read);
HANDLER(accounts_update);
HANDLER(accounts_delete);

/* passwords.c */
HANDLER(passwords_change);
HANDLER(passwords_reset_ask);
HANDLER(passwords_reset_use);

/* session.c */
HANDLER(sessions_list);
HANDLER(sessions_delete);

/* keys.c */
HANDLER(keys_list);
HANDLER(keys_create);
HANDLER(keys_delete);

/* users.c */
HANDLER(users_list);
HANDLER(users_update);
HANDLER(users_delete);

/* invitations.c */
HANDLER(invitations_list);
HANDLER(invitations_create);
HANDLER(invitations_delete);

/* audit.c */
HANDLER(audit_list_entries);

/* agents.c */
HANDLER(agents_list);
HANDLER(agents_create);
HANDLER(agents_read);
HANDLER(agents_update);
HANDLER(agents_delete);
HANDLER(agents_test);

/* sources.c */
HANDLER(sources_list);
HANDLER(sources_create);
HANDLER(sources_read);
HANDLER(sources_update);
HANDLER(sources_delete);

/* crawls.c */
HANDLER(crawls_start);
HANDLER(crawls_read);
HANDLER(crawls_pause);
HANDLER(crawls_resume);
HANDLER(crawls_cancel);
HANDLER(crawls_addresses);

/* pages.c */
HANDLER(pages_list);
HANDLER(pages_read);

/* chats.c */
HANDLER(chats_list);
HANDLER(chats_create);
HANDLER(conversations_list);
HANDLER(chats_read);
HANDLER(chats_update);
HANDLER(chats_delete);
HANDLER(chats_restore);
HANDLER(chats_mark_read);

/* messages.c */
HANDLER(messages_list);
HANDLER(messages_create);
HANDLER(messages_read);
HANDLER(messages_delete);
HANDLER(messages_show);
HANDLER(messages_rate);
HANDLER(messages_unrate);

/* answers.c */
HANDLER(answers_create);

/* passages.c */
HANDLER(passages_search);

/* analytics.c */
HANDLER(analytics_read);

/* exports.c */
HANDLER(exports_chat);
HANDLER(exports_chats);

/* imports.c */
HANDLER(imports_create);

/* search.c */
HANDLER(search_list);

/* requests.c */
HANDLER(requests_invoke);
HANDLER(requests_regenerate);
HANDLER(requests_edit);
HANDLER(requests_list);
HANDLER(requests_read);
HANDLER(requests_cancel);

/* traces.c */
HANDLER(traces_list);
HANDLER(traces_read);
HANDLER(traces_delete);
HANDLER(traces_refresh);

/* jobs.c */
HANDLER(jobs_list);
HANDLER(jobs_read);
HANDLER(jobs_retry);
HANDLER(jobs_cancel);

/* webhooks.c */
HANDLER(webhooks_list);
HANDLER(webhooks_create);
HANDLER(webhooks_delete);
HANDLER(webhooks_deliveries);

/* queues.c */
HANDLER(queues_list);
HANDLER(queues_pause);
HANDLER(queues_resume);
HANDLER(workers_list);

/* health.c */
HANDLER(health_read);
HANDLER(health_ready);
HANDLER(health_openapi);

/* metrics.c */
HANDLER(metrics_read);

#undef HANDLER

#endif
