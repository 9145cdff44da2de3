#include "app/routes.h"

#include "app/handlers.h"
#include "lib/arena.h"
#include "lib/json_writer.h"
#include "lib/str.h"

#include <string.h>

#define PRINT_MAX 4000 /* bytes of one line */

/* clang-format off */
const struct route routes[] = {
    { METHOD_GET,    "/healthz",                            AUTH_NONE,  SCOPE_READ,  TX_NONE,
      0, health_read,
      "getHealth", "Say that the service answers", NULL, "Health" },
    { METHOD_GET,    "/readyz",                             AUTH_NONE,  SCOPE_READ,  TX_NONE,
      0, health_ready,
      "getReadiness", "Say whether requests can be served", NULL, "Readiness" },
    { METHOD_GET,    "/metrics",                            AUTH_NONE,  SCOPE_READ,  TX_NONE,
      0, metrics_read,
      "getMetrics", "Counters for Prometheus", NULL, NULL },

    { METHOD_GET,    "/api/openapi.json",                   AUTH_NONE,  SCOPE_READ,  TX_NONE,
      0, health_openapi,
      "getOpenapi", "This document", NULL, NULL },

    { METHOD_POST,   "/api/auth/register",                  AUTH_NONE,  SCOPE_WRITE, TX_NONE,
      ROUTE_SIGNS_IN, accounts_register,
      "register", "Make an account and sign in", "NewAccount", "User" },
    { METHOD_POST,   "/api/auth/login",                     AUTH_NONE,  SCOPE_WRITE, TX_NONE,
      ROUTE_SIGNS_IN, accounts_login,
      "login", "Sign in", "Login", "User" },
    { METHOD_POST,   "/api/auth/logout",                    AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, accounts_logout,
      "logout", "End this session", NULL, NULL },
    { METHOD_GET,    "/api/auth/me",                        AUTH_USER,  SCOPE_READ,  TX_READ,
      0, accounts_read,
      "getMe", "Read one's own account", NULL, "User" },
    { METHOD_PATCH,  "/api/auth/me",                        AUTH_USER,  SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, accounts_update,
      "updateMe", "Change one's name", "UserChange", "User" },
    { METHOD_DELETE, "/api/auth/me",                        AUTH_USER,  SCOPE_ADMIN, TX_READ,
      0, accounts_delete,
      "deleteMe", "Delete one's own account and everything it has", "AccountEnd", NULL },
    { METHOD_POST,   "/api/auth/password",                  AUTH_USER,  SCOPE_ADMIN, TX_READ,
      ROUTE_ADMIN_SEES_ALL, passwords_change,
      "changePassword", "Change one's password; ends the other sessions", "PasswordChange", NULL },
    { METHOD_GET,    "/api/auth/sessions",                  AUTH_USER,  SCOPE_ADMIN, TX_READ,
      0, sessions_list,
      "listSessions", "List one's sessions", NULL, "SessionList" },
    { METHOD_DELETE, "/api/auth/sessions/{id}",             AUTH_USER,  SCOPE_ADMIN, TX_WRITE,
      0, sessions_delete,
      "deleteSession", "End a session", NULL, NULL },

    { METHOD_POST,   "/api/auth/reset",                     AUTH_NONE,  SCOPE_WRITE, TX_NONE,
      ROUTE_SIGNS_IN, passwords_reset_ask,
      "askForReset", "Have a link to set one's password mailed", "ResetQuestion", NULL },
    { METHOD_POST,   "/api/auth/reset/confirm",             AUTH_NONE,  SCOPE_WRITE, TX_NONE,
      ROUTE_SIGNS_IN, passwords_reset_use,
      "resetPassword", "Set one's password by such a link; ends all sessions", "PasswordReset", NULL },

    { METHOD_GET,    "/api/users",                          AUTH_ADMIN, SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, users_list,
      "listUsers", "List accounts, newest first", NULL, "ManagedUserList" },
    { METHOD_PATCH,  "/api/users/{id}",                     AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, users_update,
      "updateUser", "Change somebody's role, or shut them out", "ManagedUserChange", "ManagedUser" },
    { METHOD_DELETE, "/api/users/{id}",                     AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, users_delete,
      "deleteUser", "Delete an account and everything it has", NULL, NULL },
    { METHOD_GET,    "/api/invitations",                    AUTH_ADMIN, SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, invitations_list,
      "listInvitations", "List invitations, newest first", NULL, "InvitationList" },
    { METHOD_POST,   "/api/invitations",                    AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_CREATES | ROUTE_SHOWS_SECRET | ROUTE_ADMIN_SEES_ALL, invitations_create,
      "createInvitation", "Invite somebody; the link is shown once", "NewInvitation", "InvitationWithLink" },
    { METHOD_DELETE, "/api/invitations/{id}",               AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, invitations_delete,
      "deleteInvitation", "Take an invitation back", NULL, NULL },

    { METHOD_GET,    "/api/keys",                           AUTH_USER,  SCOPE_ADMIN, TX_READ,
      0, keys_list,
      "listKeys", "List one's API keys", NULL, "KeyList" },
    { METHOD_POST,   "/api/keys",                           AUTH_USER,  SCOPE_ADMIN, TX_WRITE,
      ROUTE_CREATES | ROUTE_SHOWS_SECRET, keys_create,
      "createKey", "Make an API key; it is shown once", "NewKey", "KeyWithText" },
    { METHOD_DELETE, "/api/keys/{id}",                      AUTH_USER,  SCOPE_ADMIN, TX_WRITE,
      0, keys_delete,
      "deleteKey", "Revoke an API key", NULL, NULL },

    { METHOD_GET,    "/api/agents",                         AUTH_USER,  SCOPE_READ,  TX_READ,
      0, agents_list,
      "listAgents", "List one's agents and shared ones", NULL, "AgentList" },
    { METHOD_POST,   "/api/agents",                         AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES, agents_create,
      "createAgent", "Make an agent", "NewAgent", "Agent" },
    { METHOD_GET,    "/api/agents/{id}",                    AUTH_USER,  SCOPE_READ,  TX_READ,
      0, agents_read,
      "getAgent", "Read an agent", NULL, "Agent" },
    { METHOD_PATCH,  "/api/agents/{id}",                    AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, agents_update,
      "updateAgent", "Change an agent", "AgentChange", "Agent" },
    { METHOD_DELETE, "/api/agents/{id}",                    AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, agents_delete,
      "deleteAgent", "Delete an agent and its sources", NULL, NULL },
    { METHOD_POST,   "/api/agents/{id}/test",               AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, agents_test,
      "testAgent", "Try an agent's endpoint", NULL, "AgentTest" },
    { METHOD_POST,   "/api/agents/{id}/chat",               AUTH_VISITOR, SCOPE_WRITE, TX_WRITE,
      0, answers_create,
      "chatWithAgent", "Ask an agent and wait for its answer", "Question", "Answer" },
    { METHOD_GET,    "/api/agents/{id}/conversations",      AUTH_USER,  SCOPE_READ,  TX_READ,
      0, conversations_list,
      "listConversations", "List the conversations of an agent's visitors", NULL, "ChatList" },
    { METHOD_GET,    "/api/agents/{id}/search",             AUTH_USER,  SCOPE_READ,  TX_READ,
      0, passages_search,
      "searchAgent", "Find passages in an agent's sources", NULL, "PassageList" },
    { METHOD_GET,    "/api/agents/{id}/sources",            AUTH_USER,  SCOPE_READ,  TX_READ,
      0, sources_list,
      "listSources", "List an agent's sources", NULL, "SourceList" },
    { METHOD_POST,   "/api/agents/{id}/sources",            AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_BIG_BODY | ROUTE_TAKES_FORM, sources_create,
      "createSource", "Give an agent a source", "NewSource", "Source" },

    { METHOD_GET,    "/api/sources/{id}",                   AUTH_USER,  SCOPE_READ,  TX_READ,
      0, sources_read,
      "getSource", "Read a source", NULL, "Source" },
    { METHOD_PATCH,  "/api/sources/{id}",                   AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, sources_update,
      "updateSource", "Change how a source is read", "SourceChange", "Source" },
    { METHOD_DELETE, "/api/sources/{id}",                   AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, sources_delete,
      "deleteSource", "Delete a source", NULL, NULL },
    { METHOD_POST,   "/api/sources/{id}/crawl",             AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_BODY_OPTIONAL, crawls_start,
      "startCrawl", "Read a website again; only what changed is fetched", "NewCrawl", "Crawl" },
    { METHOD_POST,   "/api/sources/{id}/pause",             AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, crawls_pause,
      "pauseCrawl", "Pause a crawl; it can go on", NULL, "Crawl" },
    { METHOD_POST,   "/api/sources/{id}/resume",            AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, crawls_resume,
      "resumeCrawl", "Go on with a paused crawl", NULL, "Crawl" },
    { METHOD_POST,   "/api/sources/{id}/cancel",            AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, crawls_cancel,
      "cancelCrawl", "End a crawl; what it has read stays", NULL, "Crawl" },
    { METHOD_GET,    "/api/sources/{id}/pages",             AUTH_USER,  SCOPE_READ,  TX_READ,
      0, pages_list,
      "listPages", "List the pages of a source, with those that were not taken", NULL, "PageList" },

    { METHOD_GET,    "/api/pages/{id}",                     AUTH_USER,  SCOPE_READ,  TX_READ,
      0, pages_read,
      "getPage", "Read a page: its text, passages and how it was met", NULL, "PageWithText" },
    { METHOD_GET,    "/api/crawl/{id}",                     AUTH_USER,  SCOPE_READ,  TX_READ,
      0, crawls_read,
      "getCrawl", "Read the newest crawl of a source", NULL, "Crawl" },
    { METHOD_GET,    "/api/crawl/{id}/addresses",           AUTH_USER,  SCOPE_READ,  TX_READ,
      0, crawls_addresses,
      "listCrawlAddresses", "List the addresses that the newest crawl of a source has met", NULL, "CrawlAddressList" },

    { METHOD_GET,    "/api/chats",                          AUTH_USER,  SCOPE_READ,  TX_READ,
      0, chats_list,
      "listChats", "List chats, newest activity first", NULL, "ChatList" },
    { METHOD_POST,   "/api/chats",                          AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_UNDOABLE, chats_create,
      "createChat", "Start a chat", "NewChat", "Chat" },
    { METHOD_POST,   "/api/chats/import",                   AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_FILE_BODY, imports_create,
      "importChats", "Import chats from a file, in the background", "ChatImport", "ImportAccepted" },
    { METHOD_GET,    "/api/chats/export",                   AUTH_USER,  SCOPE_READ,  TX_READ,
      0, exports_chats,
      "exportChats", "Export all chats, a file at a time", NULL, "ChatFile" },
    { METHOD_GET,    "/api/chats/{id}",                     AUTH_USER,  SCOPE_READ,  TX_READ,
      0, chats_read,
      "getChat", "Read a chat", NULL, "Chat" },
    { METHOD_PATCH,  "/api/chats/{id}",                     AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, chats_update,
      "updateChat", "Change a chat", "ChatChange", "Chat" },
    { METHOD_DELETE, "/api/chats/{id}",                     AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, chats_delete,
      "deleteChat", "Put a chat into the bin; cancels what still runs", NULL, NULL },
    { METHOD_GET,    "/api/chats/{id}/export",              AUTH_USER,  SCOPE_READ,  TX_READ,
      0, exports_chat,
      "exportChat", "Export a chat as a file", NULL, "ChatFile" },
    { METHOD_POST,   "/api/chats/{id}/restore",             AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, chats_restore,
      "restoreChat", "Take a chat out of the bin", NULL, "Chat" },
    { METHOD_POST,   "/api/chats/{id}/read",                AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, chats_mark_read,
      "readChat", "Mark a chat as read", NULL, NULL },
    { METHOD_GET,    "/api/chats/{id}/messages",            AUTH_USER,  SCOPE_READ,  TX_READ,
      0, messages_list,
      "listMessages", "List a chat's messages", NULL, "MessageList" },
    { METHOD_POST,   "/api/chats/{id}/messages",            AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_UNDOABLE, messages_create,
      "createMessage", "Add a message without asking for an answer", "NewMessage", "Message" },

    { METHOD_GET,    "/api/messages/{id}",                  AUTH_USER,  SCOPE_READ,  TX_READ,
      0, messages_read,
      "getMessage", "Read a message", NULL, "Message" },
    { METHOD_DELETE, "/api/messages/{id}",                  AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, messages_delete,
      "deleteMessage", "Delete a message", NULL, NULL },
    { METHOD_POST,   "/api/messages/{id}/feedback",         AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, messages_rate,
      "rateMessage", "Say what one thinks of an answer", "Feedback", "Message" },
    { METHOD_DELETE, "/api/messages/{id}/feedback",         AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, messages_unrate,
      "unrateMessage", "Take back what one said of an answer", NULL, NULL },
    { METHOD_POST,   "/api/messages/{id}/show",             AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, messages_show,
      "showMessage", "Show the branch that a message is on", NULL, "Message" },
    { METHOD_POST,   "/api/messages/{id}/edit",             AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES, requests_edit,
      "editMessage", "Ask differently: a new branch beside a user's message", "Edit", "Accepted" },
    { METHOD_POST,   "/api/messages/{id}/regenerate",       AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_BODY_OPTIONAL, requests_regenerate,
      "regenerateMessage", "Answer a message again, in the background", "Regenerate", "Accepted" },

    { METHOD_GET,    "/api/search",                         AUTH_USER,  SCOPE_READ,  TX_READ,
      0, search_list,
      "searchMessages", "Search one's messages", NULL, "SearchList" },

    { METHOD_GET,    "/api/analytics",                      AUTH_USER,  SCOPE_READ,  TX_READ,
      0, analytics_read,
      "getAnalytics", "Count what was asked and how it went", NULL, "Analytics" },

    { METHOD_POST,   "/api/invoke_endpoint",                AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_UNDOABLE, requests_invoke,
      "invokeEndpoint", "Ask an agent, in the background", "Invocation", "Accepted" },

    { METHOD_GET,    "/api/requests",                       AUTH_USER,  SCOPE_READ,  TX_READ,
      0, requests_list,
      "listRequests", "List one's requests, newest first", NULL, "RequestList" },
    { METHOD_GET,    "/api/requests/{id}",                  AUTH_USER,  SCOPE_READ,  TX_READ,
      0, requests_read,
      "getRequest", "Read a request", NULL, "Request" },
    { METHOD_GET,    "/api/requests/{id}/status",           AUTH_USER,  SCOPE_READ,  TX_READ,
      0, requests_read,
      "getRequestStatus", "Read a request (the same)", NULL, "Request" },
    { METHOD_POST,   "/api/requests/{id}/cancel",           AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, requests_cancel,
      "cancelRequest", "Cancel a request; keeps the partial text", NULL, "Request" },

    { METHOD_GET,    "/api/traces",                         AUTH_USER,  SCOPE_READ,  TX_READ,
      0, traces_list,
      "listTraces", "List one's traces, newest first", NULL, "TraceList" },
    { METHOD_GET,    "/api/traces/{id}",                    AUTH_USER,  SCOPE_READ,  TX_READ,
      ROUTE_FOREIGN_ID, traces_read,
      "getTrace", "Read a trace with its spans", NULL, "Trace" },
    { METHOD_DELETE, "/api/traces/{id}",                    AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_FOREIGN_ID, traces_delete,
      "deleteTrace", "Delete a trace", NULL, NULL },
    { METHOD_POST,   "/api/traces/{id}/refresh",            AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_FOREIGN_ID, traces_refresh,
      "refreshTrace", "Fetch the agent's own part of a trace again, in the background", NULL, "TraceRefresh" },

    { METHOD_GET,    "/api/jobs",                           AUTH_USER,  SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, jobs_list,
      "listJobs", "List jobs, newest first", NULL, "JobList" },
    { METHOD_GET,    "/api/jobs/{id}",                      AUTH_USER,  SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, jobs_read,
      "getJob", "Read a job", NULL, "Job" },
    { METHOD_POST,   "/api/jobs/{id}/retry",                AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, jobs_retry,
      "retryJob", "Run a job again", NULL, "Job" },
    { METHOD_POST,   "/api/jobs/{id}/cancel",               AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, jobs_cancel,
      "cancelJob", "Cancel a job", NULL, "Job" },

    { METHOD_GET,    "/api/webhooks",                       AUTH_USER,  SCOPE_READ,  TX_READ,
      0, webhooks_list,
      "listWebhooks", "List one's webhooks", NULL, "WebhookList" },
    { METHOD_POST,   "/api/webhooks",                       AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      ROUTE_CREATES | ROUTE_SHOWS_SECRET, webhooks_create,
      "createWebhook", "Make a webhook; its secret is shown once", "NewWebhook", "WebhookWithSecret" },
    { METHOD_DELETE, "/api/webhooks/{id}",                  AUTH_USER,  SCOPE_WRITE, TX_WRITE,
      0, webhooks_delete,
      "deleteWebhook", "Delete a webhook and the log of its deliveries", NULL, NULL },
    { METHOD_GET,    "/api/webhooks/{id}/deliveries",       AUTH_USER,  SCOPE_READ,  TX_READ,
      0, webhooks_deliveries,
      "listDeliveries", "List a webhook's deliveries, newest first", NULL, "DeliveryList" },

    { METHOD_GET,    "/api/admin/queues",                   AUTH_ADMIN, SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, queues_list,
      "listQueues", "List the queues", NULL, "QueueList" },
    { METHOD_POST,   "/api/admin/queues/{name}/pause",      AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, queues_pause,
      "pauseQueue", "Start no more jobs of a queue", NULL, "QueueState" },
    { METHOD_POST,   "/api/admin/queues/{name}/resume",     AUTH_ADMIN, SCOPE_ADMIN, TX_WRITE,
      ROUTE_ADMIN_SEES_ALL, queues_resume,
      "resumeQueue", "Go on with a queue", NULL, "QueueState" },
    { METHOD_GET,    "/api/admin/audit",                    AUTH_ADMIN, SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, audit_list_entries,
      "listAudit", "Read the audit log, newest first", NULL, "AuditList" },
    { METHOD_GET,    "/api/admin/workers",                  AUTH_ADMIN, SCOPE_READ,  TX_READ,
      ROUTE_ADMIN_SEES_ALL, workers_list,
      "listWorkers", "List the workers that live", NULL, "WorkerList" },
};
/* clang-format on */

