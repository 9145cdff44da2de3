# Everything but main(), so that tests can link it.
noinst_LIBRARIES += libworker.a
libworker_a_SOURCES = \
	worker/agent_test.c \
	worker/attempt.c worker/attempt.h \
	worker/chat_chunk.c worker/chat_chunk.h \
	worker/chat_completions.c \
	worker/chat_reply.c worker/chat_reply.h \
	worker/chunker.c worker/chunker.h \
	worker/citation.c worker/citation.h \
	worker/collector.c worker/collector.h \
	worker/dialect.h worker/dialects.c \
	worker/exchange.c \
	worker/extractive.c \
	worker/flusher.c worker/flusher.h \
	worker/index_source.c \
	worker/json_slice.c worker/json_slice.h \
	worker/kind.h worker/kinds.c \
	worker/listener.c \
	worker/model.c worker/model.h \
	worker/noop.c \
	worker/passage_text.c worker/passage_text.h \
	worker/pool.c worker/pool.h \
	worker/respond.c worker/respond.h worker/respond_load.c worker/respond_model.c \
	worker/respond_say.c worker/respond_store.c \
	worker/runner.c worker/runner.h \
	worker/sentence.c worker/sentence.h \
	worker/sweep.c worker/sweep.h \
	worker/terms.c worker/terms.h \
	worker/transcript.c worker/transcript.h \
	worker/upkeep.c \
	worker/upstream.c worker/upstream.h

bin_PROGRAMS += offstage-worker
offstage_worker_SOURCES = worker/main.c
offstage_worker_LDADD = libworker.a $(DB_LIBS) -lm
