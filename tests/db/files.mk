# Tests of db/ against a PostgreSQL server, each program on a database of its own that
# OFFSTAGE_DATABASE_URL names: tests/db/test_programs.py makes those and runs them.
# To add one: tests/db/test_NAME.c, its name in DB_TESTS, and what it links.

DB_TESTS = \
	tests/db/test_job \
	tests/db/test_job_limits \
	tests/db/test_job_serial \
	tests/db/test_job_user \
	tests/db/test_job_worker \
	tests/db/test_retrieval

if HAVE_CMOCKA
check_PROGRAMS += $(DB_TESTS)
endif

QUEUE_WORLD = tests/db/queue_world.c tests/db/queue_world.h
QUEUE_CPPFLAGS = $(AM_CPPFLAGS) \
	-DQUEUE_INVARIANTS=\"$(abs_top_srcdir)/tests/db/invariants_queue.sql\"
QUEUE_LIBS = libharness.a $(DB_LIBS) $(CMOCKA_LIBS) -lpthread

tests_db_test_job_SOURCES = tests/db/test_job.c $(QUEUE_WORLD)
tests_db_test_job_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_job_LDADD = $(QUEUE_LIBS)
tests_db_test_job_limits_SOURCES = tests/db/test_job_limits.c $(QUEUE_WORLD)
tests_db_test_job_limits_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_job_limits_LDADD = $(QUEUE_LIBS)
tests_db_test_job_serial_SOURCES = tests/db/test_job_serial.c $(QUEUE_WORLD)
tests_db_test_job_serial_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_job_serial_LDADD = $(QUEUE_LIBS)
tests_db_test_job_user_SOURCES = tests/db/test_job_user.c $(QUEUE_WORLD)
tests_db_test_job_user_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_job_user_LDADD = $(QUEUE_LIBS)
tests_db_test_job_worker_SOURCES = tests/db/test_job_worker.c $(QUEUE_WORLD)
tests_db_test_job_worker_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_job_worker_LDADD = $(QUEUE_LIBS)
tests_db_test_retrieval_SOURCES = tests/db/test_retrieval.c $(QUEUE_WORLD)
tests_db_test_retrieval_CPPFLAGS = $(QUEUE_CPPFLAGS)
tests_db_test_retrieval_LDADD = $(QUEUE_LIBS)

EXTRA_DIST += tests/db/invariants_queue.sql
