"""./dev: instances side by side, started twice, and gone without a trace."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from stack import SETTINGS, TOP, Stack, build, is_alive, wait_for


SUPERVISE = TOP / 'scripts' / 'supervise'


def dev(var, *words, before=(), **settings):
    environment = {**os.environ, **SETTINGS, **settings}
    return subprocess.run([*before, TOP / 'dev', '--var', var, '--build', build(), *words], env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)


def up(var, *words, **settings):
    done = dev(var, 'up', '--no-demo', *words, **settings)
    assert done.returncode == 0, done.stdout
    return done.stdout


def processes_of(var):
    """Live processes that have the folder in their command line or environment."""
    found = []
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / 'cmdline').read_bytes() + (entry / 'environ').read_bytes()
            except OSError:
                continue
            if str(var).encode() in text and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


@pytest.fixture
def var():
    # Short: a folder too deep for a socket's path is another test's matter.
    path = pathlib.Path(tempfile.mkdtemp(prefix='offstage-'))
    path.chmod(0o755)
    yield path
    dev(path, 'down')
    shutil.rmtree(path)


def test_down_leaves_nothing_but_the_folder(var):
    up(var, '--ephemeral')
    memory = (var / 'memory').read_text().strip()
    assert processes_of(var) and pathlib.Path(memory).is_dir()
    done = dev(var, 'down')
    assert done.returncode == 0, done.stdout
    assert processes_of(var) == []
    assert not pathlib.Path(memory).exists()
    assert sorted(p.name for p in var.iterdir()) == ['lock', 'log', 'nginx', 'port', 'secret.key']
    assert dev(var, 'down').returncode == 0


def counts(said):
    """What the demo says of its crawl: pages that are indexed, and those of them that were so before."""
    return tuple(int(n) for n in re.search(r'(\d+) indexed, (\d+) as before', said).groups())


def test_the_demo_crawls_a_site_and_prints_cited_answers_and_runs_again(var):
    first = dev(var, 'up', '--ephemeral')
    assert first.returncode == 0, first.stdout
    indexed, before = counts(first.stdout)
    assert indexed > 1100 and before == 0 and '] 100 %' in first.stdout
    assert 'the same that were streamed' in first.stdout and '-- connection cut after event' in first.stdout
    assert first.stdout.count('  [1] ') >= 2 and 'http://127.0.0.2:' in first.stdout
    again = dev(var, 'demo', '--ephemeral')
    assert again.returncode == 0 and counts(again.stdout) == (indexed, indexed), again.stdout


def test_a_second_up_changes_nothing(var):
    up(var, '--ephemeral')
    stack = Stack(var)
    before = {name: stack.pids(name)[0] for name in ('postgres', 'worker', 'stream', 'app', 'nginx')}
    up(var, '--ephemeral')
    assert {name: stack.pids(name)[0] for name in before} == before


def test_an_instance_starts_and_stops_though_its_caller_ignores_signals(var):
    ignoring = ('env', '--ignore-signal=HUP,INT,TERM,USR1,PIPE')
    done = dev(var, 'up', '--no-demo', '--ephemeral', before=ignoring)
    assert done.returncode == 0, done.stdout
    done = dev(var, 'down', before=ignoring)
    assert done.returncode == 0 and processes_of(var) == [], done.stdout


def test_a_changed_setting_restarts_the_programs_and_not_the_database(var):
    up(var, '--ephemeral')
    stack = Stack(var)
    app, postgres = stack.pids('app')[0], stack.pids('postgres')[0]
    up(var, '--ephemeral', OFFSTAGE_LOG_LEVEL='debug')
    assert stack.pids('app')[0] != app and stack.pids('postgres')[0] == postgres
    assert b'OFFSTAGE_LOG_LEVEL=debug' in pathlib.Path(f"/proc/{stack.pids('app')[0]}/environ").read_bytes()


def test_a_taken_port_makes_it_take_another_and_say_so(var):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = up(var, '--ephemeral', OFFSTAGE_HTTP_PORT=str(port))
        assert f'port {port} is taken' in said
        assert not Stack(var).url.endswith(f':{port}')


def test_a_port_that_is_lost_between_the_look_and_the_bind_is_given_up(var):
    with socket.socket() as taken:
        # Bound and not listening: no connection finds it, and nobody else can bind it.
        taken.bind(('127.0.0.1', 0))
        port = taken.getsockname()[1]
        said = up(var, '--ephemeral', OFFSTAGE_HTTP_PORT=str(port))
        assert f'port {port} is taken' in said
        assert Stack(var).admin.get('/api/chats').status_code == 200


def neighbours():
    """Sockets on two ports that follow each other: one listens, the other is only bound."""
    for port in range(20000, 30000, 2):
        listening, bound = socket.socket(), socket.socket()
        try:
            listening.bind(('127.0.0.1', port))
            bound.bind(('127.0.0.1', port + 1))
        except OSError:
            listening.close()
            bound.close()
            continue
        listening.listen()
        return listening, bound
    raise AssertionError('no two ports are free')


def test_every_port_that_was_taken_is_named(var):
    listening, bound = neighbours()
    with listening, bound:
        port = listening.getsockname()[1]
        said = up(var, '--ephemeral', OFFSTAGE_HTTP_PORT=str(port))
    assert f'port {port} is taken: {port + 1} instead' in said and f'port {port + 1} is taken' in said


def test_services_that_die_together_all_come_back(tmp_path):
    names = [f's{n}' for n in range(12)]
    (tmp_path / 'services').write_text(''.join(f'{name} TERM 5 1\n' for name in names))
    for name in names:
        start = tmp_path / f'start-{name}'
        start.write_text('#!/bin/sh\nexec sleep 1000\n')
        start.chmod(0o755)
    supervisor = subprocess.Popen([SUPERVISE, tmp_path, tmp_path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)

    def running(times):
        """The processes when each has been started so often."""
        try:
            told = [((tmp_path / f'{name}.starts').read_text().strip(), (tmp_path / f'{name}.pid').read_text().split())
                    for name in names]
        except FileNotFoundError: # one is not started, or ended and not yet started again
            return None
        return [int(pid[0]) for _, pid in told] if all(n == str(times) and pid for n, pid in told) else None

    try:
        for times in range(1, 6):
            pids = wait_for(lambda: running(times), 60, f'start {times} of all')
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: running(6), 60, 'the last start of all')
    finally:
        supervisor.terminate()
        supervisor.wait(30)


def test_data_and_key_survive_down_and_up(var):
    up(var)
    stack = Stack(var)
    chat = stack.admin.post('/api/chats', json={'title': 'kept'}).json()['id']
    assert dev(var, 'down').returncode == 0
    up(var)
    assert Stack(var).admin.get(f'/api/chats/{chat}').json()['title'] == 'kept'


def test_secrets_are_for_the_owner_alone(var):
    up(var, '--ephemeral')
    for name in ('admin', 'secret.key', 'run'):
        assert (var / name).stat().st_mode & 0o077 == 0, name
    secrets = [(var / 'secret.key').read_bytes(), Stack(var).admin.key.encode()]
    for pid in processes_of(var):
        command = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
        assert not any(secret in command for secret in secrets), command


def test_the_instance_ends_with_its_supervisor_and_starts_again(var):
    up(var, '--ephemeral')
    os.kill(Stack(var).pids('supervise')[0], signal.SIGKILL)
    wait_for(lambda: processes_of(var) == [], 30, 'everything to end')
    assert dev(var, 'status').returncode == 3
    up(var, '--ephemeral')
    assert dev(var, 'status').returncode == 0


def test_a_folder_too_deep_for_a_socket_works(tmp_path):
    deep = tmp_path / ('d' * 90)
    deep.mkdir()
    for folder in (deep, *deep.parents):
        if folder != folder.parent and folder.owner() == pathlib.Path('/proc/self').owner():
            folder.chmod(folder.stat().st_mode | 0o011)
    try:
        up(deep, '--ephemeral')
        assert Stack(deep).is_ready()
    finally:
        assert dev(deep, 'down').returncode == 0
    assert not (deep / 'run').exists() and not (deep / 'run').is_symlink()


def test_the_admin_program_works_on_the_instance(var):
    up(var, '--ephemeral')
    assert 'admin@offstage.example' in dev(var, 'admin', 'user', 'list').stdout
    asked = dev(var, 'admin', 'invite', 'new@example.org')
    assert asked.returncode == 0 and Stack(var).url in asked.stdout
    assert dev(var, 'admin', 'user', 'nonsense').returncode == 2


def test_it_says_where_to_look(var):
    said = up(var, '--ephemeral')
    assert Stack(var).url in said and 'sign in       as admin@offstage.example' in said
    refused = dev(var, 'logs', 'nosuch')
    assert refused.returncode == 1
    names = refused.stdout.split('one of: ')[1].split()
    assert {'app', 'worker', 'stream', 'nginx', 'access'} <= set(names)
    assert all(dev(var, 'logs', name).returncode == 0 for name in names)


def test_a_failed_step_says_which_command_failed_and_what_to_do(var):
    done = dev(var, 'up', '--no-demo', OFFSTAGE_DATABASE_URL='host=/nowhere dbname=x')
    assert done.returncode == 1
    assert 'This command failed' in done.stdout and 'psql' in done.stdout
    assert '/nowhere' in done.stdout and 'What to do: check OFFSTAGE_DATABASE_URL' in done.stdout
