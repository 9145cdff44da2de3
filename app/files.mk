noinst_LIBRARIES += libapp.a
libapp_a_SOURCES = app/accounts.c app/agent_embeddings.c app/agent_embeddings.h app/agent_tools.c app/agent_tools.h app/agents.c app/app.h app/audit.c app/audit.h app/callers.c app/callers.h app/chats.c \
	app/credentials.c app/credentials.h app/cursor.c app/cursor.h app/email.c app/email.h app/fcgi.c app/fcgi.h \
	app/handlers.h app/health.c app/invitations.c \
	app/jobs.c app/keys.c app/listen.c app/limits.c app/limits.h app/listen.h app/messages.c app/metrics.c app/once.c app/once.h \
	app/openapi.h app/passwords.c app/passwords.h app/problem.c app/problem.h app/params.c app/params.h app/proxy.c app/proxy.h app/queues.c app/records.c app/records.h app/request.c \
	app/request.h app/requests.c app/router.c app/router.h app/routes.c app/routes.h \
	app/search.c app/session.c app/session.h app/slots.c app/slots.h app/sources.c app/stats.c app/stats.h \
	app/traces.c app/user_json.h app/users.c app/webhooks.c
libapp_a_SOURCES += app/passages.c app/crawls.c app/multipart.c app/multipart.h app/pages.c
libapp_a_SOURCES += app/analytics.c app/exports.c app/imports.c
libapp_a_SOURCES += app/answers.c
nodist_libapp_a_SOURCES = app/openapi_text.c

bin_PROGRAMS += offstage-app
offstage_app_SOURCES = app/main.c
offstage_app_LDADD = libapp.a $(DB_LIBS) $(FCGI_LIBS)

# The document is compiled in, as bytes: a string literal may not be so long.
EXTRA_DIST += app/openapi.json
CLEANFILES += app/openapi_text.c
app/openapi_text.c: app/openapi.json
	$(AM_V_GEN)$(MKDIR_P) app && { \
		echo '/* Made from app/openapi.json. Do not edit. */'; \
		echo '#include "app/openapi.h"'; \
		echo 'const unsigned char openapi_text[] = {'; \
		od -An -v -tu1 $(srcdir)/app/openapi.json | $(SED) 's/  */,/g; s/^,//; s/$$/,/'; \
		echo '};'; \
		echo 'const size_t openapi_len = sizeof(openapi_text);'; \
	} >$@.tmp && mv $@.tmp $@
