"""The processes behind the socket: bodies that lie, peers that leave, reloads and restarts that lose nothing."""

import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

import fastcgi
import pytest
from stack import build, is_alive, wait_for
from things import nothing


def test_a_body_is_as_long_as_what_comes(start_app, user):
    app = start_app()
    for length in ('0', '1', '999999999999', '-1', 'x', ''):
        reply = app.call('POST', '/api/chats', key=user.key, body={'title': 'x'}, CONTENT_LENGTH=length)
        assert reply.status == 201, length


def test_a_body_that_is_cut_has_no_effect(start_app, user, stack):
    app = start_app()
    title = nothing()
    body = b'{"title": "%s"}' % title.encode()
    with app.open('POST', '/api/chats', key=user.key, body=body) as connection:
        connection.sendall(fastcgi.record(fastcgi.STDIN, body))
    assert app.call('GET', '/api/chats', key=user.key).json['data'] == []
    wait_for(lambda: '"code":"malformed"' in app.read_log(), 10, 'the app to give it up')
    assert stack.sql("select count(*) as n from chats where title = :'t'", t=title)[0]['n'] == '0'


def test_a_peer_that_says_nothing_is_not_waited_for(start_app):
    app = start_app(app_processes=1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(app.path)
        assert app.call('GET', '/healthz').status == 200


def test_bytes_that_are_no_fastcgi_harm_nobody(start_app):
    app = start_app(app_processes=1)
    child = app.children()
    for junk in (b'GET / HTTP/1.1\r\n\r\n', b'\x01', b'\xff' * 100, fastcgi.record(99, b'x' * 1000),
                 fastcgi.record(fastcgi.PARAMS, b'\xff\xff\xff\xff' * 10)):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(app.path)
            connection.sendall(junk)
        assert app.call('GET', '/healthz').status == 200
    assert app.children() == child


def test_a_request_without_its_parameters_is_refused(start_app):
    app = start_app()
    assert app.call('', '/api/chats').status == 405
    assert app.call('GET', '').status == 400
    assert app.call('GET', '?').status == 400
    assert app.call('GET', '*').status == 404


def test_what_a_reply_is_too_large_for_one_record_is_whole(start_app, user, stack):
    chat = start_app().call('POST', '/api/chats', key=user.key, body={}).json['id']
    stack.sql("""insert into messages (id, user_id, chat_id, role, content)
                 select gen_random_uuid(), :'user', :'chat', 'user', repeat('0123456789', 20000) from generate_series(1, 50)""",
              user=user.id, chat=chat)
    reply = user.client.get(f'/api/chats/{chat}/messages?limit=50')
    assert {len(m['content']) for m in reply.json['data']} == {200000} and len(reply.json['data']) == 50


@pytest.mark.plain
def test_processes_stay_small(start_app, user):
    """12 MB each, also after the largest bodies and passwords have passed through."""
    app = start_app(app_processes=1, secret_key='0' * 64)
    agent = app.call('POST', '/api/agents', key=user.key, body={'name': 'x', 'kind': 'extractive'}).json['id']
    text = {'type': 'text', 'title': 'T', 'content': 'word ' * (1 << 20)}
    assert app.call('POST', f'/api/agents/{agent}/sources', key=user.key, body=text).status == 202
    for _ in range(3):
        assert app.call('POST', '/api/auth/login', body={'email': 'a@b.c', 'password': 'x'}).status == 401
    for _ in range(200):
        assert app.call('GET', '/api/agents?limit=100', key=user.key).status == 200
    child, = app.children()
    rss = int(re.search(r'^Rss:\s+(\d+) kB', pathlib.Path(f'/proc/{child}/smaps_rollup').read_text(), re.M).group(1))
    assert rss * 1024 <= 12e6, f'{rss} KiB'


class Load:
    """Requests one after the other, in some threads, until told to stop. None may fail."""

    def __init__(self, app, key, threads=4):
        self.app, self.key, self.failures, self.answered, self.stopped = app, key, [], 0, False
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopped:
            try:
                reply = self.app.call('GET', '/api/chats', key=self.key)
                if reply.status != 200:
                    self.failures.append(reply.status)
            except (OSError, EOFError, http.client.HTTPException) as e:
                self.failures.append(repr(e))
            self.answered += 1

    def after(self, more):
        """Wait until so many more have been answered."""
        wanted = self.answered + more
        wait_for(lambda: self.answered >= wanted, 30, f'{more} more answers')

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()
        assert self.failures == []


def test_a_reload_replaces_all_processes_and_loses_no_request(start_app, user):
    app = start_app()
    before = set(app.children())
    load = Load(app, user.key)
    load.after(20)
    for _ in range(2):
        generation = set(app.children())
        app.signal(signal.SIGHUP)
        wait_for(lambda: len(now := set(app.children())) == 2 and not now & generation, 30, 'new processes')
        load.after(20)
    load.stop()
    assert not before & set(app.children())


def test_a_restart_under_socket_activation_loses_no_request(stack, user):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(folder + '/app.sock')
        listener.listen(100)
        app = fastcgi.App(stack, listener=listener)
        load = Load(app, user.key)
        for _ in range(3):
            load.after(20)
            assert app.stop() == 0
            load.app = app = fastcgi.App(stack, listener=listener)
        load.after(20)
        load.stop()
        assert pathlib.Path(folder + '/app.sock').exists()
        app.stop()


def test_a_stop_finishes_the_request_at_hand(start_app, user):
    app = start_app(app_processes=1)
    body = b'{"title": "x"}'
    wait_for(lambda: not is_reading(app.children()[0]), 10, 'the process to close the connection before')
    with app.open('POST', '/api/chats', key=user.key, body=body) as connection:
        wait_for(lambda: is_reading(app.children()[0]), 10, 'the process to take the request')
        app.signal(signal.SIGTERM)
        connection.sendall(fastcgi.stream(fastcgi.STDIN, body))
        assert fastcgi.read(connection).status == 201
    assert app.process.wait(10) == 0
    assert not os.path.exists(app.path)


def is_reading(pid):
    """The process has a connection beside its listening socket."""
    listing = pathlib.Path('/proc/net/unix').read_text()
    inodes = {os.readlink(f).partition('[')[2].rstrip(']') for f in pathlib.Path(f'/proc/{pid}/fd').iterdir()
              if os.readlink(f).startswith('socket:')}
    return sum(line.endswith('/app.sock') and line.split()[6] in inodes for line in listing.splitlines()) > 1


def test_a_process_that_dies_is_replaced_and_its_socket_survives(start_app):
    app = start_app(app_processes=1)
    first, = app.children()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: app.children() not in ([], [first]), 10, 'a new process')
    assert app.call('GET', '/healthz').status == 200
    assert '"event":"process_died"' in app.read_log()


