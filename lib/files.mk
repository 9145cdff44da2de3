noinst_LIBRARIES += liblib.a

liblib_a_SOURCES = \
	lib/arena.c lib/arena.h \
	lib/aside.c lib/aside.h \
	lib/ban.h \
	lib/buf.c lib/buf.h \
	lib/clock.c lib/clock.h \
	lib/config.c lib/config.def lib/config.h \
	lib/daemon.c lib/daemon.h \
	lib/err.c lib/err.h \
	lib/http.c lib/http.h \
	lib/http_lookup.c lib/http_lookup.h \
	lib/http_mail.c lib/http_mail.h \
	lib/http_loop.c lib/http_loop.h \
	lib/http_transfer.c lib/http_transfer.h \
	lib/id.c lib/id.h \
	lib/json_check.c lib/json_check.h \
	lib/json_key.c lib/json_key.h \
	lib/json_reader.c lib/json_reader.h \
	lib/json_slice.c lib/json_slice.h \
	lib/json_writer.c lib/json_writer.h \
	lib/language.c lib/language.h lib/language_guess.c \
	lib/log.c lib/log.h \
	lib/plain.c lib/plain.h \
	lib/postings.c lib/postings.h \
	lib/proto.c lib/proto.h \
	lib/recent.c lib/recent.h \
	lib/secret.c lib/secret.h \
	lib/seen.c lib/seen.h \
	lib/sentence.c lib/sentence.h \
	lib/signature.c lib/signature.h \
	lib/sse.c lib/sse.h \
	lib/str.c lib/str.h \
	lib/weburl.c lib/weburl.h lib/weburl_host.c \
	lib/url.c lib/url.h \
	lib/vector.c lib/vector.h \
	lib/words.c lib/words.h