const size_t route_count = sizeof(routes) / sizeof(routes[0]);

const char *const method_names[METHOD_COUNT] = { "GET", "POST", "PATCH", "DELETE" };

struct segments {
    struct str id, name; /* p is NULL when the pattern has none */
};

/* Does the pattern fit the raw path? */
static bool
fits(const char *pattern, const char *path, struct segments *out)
{
    struct str want_rest = str_from(pattern), have_rest = str_from(path);

    *out = (struct segments){ { NULL, 0 }, { NULL, 0 } };
    while (want_rest.len > 0 && have_rest.len > 0) {
        struct str want = str_cut(want_rest, '/', &want_rest);
        struct str have = str_cut(have_rest, '/', &have_rest);

        if (str_eq(want, STR("{id}")) && have.len > 0)
            out->id = have;
        else if (str_eq(want, STR("{name}")) && have.len > 0)
            out->name = have;
        else if (!str_eq(want, have))
            return false;
    }
    return want_rest.len == 0 && have_rest.len == 0 && path[strlen(path) - 1] != '/';
}

static struct err
take_segments(struct request *rq, const struct segments *found)
{
    const char *text;

    if (found->name.p && !percent_decode(rq->arena, found->name, PERCENT_PATH, &rq->name))
        return ERR(ERR_MALFORMED, "the path is not valid UTF-8 in percent-encoding");
    if (!found->id.p)
        return OK;
    if (!percent_decode(rq->arena, found->id, PERCENT_PATH, &text))
        return ERR(ERR_MALFORMED, "the path is not valid UTF-8 in percent-encoding");
    rq->id_text = text;
    /* Nothing has such an id, so it is not found; after the caller is known, as with any other. */
    if (!id_parse(text, &rq->id))
        rq->id = ID_NONE;
    return OK;
}

