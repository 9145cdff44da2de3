# Programs of ./dev bench, built only by it.

EXTRA_PROGRAMS += offstage-bench-upstream
offstage_bench_upstream_SOURCES = tests/bench/upstream.c
offstage_bench_upstream_LDADD = $(LIB_LIBS)

EXTRA_PROGRAMS += offstage-bench-watch
offstage_bench_watch_SOURCES = tests/bench/watch.c
offstage_bench_watch_LDADD = $(LIB_LIBS)

EXTRA_PROGRAMS += offstage-queue-bench
offstage_queue_bench_SOURCES = tests/bench/queue_bench.c
offstage_queue_bench_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_MIGRATE=\"$(abs_top_srcdir)/db/migrate\" \
	-DBENCH_MIGRATIONS=\"$(abs_top_srcdir)/db/migrations\"
offstage_queue_bench_LDADD = $(DB_LIBS) -lpthread

EXTRA_PROGRAMS += offstage-extract-bench
offstage_extract_bench_SOURCES = tests/bench/extract_bench.c
offstage_extract_bench_LDADD = $(WORKER_LIBS)

EXTRA_PROGRAMS += offstage-search-bench
offstage_search_bench_SOURCES = tests/bench/search_bench.c
offstage_search_bench_LDADD = $(WORKER_LIBS)
