noinst_LIBRARIES += libdb.a

sql = $(srcdir)/db/session_state.sql $(srcdir)/db/user.sql $(srcdir)/db/auth.sql \
	$(srcdir)/db/api_key.sql $(srcdir)/db/job.sql $(srcdir)/db/agent.sql $(srcdir)/db/source.sql \
	$(srcdir)/db/analytics.sql $(srcdir)/db/chat_title.sql $(srcdir)/db/erase.sql $(srcdir)/db/import.sql $(srcdir)/db/search.sql \
	$(srcdir)/db/chat.sql $(srcdir)/db/message.sql $(srcdir)/db/request.sql $(srcdir)/db/event.sql \
	$(srcdir)/db/feed.sql $(srcdir)/db/idempotency.sql $(srcdir)/db/system.sql \
	$(srcdir)/db/audit.sql $(srcdir)/db/invitation.sql $(srcdir)/db/login.sql \
	$(srcdir)/db/password_reset.sql $(srcdir)/db/cancel.sql $(srcdir)/db/chunk.sql \
	$(srcdir)/db/passage.sql $(srcdir)/db/sweep.sql \
	$(srcdir)/db/trace.sql $(srcdir)/db/webhook.sql
sql += $(srcdir)/db/retrieval.sql $(srcdir)/db/visitor.sql $(srcdir)/db/crawl.sql $(srcdir)/db/crawl_run.sql $(srcdir)/db/site_page.sql

sql += $(srcdir)/db/counter.sql $(srcdir)/db/embedding.sql

libdb_a_SOURCES = \
	db/crawl.c db/crawl.h db/crawl_run.c db/crawl_run.h db/site_page.c db/site_page.h \
	db/agent.c db/agent.h db/api_key.c db/api_key.h db/arg.c db/audit.c db/audit.h db/auth.c db/auth.h db/cancel.c db/cancel.h db/chat.c \
	db/chat.h db/chunk.c db/chunk.h db/db.c db/db.h db/db_connect.c db/db_error.c db/db_notify.c db/db_pipeline.c db/db_private.h db/event.c \
	db/event.h db/event_json.c db/event_json.h db/feed.c db/feed.h db/idempotency.c \
	db/idempotency.h db/invitation.c db/invitation.h db/job.c db/job.h db/job_exchange.c db/job_marks.c db/job_marks.h \
	db/job_worker.c db/login.c db/login.h db/mail_job.c db/mail_job.h db/message.c db/message.h db/notify.h \
	db/page.h db/passage.c db/passage.h db/password_reset.c db/password_reset.h \
	db/quota.h db/queue.c db/request.c db/request.h db/request_create.c db/request_place.c db/request_private.h \
	db/row.c \
	db/analytics.c db/analytics.h \
	db/chat_title.c db/chat_title.h \
	db/erase.c db/erase.h \
	db/import.c db/import.h \
	db/search.c db/search.h \
	db/source.c db/source.h db/source_private.h db/sweep.c db/sweep.h db/system.c \
	db/system.h db/ticket.c db/ticket.h db/trace.c db/trace.h db/trace_json.c \
	db/trace_json.h db/trace_spans.c db/user.c db/user.h \
	db/webhook.c db/webhook.h
libdb_a_SOURCES += db/chunk_merge.c db/chunk_private.h db/retrieval.c db/retrieval.h \
	db/retrieval_feedback.c db/retrieval_postings.c db/retrieval_private.h db/retrieval_query.c db/retrieval_rank.c \
	db/visitor.c db/visitor.h
libdb_a_SOURCES += db/counter.c db/counter.h db/embedding.c db/embedding.h db/retrieval_vectors.c
nodist_libdb_a_SOURCES = db/queries.c db/queries.h

# Queries are compiled in, and prepared by every connection.
BUILT_SOURCES += db/queries.h
CLEANFILES += db/queries.h db/queries.c
db/queries.h: $(sql) $(migrations) db/embed_sql.awk Makefile
	$(AM_V_GEN)$(MKDIR_P) db && $(AWK) -v part=h -f $(srcdir)/db/embed_sql.awk $(sql) \
		$(migrations:%=$(srcdir)/%) >$@.tmp && mv $@.tmp $@
db/queries.c: $(sql) $(migrations) db/embed_sql.awk db/queries.h
	$(AM_V_GEN)$(AWK) -v part=c -f $(srcdir)/db/embed_sql.awk $(sql) \
		$(migrations:%=$(srcdir)/%) >$@.tmp && mv $@.tmp $@

migrations = db/migrations/0001_accounts.sql db/migrations/0002_queue.sql \
	db/migrations/0003_chats.sql \
	db/migrations/0004_identity.sql \
	db/migrations/0005_chats.sql \
	db/migrations/0006_webhooks.sql \
	db/migrations/0007_crawl.sql \
	db/migrations/0008_retrieval.sql \
	db/migrations/0009_traces.sql \
	db/migrations/0010_embeddings.sql \
	db/migrations/0011_request_add.sql
migrationsdir = $(pkgdatadir)/migrations
dist_migrations_DATA = $(migrations)

# offstage-migrate is the script with the folder of the migrations written in.
bin_SCRIPTS = offstage-migrate
CLEANFILES += offstage-migrate
offstage-migrate: db/migrate Makefile
	$(AM_V_GEN)$(SED) 's|@pkgdatadir[@]|$(pkgdatadir)|g; s|@VERSION[@]|$(VERSION)|g' $(srcdir)/db/migrate >$@.tmp \
		&& chmod +x $@.tmp && mv $@.tmp $@

EXTRA_DIST += $(sql) db/embed_sql.awk db/migrate
