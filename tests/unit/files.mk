# Tests of one module each, which need nothing but the code: make check-unit.
# To add one: tests/unit/test_NAME.c, its name in UNIT_TESTS, and what it links.

UNIT_TESTS = \
	tests/unit/test_arena \
	tests/unit/test_aside \
	tests/unit/test_assessment \
	tests/unit/test_buf \
	tests/unit/test_callers \
	tests/unit/test_chat_chunk \
	tests/unit/test_chat_completions \
	tests/unit/test_chunker \
	tests/unit/test_clock \
	tests/unit/test_collector \
	tests/unit/test_config \
	tests/unit/test_credentials \
	tests/unit/test_cursor \
	tests/unit/test_daemon \
	tests/unit/test_err \
	tests/unit/test_event_json \
	tests/unit/test_extract \
	tests/unit/test_extract_around \
	tests/unit/test_extract_content \
	tests/unit/test_extract_formats \
	tests/unit/test_extract_pages \
	tests/unit/test_extractive \
	tests/unit/test_http \
	tests/unit/test_http_control \
	tests/unit/test_http_failures \
	tests/unit/test_http_gate \
	tests/unit/test_id \
	tests/unit/test_import_file \
	tests/unit/test_json_check \
	tests/unit/test_json_reader \
	tests/unit/test_json_slice \
	tests/unit/test_json_writer \
	tests/unit/test_log \
	tests/unit/test_mcp \
	tests/unit/test_mlflow \
	tests/unit/test_otlp \
	tests/unit/test_params \
	tests/unit/test_proto \
	tests/unit/test_recent \
	tests/unit/test_records \
	tests/unit/test_responses \
	tests/unit/test_plain \
	tests/unit/test_postings \
	tests/unit/test_schema \
	tests/unit/test_secret \
	tests/unit/test_signature \
	tests/unit/test_sse \
	tests/unit/test_str \
	tests/unit/test_stream_follow \
	tests/unit/test_stream_hub \
	tests/unit/test_stream_text \
	tests/unit/test_stream_visit \
	tests/unit/test_oauth \
	tests/unit/test_trace \
	tests/unit/test_url \
	tests/unit/test_weburl \
	tests/unit/test_robots \
	tests/unit/test_address \
	tests/unit/test_sitemap \
	tests/unit/test_stand_ins \
	tests/unit/test_embeddings \
	tests/unit/test_upstream \
	tests/unit/test_vector \
	tests/unit/test_words

EXTRA_DIST += tests/unit/extract_page.h tests/unit/pages

check_LIBRARIES = libharness.a
libharness_a_SOURCES = \
	tests/harness/harness.c tests/harness/harness.h \
	tests/harness/server.c tests/harness/server.h

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
endif

# Not in the library: it defines getaddrinfo().
HTTP_WORLD = tests/harness/http_world.c tests/harness/http_world.h
# Nor this: it needs the worker.
HEARD = tests/harness/heard.c tests/harness/heard.h

UNIT_LIBS = libharness.a $(LIB_LIBS) $(CMOCKA_LIBS)
APP_TEST_LIBS = libharness.a libapp.a $(DB_LIBS) $(FCGI_LIBS) $(CMOCKA_LIBS)
WORKER_TEST_LIBS = libharness.a $(WORKER_LIBS) $(CMOCKA_LIBS)

STREAM_UNIT_LIBS = libharness.a libstream.a $(DB_LIBS) $(CMOCKA_LIBS) -lpthread