def run_app(**settings):
    environment = {'OFFSTAGE_' + name.upper(): value for name, value in settings.items()}
    return subprocess.Popen([build() + '/offstage-app'], env=environment, stderr=subprocess.PIPE, text=True)


def test_a_socket_left_by_a_dead_app_is_taken_over_and_a_live_one_is_not(start_app):
    app = start_app()
    assert oct(os.stat(app.path).st_mode & 0o777) == '0o660'
    second = run_app(app_socket=app.path, database_url='host=/nowhere')
    assert 'Address already in use' in second.communicate(timeout=30)[1] and second.returncode == 1
    children = app.children()
    app.process.kill()
    app.process.wait()
    wait_for(lambda: not any(map(is_alive, children)), 10, 'the processes to end')
    assert os.path.exists(app.path)
    second = run_app(app_socket=app.path, database_url='host=/nowhere')
    wait_for(app_answers(app), 20, 'the second app to answer')
    second.terminate()
    second.communicate(timeout=30)


def app_answers(app):
    def look():
        try:
            return app.call('GET', '/healthz').status == 200
        except (OSError, EOFError):
            return False

    return look


def test_mistakes_in_the_settings_are_told_all_at_once():
    app = run_app(log_level='loud!', registration='maybe', public_url='chat.example', app_processes='0')
    told = app.communicate(timeout=30)[1]
    assert app.returncode == 2
    for name in ('LOG_LEVEL', 'REGISTRATION', 'PUBLIC_URL', 'APP_PROCESSES', 'DATABASE_URL'):
        assert 'OFFSTAGE_' + name in told


def test_a_schema_that_does_not_fit_stops_the_start_by_the_query_s_name(empty_database, stack, tmp_path):
    database = f'host={stack.run} dbname={empty_database} user=postgres'
    subprocess.run(['psql', '-qX', '-d', database, '-c', 'alter table api_keys rename column hint to tail'], check=True)
    app = run_app(app_socket=str(tmp_path / 'app.sock'), app_processes='1', database_url=database)
    told = next(line for line in app.stderr if '"connect_failed"' in line)
    assert 'api_key_' in told and 'hint' in told
    app.terminate()
    app.communicate(timeout=30)
