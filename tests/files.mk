include tests/unit/files.mk
include tests/db/files.mk
include tests/fuzz/files.mk
include tests/bench/files.mk
