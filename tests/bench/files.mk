# Programs of ./dev bench, built only by it.

EXTRA_PROGRAMS += offstage-bench-upstream
offstage_bench_upstream_SOURCES = tests/bench/upstream.c
offstage_bench_upstream_LDADD = $(LIB_LIBS)

EXTRA_PROGRAMS += offstage-bench-watch
offstage_bench_watch_SOURCES = tests/bench/watch.c
offstage_bench_watch_LDADD = $(LIB_LIBS)