tests_unit_test_arena_LDADD = $(UNIT_LIBS)
tests_unit_test_aside_LDADD = $(UNIT_LIBS)
tests_unit_test_buf_LDADD = $(UNIT_LIBS)
tests_unit_test_chat_chunk_SOURCES = tests/unit/test_chat_chunk.c $(HEARD)
tests_unit_test_chat_chunk_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_chat_completions_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_chunker_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_clock_LDADD = $(UNIT_LIBS)
tests_unit_test_collector_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_config_LDADD = $(UNIT_LIBS)
tests_unit_test_callers_LDADD = $(APP_TEST_LIBS)
tests_unit_test_credentials_LDADD = $(APP_TEST_LIBS)
tests_unit_test_cursor_LDADD = $(APP_TEST_LIBS)
tests_unit_test_daemon_LDADD = $(UNIT_LIBS)
tests_unit_test_err_LDADD = $(UNIT_LIBS)
tests_unit_test_event_json_LDADD = libharness.a $(DB_LIBS) $(CMOCKA_LIBS)
tests_unit_test_extract_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_extract_around_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_extract_content_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_extract_formats_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_extract_pages_CPPFLAGS = $(AM_CPPFLAGS) -DPAGES=\"$(abs_top_srcdir)/tests/unit/pages\"
tests_unit_test_extract_pages_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_extractive_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(HTTP_WORLD)
tests_unit_test_http_LDADD = $(UNIT_LIBS)
tests_unit_test_http_control_SOURCES = tests/unit/test_http_control.c $(HTTP_WORLD)
tests_unit_test_http_control_LDADD = $(UNIT_LIBS)
tests_unit_test_http_failures_SOURCES = tests/unit/test_http_failures.c $(HTTP_WORLD)
tests_unit_test_http_failures_LDADD = $(UNIT_LIBS)
tests_unit_test_http_gate_SOURCES = tests/unit/test_http_gate.c $(HTTP_WORLD)
tests_unit_test_http_gate_LDADD = $(UNIT_LIBS)
tests_unit_test_id_LDADD = $(UNIT_LIBS)
tests_unit_test_import_file_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_json_check_LDADD = $(UNIT_LIBS)
tests_unit_test_json_reader_LDADD = $(UNIT_LIBS)
tests_unit_test_json_slice_LDADD = $(UNIT_LIBS)
tests_unit_test_json_writer_LDADD = $(UNIT_LIBS)
tests_unit_test_log_LDADD = $(UNIT_LIBS)
tests_unit_test_mcp_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_mlflow_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_otlp_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_assessment_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_proto_LDADD = $(UNIT_LIBS)
tests_unit_test_params_LDADD = $(APP_TEST_LIBS)
tests_unit_test_records_LDADD = $(APP_TEST_LIBS)
tests_unit_test_responses_SOURCES = tests/unit/test_responses.c $(HEARD)
tests_unit_test_responses_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_schema_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_secret_LDADD = $(UNIT_LIBS)
tests_unit_test_signature_LDADD = $(UNIT_LIBS)
tests_unit_test_sse_LDADD = $(UNIT_LIBS)
tests_unit_test_str_LDADD = $(UNIT_LIBS)
tests_unit_test_stream_follow_LDADD = $(STREAM_UNIT_LIBS)
tests_unit_test_stream_hub_LDADD = $(STREAM_UNIT_LIBS)
tests_unit_test_stream_text_LDADD = $(STREAM_UNIT_LIBS)
tests_unit_test_stream_visit_LDADD = $(STREAM_UNIT_LIBS)
tests_unit_test_oauth_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_trace_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_url_LDADD = $(UNIT_LIBS)
tests_unit_test_weburl_LDADD = $(UNIT_LIBS)
tests_unit_test_robots_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_address_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_embeddings_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_sitemap_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_stand_ins_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_upstream_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_recent_LDADD = $(UNIT_LIBS)
tests_unit_test_vector_LDADD = $(UNIT_LIBS)
tests_unit_test_words_LDADD = $(UNIT_LIBS)
tests_unit_test_plain_LDADD = $(UNIT_LIBS)
tests_unit_test_postings_LDADD = $(UNIT_LIBS)

.PHONY: check-unit
check-unit: $(UNIT_TESTS)
	CMOCKA_MESSAGE_OUTPUT=TAP prove --exec '' $(UNIT_TESTS)
