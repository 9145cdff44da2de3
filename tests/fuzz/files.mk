# Fuzz targets. With --enable-fuzzing and CC=clang they are libFuzzer programs
# (make fuzz), else they replay the files of their corpora (make check-fuzz).
# To add one: tests/fuzz/fuzz_NAME.c, tests/fuzz/corpus/NAME/, and the lines here.

FUZZ_TARGETS = \
	tests/fuzz/fuzz_assessment \
	tests/fuzz/fuzz_chat_completions \
	tests/fuzz/fuzz_chunker \
	tests/fuzz/fuzz_embeddings \
	tests/fuzz/fuzz_extract \
	tests/fuzz/fuzz_import \
	tests/fuzz/fuzz_json_check \
	tests/fuzz/fuzz_json_reader \
	tests/fuzz/fuzz_json_slice \
	tests/fuzz/fuzz_mcp \
	tests/fuzz/fuzz_mlflow \
	tests/fuzz/fuzz_plain \
	tests/fuzz/fuzz_postings \
	tests/fuzz/fuzz_responses \
	tests/fuzz/fuzz_robots \
	tests/fuzz/fuzz_sitemap \
	tests/fuzz/fuzz_sse \
	tests/fuzz/fuzz_str \
	tests/fuzz/fuzz_url \
	tests/fuzz/fuzz_visit \
	tests/fuzz/fuzz_weburl \
	tests/fuzz/fuzz_words

FUZZ_SECONDS = 20

check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus

FUZZ_DIALECT = tests/fuzz/dialect_reply.c tests/fuzz/dialect_reply.h

if FUZZING
FUZZ_MAIN =
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
endif

tests_fuzz_fuzz_chat_completions_SOURCES = tests/fuzz/fuzz_chat_completions.c $(FUZZ_DIALECT) tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_chat_completions_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_chat_completions_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_chunker_SOURCES = tests/fuzz/fuzz_chunker.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_chunker_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_chunker_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_extract_SOURCES = tests/fuzz/fuzz_extract.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_extract_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_extract_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz_import.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_import_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_import_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_json_check_SOURCES = tests/fuzz/fuzz_json_check.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_json_check_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_check_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_json_reader_SOURCES = tests/fuzz/fuzz_json_reader.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_json_reader_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_reader_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_json_slice_SOURCES = tests/fuzz/fuzz_json_slice.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_json_slice_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_slice_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_assessment_SOURCES = tests/fuzz/fuzz_assessment.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_assessment_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_assessment_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_mcp_SOURCES = tests/fuzz/fuzz_mcp.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_mcp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_mcp_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_mlflow_SOURCES = tests/fuzz/fuzz_mlflow.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_mlflow_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_mlflow_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_plain_SOURCES = tests/fuzz/fuzz_plain.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_plain_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_plain_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_postings_SOURCES = tests/fuzz/fuzz_postings.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_postings_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_postings_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_responses_SOURCES = tests/fuzz/fuzz_responses.c $(FUZZ_DIALECT) tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_responses_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_responses_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_sse_SOURCES = tests/fuzz/fuzz_sse.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_sse_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sse_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_str_SOURCES = tests/fuzz/fuzz_str.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_str_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_str_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_url_SOURCES = tests/fuzz/fuzz_url.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_url_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_url_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_visit_SOURCES = tests/fuzz/fuzz_visit.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_visit_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_visit_LDADD = libstream.a $(DB_LIBS)
tests_fuzz_fuzz_robots_SOURCES = tests/fuzz/fuzz_robots.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_robots_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_robots_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_embeddings_SOURCES = tests/fuzz/fuzz_embeddings.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_embeddings_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_embeddings_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_sitemap_SOURCES = tests/fuzz/fuzz_sitemap.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_sitemap_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sitemap_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_weburl_SOURCES = tests/fuzz/fuzz_weburl.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_weburl_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_weburl_LDADD = $(LIB_LIBS)
tests_fuzz_fuzz_words_SOURCES = tests/fuzz/fuzz_words.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_fuzz_words_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_words_LDADD = $(LIB_LIBS)

.PHONY: check-fuzz fuzz

check-fuzz: $(FUZZ_TARGETS)
	for target in $(FUZZ_TARGETS); do \
	    prove --exec '' $$target :: $(srcdir)/tests/fuzz/corpus/$${target#tests/fuzz/fuzz_} || exit 1; \
	done

# New inputs go to the build folder; the corpus takes only what somebody chose.
fuzz: $(FUZZ_TARGETS)
	for target in $(FUZZ_TARGETS); do \
	    name=$${target#tests/fuzz/fuzz_}; \
	    mkdir -p fuzz-found/$$name; \
	    $$target -max_total_time=$(FUZZ_SECONDS) -timeout=5 -max_len=4096 -print_final_stats=1 \
	        fuzz-found/$$name $(srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done
