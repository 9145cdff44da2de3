"""The C tests of db/: each program on a fresh database of a private PostgreSQL cluster."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("OFFSTAGE_BUILD", ROOT / "build"))
PROGRAMS = re.findall(r"^\ttests/db/(test_\w+)", (ROOT / "tests/db/files.mk").read_text(), re.M)
PATIENCE_S = 300


def server_program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="module")
def cluster():
    """The folder of a cluster's socket. PostgreSQL refuses to run as root, so root runs it as postgres."""
    folder = Path(tempfile.mkdtemp(prefix="offstage-db-"))
    prefix = []
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]

    def run(program, *args):
        subprocess.run([*prefix, server_program(program), *args], check=True, cwd="/", stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE_S)

    run("initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o",
        f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off", "start")
    yield folder
    run("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def database(cluster, request):
    name = re.sub(r"\W", "_", request.node.name)
    url = f"postgresql://postgres@/{name}?host={cluster}"
    subprocess.run(["createdb", "-h", cluster, "-U", "postgres", name], check=True, timeout=PATIENCE_S)
    subprocess.run([ROOT / "db" / "migrate", "upgrade"], check=True, capture_output=True, timeout=PATIENCE_S,
                   env={**os.environ, "OFFSTAGE_DATABASE_URL": url,
                        "OFFSTAGE_MIGRATIONS": str(ROOT / "db" / "migrations")})
    return url


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program, database):
    # One make at a time in a folder: see tests/run.
    subprocess.run(["flock", "make.lock", "make", "-s", f"tests/db/{program}"], cwd=BUILD, check=True,
                   stdout=subprocess.DEVNULL)
    ran = subprocess.run([BUILD / "tests" / "db" / program], text=True, capture_output=True, timeout=PATIENCE_S,
                         env={**os.environ, "OFFSTAGE_DATABASE_URL": database})
    assert ran.returncode == 0, ran.stdout + ran.stderr
