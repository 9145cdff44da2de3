"""db/migrate against a private PostgreSQL cluster on a Unix socket."""

import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MIGRATE = ROOT / "db" / "migrate"
REAL_MIGRATIONS = ROOT / "db" / "migrations"
PATIENCE_S = 30
numbers = itertools.count(1)


def server_program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


class Cluster:
    """PostgreSQL refuses to run as root, so root runs it as the user postgres."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="offstage-migrate-"))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "OFFSTAGE_"))}
        self.env.update(PGHOST=str(self.dir), PGUSER="postgres")
        self.prefix = []
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.dir, owner.pw_uid, owner.pw_gid)
            self.prefix = ["runuser", "-u", "postgres", "--"]

    def run(self, program, *args):
        subprocess.run([*self.prefix, server_program(program), *args], check=True, cwd="/", env=self.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=PATIENCE_S * 4)

    def start(self):
        data = str(self.dir / "data")
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        hba = self.dir / "data" / "pg_hba.conf"
        hba.write_text("local all secretive scram-sha-256\n" + hba.read_text())
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.dir / "log"),
                 "-o", f"-c listen_addresses='' -c unix_socket_directories='{self.dir}' -c fsync=off", "start")

    def stop(self):
        if (self.dir / "data" / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(self.dir / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.dir)


class Session:
    """A psql that stays connected, for what is to be held open."""

    def __init__(self, env):
        self.process = subprocess.Popen(["psql", "-XqAt"], env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def run(self, sql):
        self.process.stdin.write(f"{sql};\n\\echo over\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()) != "over\n":
            assert line, "the session ended"

    def close(self):
        if self.process.poll() is None:
            self.process.communicate(timeout=PATIENCE_S)


class Run:
    """A db/migrate in the background; lines of its stderr are seen as they come."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.timer = threading.Timer(PATIENCE_S, os.killpg, (self.process.pid, signal.SIGKILL))
        self.timer.start()
        self.said = ""

    def until(self, text):
        while text not in self.said:
            line = self.process.stderr.readline()
            assert line, f"ended without saying {text!r}: {self.said}"
            self.said += line

    def end(self):
        out, err = self.process.communicate()
        self.timer.cancel()
        return self.process.returncode, out, self.said + err

    def close(self):
        self.timer.cancel()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


