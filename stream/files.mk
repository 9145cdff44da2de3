# Everything but main(), so that tests can link it.
noinst_LIBRARIES += libstream.a
libstream_a_SOURCES = \
	stream/ask.h \
	stream/batch.c stream/batch.h \
	stream/conn.c stream/conn_write.c \
	stream/credentials.c stream/credentials.h \
	stream/door.c \
	stream/follow.c stream/follow.h \
	stream/gateway.c stream/gateway.h stream/gateway_clock.c stream/gateway_letters.c \
	stream/gateway_private.h \
	stream/hub.c stream/hub.h \
	stream/list.h \
	stream/mailbox.c stream/mailbox.h \
	stream/metrics.c stream/metrics.h \
	stream/pool.c stream/pool.h \
	stream/reader.c stream/reader.h stream/reader_answer.c stream/reader_news.c stream/reader_private.h \
	stream/reader_watch.c \
	stream/reply.c stream/reply.h \
	stream/table.c stream/table.h \
	stream/visit.c stream/visit.h
libstream_a_CPPFLAGS = $(AM_CPPFLAGS) $(LWS_CFLAGS:-I%=-isystem %)

bin_PROGRAMS += offstage-stream
offstage_stream_SOURCES = stream/main.c
offstage_stream_LDADD = libstream.a $(DB_LIBS) $(LWS_LIBS) -lpthread