/* Such a path is never one with an id in it. */
static bool
is_spelt_out(const char *path)
{
    for (size_t i = 0; i < route_count; i++)
        if (strcmp(routes[i].pattern, path) == 0)
            return true;
    return false;
}

struct err
route_find(struct request *rq, const char *method)
{
    bool head = strcmp(method, "HEAD") == 0, spelt_out = is_spelt_out(rq->path);
    struct segments found;
    struct buf methods;

    buf_init(&methods, rq->arena, 100);
    for (size_t i = 0; i < route_count; i++) {
        const char *name = method_names[routes[i].method];

        if (!fits(routes[i].pattern, rq->path, &found) ||
            (spelt_out && strcmp(routes[i].pattern, rq->path) != 0))
            continue;
        if (strcmp(name, head ? "GET" : method) == 0) {
            rq->route = &routes[i];
            return take_segments(rq, &found);
        }
        buf_printf(&methods, "%s%s", methods.len ? ", " : "", name);
        if (routes[i].method == METHOD_GET)
            buf_add_str(&methods, ", HEAD");
    }
    if (methods.len == 0)
        return ERR(ERR_NOT_FOUND, "there is nothing at this path");
    rq->allow = methods.data;
    return err_fmt(rq->arena, ERR_METHOD, "this path takes %s", methods.data);
}