class Database:
    def __init__(self, env, name, folder):
        self.env = dict(env, PGDATABASE=name)
        self.name = name
        self.folder = folder
        self.open = []

    def sql(self, text):
        return subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text], env=self.env, text=True,
                              check=True, capture_output=True, timeout=PATIENCE_S).stdout.strip()

    def dump(self):
        text = subprocess.run(["pg_dump", "--schema-only"], env=self.env, text=True, check=True,
                              capture_output=True, timeout=PATIENCE_S).stdout
        # Newer minor versions open and close with a random word.
        return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.M)

    def applied(self):
        return self.sql("select string_agg(revision, ' ' order by revision) from schema_revision")

    def tables(self):
        return self.sql("select string_agg(relname, ' ' order by relname) from pg_class "
                        "where relnamespace = 'public'::regnamespace and relkind = 'r'").split()

    def command(self, *args):
        return [str(MIGRATE), "--directory", str(self.folder), *args]

    def try_migrate(self, *args, **env):
        done = subprocess.run(self.command(*args), env=dict(self.env, **env), text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE_S * 2)
        return done.returncode, done.stdout, done.stderr

    def migrate(self, *args, **env):
        code, out, err = self.try_migrate(*args, **env)
        assert code == 0, err
        return out

    def refuse(self, *args, code=1, **env):
        got, out, err = self.try_migrate(*args, **env)
        assert got == code, (out, err)
        return out + err

    def start(self, *args):
        self.open.append(Run(self.command(*args), self.env))
        return self.open[-1]

    def session(self):
        self.open.append(Session(self.env))
        return self.open[-1]

    def eventually(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while self.sql(f"select {condition}") != "t":
            assert time.monotonic() < deadline, f"never came true: {condition}"
            time.sleep(0.02)


def write(folder, number, up, down="select 1;", parent=None, name="step"):
    if parent is None:
        parent = f"{number - 1:04}" if number > 1 else "none"
    path = folder / f"{number:04}_{name}.sql"
    path.write_text(f"-- revision: {number:04}\n-- down_revision: {parent}\n-- summary: step {number}\n\n"
                    f"-- migrate:up\n\n{up}\n\n-- migrate:down\n\n{down}\n")
    return path


def write_three(folder):
    write(folder, 1, "create table one (id int primary key, word text);", "drop table one;")
    write(folder, 2,
          "alter table one add two text default 'x';\n"
          "create function loud(t text) returns text language plpgsql as $body$\n"
          "begin\n    return upper(t);\nend;\n$body$;",
          "drop function loud(text);\nalter table one drop two;")
    write(folder, 3, "create table three (id int references one);\ncreate index three_id on three (id);",
          "drop table three;")


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def db(cluster, tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    name = f"test{next(numbers)}"
    owner = Database(cluster.env, "postgres", folder)
    owner.sql(f"create database {name}")
    database = Database(cluster.env, name, folder)
    yield database
    for still_open in database.open:
        still_open.close()
    owner.sql(f"drop database {name} with (force)")


@pytest.fixture
def three(db):
    write_three(db.folder)
    return db


# ---- up and down -------------------------------------------------------------------


@pytest.mark.parametrize("which", ["samples", "the project's own"])
def test_each_step_down_restores_the_schema_before_it_and_up_again_makes_the_same(db, which):
    if which == "samples":
        write_three(db.folder)
    else:
        db.folder = REAL_MIGRATIONS
    count = len(list(db.folder.glob("*.sql")))
    db.migrate("stamp", "base")
    schemas = [db.dump()]
    for _ in range(count):
        db.migrate("upgrade", "+1")
        schemas.append(db.dump())
    assert len(set(schemas)) == count + 1
    for before in reversed(schemas[:-1]):
        db.migrate("downgrade", "-1")
        assert db.dump() == before
    db.migrate("upgrade")
    assert db.dump() == schemas[-1]
    db.migrate("downgrade", "base")
    assert db.dump() == schemas[0]


def test_the_projects_own_migrations_fit_a_second_database_whose_cluster_has_the_roles_already(db):
    db.folder = REAL_MIGRATIONS
    db.migrate("upgrade")
    second = Database(db.env, f"{db.name}_second", db.folder)
    db.sql(f"create database {second.name}")
    second.migrate("upgrade")
    assert second.dump() == db.dump()


def test_a_second_upgrade_says_that_the_database_is_at_head_already(three):
    assert three.migrate("upgrade", "head").endswith("now at 0003 (head)\n")
    recorded = three.sql("select * from schema_revision order by revision")
    assert three.migrate("upgrade", "head") == "already at 0003 (head)\n"
    assert three.sql("select * from schema_revision order by revision") == recorded


@pytest.mark.parametrize("target, applied", [
    (["upgrade", "+1"], "0001 0002"),
    (["upgrade", "+2"], "0001 0002 0003"),
    (["upgrade", "0002"], "0001 0002"),
    (["upgrade", "3"], "0001 0002 0003"),
    (["upgrade", "head"], "0001 0002 0003"),
    (["upgrade"], "0001 0002 0003"),
    (["upgrade", "0001"], "0001"),
    (["downgrade", "-1"], ""),
    (["downgrade", "base"], ""),
    (["downgrade", "0001"], "0001"),
])
def test_targets_are_steps_revisions_head_and_base(three, target, applied):
    three.migrate("upgrade", "0001")
    three.migrate(*target)
    assert three.applied() == applied


@pytest.mark.parametrize("target, code, message", [
    (["upgrade", "+3"], 1, "there are not as many steps as +3 from 0001"),
    (["downgrade", "-2"], 1, "there are not as many steps as -2 from 0001"),
    (["upgrade", "0009"], 1, "no revision 0009"),
    (["downgrade", "0003"], 1, "cannot go down from 0001 to 0003"),
    (["upgrade", "latest"], 2, '"latest" is not a revision'),
    (["upgrade", "0001:0002"], 2, "a range needs --sql"),
    (["downgrade"], 2, "wrong number of arguments for downgrade"),
    (["downgrade", "base", "--sql"], 2, "needs a range FROM:TO"),
    (["upgrade", "3:1", "--sql"], 1, "cannot go up from 0003 (head) to 0001"),
    (["sideways"], 2, "unknown command"),
    (["upgrade", "--sideways"], 2, "unknown option"),
    (["upgrade", "--lock-timeout", "2s'; drop table one"], 2, "is not a time"),
    (["check", "--sql"], 2, "check takes no --sql"),
    ([], 2, "no command given"),
])
def test_what_cannot_be_done_is_refused_and_changes_nothing(three, target, code, message):
    three.migrate("upgrade", "0001")
    assert message in three.refuse(*target, code=code)
    assert three.applied() == "0001"


def test_a_record_names_checksum_author_and_time(three):
    three.migrate("upgrade")
    text = (three.folder / "0001_step.sql").read_text()
    up = text[text.index("-- migrate:up\n") + len("-- migrate:up\n"):text.index("-- migrate:down")]
    assert three.sql(f"select checksum = encode(sha256($up${up}$up$::bytea), 'hex'), applied_by, "
                     "applied_at between now() - interval '1 minute' and now(), duration_ms >= 0 "
                     "from schema_revision where revision = '0001'") == "t|postgres|t|t"


# ---- failures ----------------------------------------------------------------------


def test_a_failing_migration_leaves_nothing_and_is_named_with_its_line(three):
    path = write(three.folder, 2, "create table two (id int);\ninsert into two values (1);\nselect 1 / 0;\n"
                                  "create table never (id int);")
    err = three.refuse("upgrade")
    assert f"{path}:9: ERROR:  division by zero" in err
    assert "that migration was rolled back, those before it stay" in err
    assert three.applied() == "0001"
    assert three.tables() == ["one", "schema_revision"]


def test_a_failing_downgrade_leaves_nothing_undone(three):
    three.migrate("upgrade")
    path = write(three.folder, 3, "select 3;", "drop table three;\nselect * from no_such_table;")
    assert f"{path}:12: ERROR:" in three.refuse("downgrade", "base")
    assert three.applied() == "0001 0002 0003"
    assert "three" in three.tables()


def test_a_constraint_that_fails_at_commit_leaves_nothing(db):
    write(db.folder, 1, "create table one (id int primary key, up int references one deferrable initially deferred);\n"
                        "insert into one values (1, 2);")
    assert f"{db.folder}/0001_step.sql: ERROR:" in db.refuse("upgrade")
    assert db.applied() == ""
    assert db.tables() == ["schema_revision"]


def test_a_changed_file_is_named_and_stops_upgrade_and_check_until_it_is_stamped(three):
    three.migrate("upgrade", "0002")
    path = three.folder / "0001_step.sql"
    path.write_text(path.read_text().replace("-- migrate:up\n", "-- migrate:up\n-- a remark\n"))
    for command in ("upgrade", "check"):
        assert "0001_step.sql: its up section was changed after it was applied" in three.refuse(command)
    assert three.applied() == "0001 0002"
    three.migrate("stamp", "0002")
    three.migrate("upgrade")
    assert three.migrate("check") == "at 0003 (head), nothing to do\n"


def test_a_changed_down_section_or_summary_stops_nothing(three):
    three.migrate("upgrade", "0002")
    path = three.folder / "0001_step.sql"
    path.write_text(path.read_text().replace("summary: step 1", "summary: words") + "select 2;\n")
    assert three.migrate("upgrade").endswith("now at 0003 (head)\n")


def test_a_file_put_in_below_what_is_applied_is_refused(three):
    three.migrate("upgrade")
    three.sql("delete from schema_revision where revision = '0002'")
    assert "0002_step.sql is not applied, though 0003 is" in three.refuse("upgrade")


def test_a_database_newer_than_the_files_is_refused(three):
    three.migrate("upgrade")
    (three.folder / "0003_step.sql").unlink()
    for command in (["upgrade"], ["check"], ["downgrade", "-1"]):
        assert "revision 0003 is applied but has no file" in three.refuse(*command)
    assert three.applied() == "0001 0002 0003"


def test_what_a_migration_sets_does_not_reach_the_next(db):
    db.sql("create role migrator; create schema other; grant all on schema other to migrator")
    write(db.folder, 1, "set role migrator;\nset search_path = other;\nset statement_timeout = 1234;\n"
                        "create table mine (id int);")
    write(db.folder, 2, "create table seen as select current_user::text as who, current_schema()::text as place,\n"
                        "    current_setting('lock_timeout') as lock_timeout,\n"
                        "    current_setting('statement_timeout') as statement_timeout;")
    db.migrate("upgrade", PGOPTIONS="-c statement_timeout=5000")
    assert db.sql("select * from seen") == "postgres|public|100ms|0"
    assert db.sql("select count(*) from schema_revision") == "2"
    db.sql("drop owned by migrator; drop role migrator")


def test_an_unreachable_server_is_an_error(three):
    assert "could not read the database's revision" in three.refuse("upgrade", PGHOST="/nonexistent")


# ---- locks -------------------------------------------------------------------------


def test_two_upgrades_at_once_apply_each_migration_once(three):
    write(three.folder, 1, "select pg_advisory_xact_lock(42);\ncreate table one (id int primary key, word text);",
          "drop table one;")
    gate = three.session()
    gate.run("select pg_advisory_lock(42)")
    first = three.start("upgrade", "--lock-timeout", "0")
    three.eventually("exists (select from pg_locks where locktype = 'advisory' and objid = 42 and not granted)")
    second = three.start("upgrade")
    second.until("another migration is running (pid ")
    gate.close()
    code, out, err = first.end()
    assert (code, out) == (0, "now at 0003 (head)\n"), err
    assert err.count(": applied\n") == 3
    code, out, err = second.end()
    assert (code, out) == (0, "now at 0003 (head)\n"), err
    assert err.count(": another run has done it\n") == 3
    assert three.applied() == "0001 0002 0003"


def test_an_upgrade_gives_up_when_another_run_does_not_end(three):
    gate = three.session()
    gate.run("select pg_advisory_lock(8027216031894300517)")
    err = three.refuse("upgrade", "--wait", "0")
    assert re.search(r"another migration is running \(pid \d+\), gave up after 0 s", err)
    assert "schema_revision" not in three.tables()
    gate.close()
    three.migrate("upgrade", "--wait", "0")


def test_an_upgrade_that_waited_does_not_build_on_what_another_run_undid(three):
    three.migrate("upgrade", "0002")
    gate = three.session()
    gate.run("select pg_advisory_lock(8027216031894300517)")
    waiting = three.start("upgrade")
    waiting.until("another migration is running")
    gate.run("delete from schema_revision where revision = '0002'")
    gate.close()
    code, _, err = waiting.end()
    assert code == 1
    assert "the database is at 0001, not at 0002" in err
    assert "three" not in three.tables()


def test_a_locked_table_is_waited_for_no_longer_than_lock_timeout_and_who_holds_it_is_said(three):
    three.migrate("upgrade", "0001")
    holder = three.session()
    holder.run("begin; lock table one")
    began = time.monotonic()
    err = three.refuse("upgrade", "--lock-timeout", "100ms", "--lock-retries", "1")
    assert time.monotonic() - began < 10
    assert err.count(f"{three.folder}/0002_step.sql:7: ERROR:  canceling statement due to lock timeout") == 2
    assert "0002_step.sql: could not get a lock, try 2 of 2 in 0.2 s" in err
    assert re.search(r"pid \d+ \(psql, idle in transaction, transaction open for 00:00:0\d\) has locks on one", err)
    assert three.applied() == "0001"
    holder.close()


def test_a_migration_goes_through_once_the_table_is_free(three):
    three.migrate("upgrade", "0001")
    holder = three.session()
    holder.run("begin; lock table one")
    run = three.start("upgrade", "--lock-timeout", "50ms")
    run.until("could not get a lock, try 2 of 25")
    holder.close()
    code, out, err = run.end()
    assert (code, out) == (0, "now at 0003 (head)\n"), err
    assert three.applied() == "0001 0002 0003"


def test_a_migration_that_meets_a_program_on_its_way_to_the_same_tables_soon_stands_back(three):
    """Each has what the other waits for. The server would look for a deadlock after a second and end one of them."""
    three.migrate("upgrade", "0001")
    three.sql("create table another (id int)")
    write(three.folder, 2, "alter table one add new_word text;\nalter table another add new_word text;")
    program = three.session()
    program.run("set deadlock_timeout = '1h'; begin; insert into another values (1)")
    run = three.start("upgrade")
    three.eventually("exists (select from pg_locks where relation = 'another'::regclass and not granted)")
    program.run("select from one; commit")
    code, out, err = run.end()
    assert (code, out) == (0, "now at 0003 (head)\n"), err
    assert "canceling statement due to lock timeout" in err and "deadlock" not in err


def test_an_interrupted_upgrade_leaves_nothing_and_frees_the_lock(three):
    write(three.folder, 2, "create table two (id int);\nselect pg_advisory_xact_lock(42);")
    gate = three.session()
    gate.run("select pg_advisory_lock(42)")
    run = three.start("upgrade", "--lock-timeout", "0")
    three.eventually("exists (select from pg_locks where locktype = 'advisory' and objid = 42 and not granted)")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.end()[0] != 0
    gate.close()
    assert three.applied() == "0001"
    assert three.tables() == ["one", "schema_revision"]
    write(three.folder, 2, "create table two (id int);")
    three.migrate("upgrade", "--wait", "0")


# ---- offline scripts ---------------------------------------------------------------


def apply(db, script):
    return subprocess.run(["psql", "-Xq"], env=db.env, input=script, text=True, capture_output=True, timeout=PATIENCE_S)


def test_an_offline_script_makes_the_same_schema_and_records(three):
    three.migrate("upgrade")
    schema = three.dump()
    records = three.sql("select revision, checksum from schema_revision order by 1")
    three.migrate("downgrade", "base")
    three.sql("drop table schema_revision")
    for range_ in ("0002", "2:head"):
        done = apply(three, three.migrate("upgrade", range_, "--sql", PGHOST="/nonexistent"))
        assert (done.stdout, done.stderr) == ("", "")
    assert three.dump() == schema
    assert three.sql("select revision, checksum from schema_revision order by 1") == records
    assert three.migrate("check") == "at 0003 (head), nothing to do\n"
    assert apply(three, three.migrate("downgrade", "head:base", "--sql")).stderr == ""
    assert three.tables() == ["schema_revision"]


def test_an_offline_script_of_the_projects_own_migrations_makes_the_same_schema(db):
    db.folder = REAL_MIGRATIONS
    db.migrate("upgrade")
    schema = db.dump()
    db.migrate("downgrade", "base")
    assert "ERROR" not in apply(db, db.migrate("upgrade", "--sql")).stderr
    assert db.dump() == schema


def test_an_offline_script_does_nothing_to_a_database_elsewhere_in_the_chain(three):
    three.migrate("upgrade", "0001")
    schema = three.dump()
    done = apply(three, three.migrate("upgrade", "0002:0003", "--sql"))
    assert "the database is at 0001, not at 0002" in done.stderr
    assert three.dump() == schema


def test_an_offline_script_goes_no_further_than_its_first_failure(three):
    write(three.folder, 2, "create table two (id int);\nselect 1 / 0;")
    assert "division by zero" in apply(three, three.migrate("upgrade", "--sql")).stderr
    assert three.applied() == "0001"
    assert three.tables() == ["one", "schema_revision"]


# ---- the chain ---------------------------------------------------------------------


def test_several_heads_are_listed_and_upgrade_refuses(three):
    write(three.folder, 4, "select 4;", parent="0002")
    assert three.migrate("heads") == "0003 (head)\n0004 (head)\n"
    for command in (["upgrade"], ["check"], ["revision", "-m", "more"], ["upgrade", "--sql"], ["stamp", "head"]):
        assert "several heads, 0003 0004" in three.refuse(*command)
    assert three.tables() == []


def edit(folder, old, new):
    path = folder / "0002_step.sql"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("change, message", [
    (lambda f: (f / "0002_step.sql").unlink(), "0003_step.sql: its down_revision 0002 has no file"),
    (lambda f: edit(f, "down_revision: 0001", "down_revision: 0003"), "does not come before it, a cycle"),
    (lambda f: edit(f, "down_revision: 0001", "down_revision: 0002"), "does not come before it, a cycle"),
    (lambda f: edit(f, "down_revision: 0001", "down_revision: none"), "several heads, 0001 0003"),
    (lambda f: write(f, 2, "select 2;", name="twin"), "0002_twin.sql: revision 0002 is also 0002_step.sql"),
    (lambda f: edit(f, "-- revision: 0002", "-- revision: 0007"), 'there is no line "-- revision: 0002"'),
    (lambda f: edit(f, "-- summary: step 2\n", ""), 'there is no line "-- summary: "'),
    (lambda f: edit(f, "-- down_revision: 0001\n", ""), 'there is no line "-- down_revision: "'),
    (lambda f: edit(f, "-- migrate:down", "-- down"), "section down is missing"),
    (lambda f: edit(f, "-- migrate:up", "-- migrate:down"), '"-- migrate:down" is out of place'),
    (lambda f: edit(f, "-- migrate:up", "select 1;\n-- migrate:up"), 'there is SQL before "-- migrate:up"'),
    (lambda f: edit(f, "$body$;\n", "$body$\n"), "section up is missing, empty or does not end with a semicolon"),
    (lambda f: edit(f, "drop function loud(text);", "COMMIT;"), "0002_step.sql:16: a migration is one transaction"),
    (lambda f: edit(f, "drop function loud(text);", "\\connect x"), "commands of psql do not belong"),
    (lambda f: (f / "0002_step.sql").write_text(""), 'there is no line "-- revision: 0002"'),
    (lambda f: (f / "two.sql").write_text("select 1;"), "two.sql: the name is not of the form NNNN_words.sql"),
    (lambda f: [p.unlink() for p in f.iterdir()], "no migrations in"),
])
def test_broken_files_are_found_by_check_and_stop_upgrade(three, change, message):
    change(three.folder)
    assert message in three.refuse("check")
    assert message in three.refuse("upgrade")
    assert three.tables() == []


def test_check_fails_until_the_database_is_at_head(three):
    three.migrate("upgrade", "0002")
    assert "the database is at 0002, the newest is 0003 (head)" in three.refuse("check")
    three.migrate("upgrade")
    assert three.migrate("check") == "at 0003 (head), nothing to do\n"


# ---- what it tells and makes -------------------------------------------------------


def test_current_says_base_then_the_revision_then_head(three):
    assert three.migrate("current") == "base\n"
    three.migrate("upgrade", "+1")
    assert three.migrate("current") == "0001\n"
    three.migrate("upgrade")
    assert three.migrate("current") == "0003 (head)\n"
    assert re.fullmatch(r"0003 \(head\)  0003_step\.sql, applied \S+ \S+ by postgres in \d+ ms\n",
                        three.migrate("current", "-v"))
    three.migrate("downgrade", "base")
    assert three.migrate("current") == "base\n"


def test_history_marks_what_is_applied_the_current_and_the_head(three):
    three.migrate("upgrade", "0002")
    assert three.migrate("history") == ("[ ] 0002 -> 0003 (head)  step 3\n"
                                        "[x] 0001 -> 0002 (current)  step 2\n"
                                        "[x] none -> 0001  step 1\n")


def test_heads_prints_the_newest_without_a_database(three):
    assert three.migrate("heads", PGHOST="/nonexistent") == "0003 (head)\n"
    assert three.migrate("heads", "-v") == "0003 (head)  0003_step.sql: step 3\n"


def test_stamp_records_without_running_and_unrecords(three):
    assert three.migrate("stamp", "2") == "stamped 0002\n"
    assert three.applied() == "0001 0002"
    assert three.tables() == ["schema_revision"]
    three.migrate("stamp", "head")
    three.migrate("check")
    assert three.migrate("stamp", "base") == "stamped base\n"
    assert three.applied() == ""
    assert "no revision 0009" in three.refuse("stamp", "0009")


def test_revision_makes_the_next_file_which_must_be_filled_in(db):
    first = Path(db.migrate("revision", "-m", "Add users' table").strip())
    assert first == db.folder / "0001_add_users_table.sql"
    assert "-- down_revision: none\n-- summary: Add users' table\n" in first.read_text()
    second = Path(db.migrate("revision", "--message=more").strip())
    assert second.name == "0002_more.sql"
    assert "-- down_revision: 0001\n" in second.read_text()
    assert "section up is missing, empty" in db.refuse("upgrade")
    for path in (first, second):
        path.write_text(path.read_text().replace("-- migrate:up\n", "-- migrate:up\nselect 1;\n") + "select 1;\n")
    assert db.migrate("upgrade").endswith("now at 0002 (head)\n")
    assert "needs -m" in db.refuse("revision", code=2)


def test_verbose_shows_the_statements_of_the_migrations(three):
    assert "create table one (id int primary key, word text);" in three.migrate("upgrade", "-v")


# ---- paths, connections, installation ----------------------------------------------


def test_folders_may_have_any_name(three, tmp_path):
    odd = tmp_path / "it's a \"dir\" $HOME [1] %s \\n * :x & é"
    odd.mkdir()
    three.folder = three.folder.rename(odd / "=-d a")
    work = odd / "tmp"
    work.mkdir()
    three.migrate("upgrade", TMPDIR=str(work))
    three.migrate("downgrade", "-1", TMPDIR=str(work))
    path = write(three.folder, 3, "select 1 / 0;")
    assert f"{path}:7: ERROR:" in three.refuse("upgrade", TMPDIR=str(work))
    assert list(work.iterdir()) == []


SECRET = "p@ss 'w%r\\d"


@pytest.mark.parametrize("string", [
    "postgresql://secretive:p%40ss%20'w%25r%5cd@/{db}?host={host}&application_name=a%20b",
    "postgres:///{db}?host={host}&user=secretive&password=p%40ss%20'w%25r%5cd",
    "postgres://secretive@/{db}?password=p%40ss%20'w%25r%5cd&host={host}",
    "host={host} user=secretive dbname='{db}' password = 'p@ss \\'w%r\\\\d'",
    "password=p@ss\\ \\'w%r\\\\d host={host}   user=secretive application_name='password=x' dbname={db}",
])
@pytest.mark.parametrize("way", ["environment", "option"])
def test_a_password_in_the_connection_string_works_and_is_not_an_argument_of_psql(three, tmp_path, string, way):
    three.sql("drop role if exists secretive")
    three.sql(f"create role secretive superuser login password '{SECRET.replace(chr(39), chr(39) * 2)}'")
    spy = tmp_path / "bin"
    spy.mkdir()
    (spy / "psql").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{tmp_path}/arguments"\n'
                              f'exec {shutil.which("psql")} "$@"\n')
    (spy / "psql").chmod(0o755)
    string = string.format(db=three.name, host=three.env["PGHOST"])
    env = {"PATH": f"{spy}:{three.env['PATH']}", "PGDATABASE": "nowhere", "PGUSER": "nobody", "PGHOST": "/nonexistent"}
    args = ["--database", string] if way == "option" else []
    if way == "environment":
        env["OFFSTAGE_DATABASE_URL"] = string
    three.migrate(*args, "upgrade", **env)
    assert three.sql("select distinct applied_by from schema_revision") == "secretive"
    arguments = (tmp_path / "arguments").read_text()
    assert three.name in arguments
    assert not re.search("p(@|%40)ss", arguments)


def test_a_plain_database_name_is_a_connection_string(three):
    three.migrate("upgrade", "-d", three.name, PGDATABASE="nowhere")
    assert three.applied() == "0001 0002 0003"


def test_an_installed_script_knows_its_migrations_and_version(three, tmp_path):
    share = tmp_path / "share of it"
    (share / "migrations").parent.mkdir()
    shutil.copytree(three.folder, share / "migrations")
    installed = tmp_path / "bin" / "offstage-migrate"
    installed.parent.mkdir()
    installed.write_text(MIGRATE.read_text().replace("@pkgdatadir@", str(share)).replace("@VERSION@", "1.2.3"))
    installed.chmod(0o755)

    def run(*args, **env):
        return subprocess.run([installed, *args], env=dict(three.env, **env), text=True, capture_output=True, cwd="/",
                              timeout=PATIENCE_S)

    assert run("--version").stdout == "offstage-migrate 1.2.3\n"
    assert run("upgrade").stdout == "now at 0003 (head)\n"
    assert run("heads", OFFSTAGE_MIGRATIONS=str(tmp_path)).returncode == 1
    link = tmp_path / "link"
    link.symlink_to(MIGRATE)
    done = subprocess.run([link, "heads"], env=three.env, text=True, capture_output=True, timeout=PATIENCE_S)
    newest = max(path.name[:4] for path in REAL_MIGRATIONS.glob("*.sql"))
    assert done.stdout == f"{newest} (head)\n"


def test_help_names_every_command_and_option(db):
    text = db.migrate("--help")
    for word in ("upgrade", "downgrade", "current", "history", "heads", "stamp", "revision", "check", "--sql",
                 "--database", "--directory", "--lock-timeout", "--lock-retries", "--wait", "--version", "-v"):
        assert word in text


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_the_script_is_clean_under_shellcheck():
    done = subprocess.run(["shellcheck", str(MIGRATE)], text=True, capture_output=True, timeout=PATIENCE_S)
    assert done.stdout == ""