void
routes_print(FILE *to)
{
    static const char *const auth_names[] = { "none", "visitor", "user", "admin" };
    static const struct {
        unsigned flag;
        const char *name;
    } flags[] = { { ROUTE_CREATES, "creates" },
                  { ROUTE_SHOWS_SECRET, "shows_secret" },
                  { ROUTE_BIG_BODY, "big_body" },
                  { ROUTE_FILE_BODY, "file_body" },
                  { ROUTE_BODY_OPTIONAL, "body_optional" },
                  { ROUTE_SIGNS_IN, "signs_in" } };
    struct arena *a = arena_new();

    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        struct json_writer w;
        struct buf line;

        buf_init(&line, a, PRINT_MAX);
        jw_begin(&w, &line);
        jw_object(&w, NULL);
        jw_str(&w, "method", method_names[r->method]);
        jw_str(&w, "path", r->pattern);
        jw_str(&w, "auth", auth_names[r->auth]);
        jw_str(&w, "scope", auth_scope_names[r->scope]);
        jw_str(&w, "operation_id", r->operation_id);
        jw_str(&w, "summary", r->summary);
        jw_str(&w, "input", r->input);
        jw_str(&w, "output", r->output);
        for (size_t j = 0; j < sizeof(flags) / sizeof(flags[0]); j++)
            jw_bool(&w, flags[j].name, (r->flags & flags[j].flag) != 0);
        jw_object_end(&w);
        fprintf(to, "%s\n", line.data);
    }
    arena_free(a);
}
