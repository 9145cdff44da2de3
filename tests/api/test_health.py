"""Health, readiness and metrics."""

import re

import requests

from stack import wait_for
from things import got


def metrics(stack):
    text = requests.get(stack.url + '/metrics', timeout=10).text
    return {name: float(value) for name, value in re.findall(r'^([a-z_]+(?:\{[^}]*\})?) (\S+)$', text, re.M)}, text


def test_it_lives(anonymous):
    assert got(anonymous.get('/healthz'))['status'] == 'ok'


def test_it_is_ready(anonymous):
    ready = got(anonymous.get('/readyz'))
    assert ready['ready'] is ready['database'] is ready['schema']['ok'] is ready['queue']['ok'] is True
    assert ready['schema']['wanted'] == ready['schema']['applied'] and ready['queue']['workers'] >= 1


def test_a_database_that_lacks_a_migration_is_not_ready_and_a_newer_one_is(start_stack):
    stack = start_stack()
    row, = stack.sql('select * from schema_revision order by revision desc limit 1')
    stack.sql("insert into schema_revision (revision, checksum, duration_ms) values ('9999', 'x', 0)")
    assert got(stack.anonymous().get('/readyz'))['schema']['applied'] == '9999'
    stack.sql("delete from schema_revision where revision in ('9999', :'r')", r=row['revision'])
    reply = stack.anonymous().get('/readyz')
    assert reply.status_code == 503 and reply.json()['schema']['ok'] is False and reply.headers['Retry-After']


def test_without_its_database_the_app_says_so_and_comes_back_by_itself(start_stack):
    stack = start_stack()
    user = stack.user()
    got(user.get('/api/chats'))
    app = stack.pids('app')
    stack.kill('postgres')
    reply, = wait_for(lambda: refused(user), 10, 'the app to notice')
    assert reply.headers['Retry-After'] == '1' and reply.json()['type'] == '/problems/unavailable'
    wait_for(lambda: user.get('/api/chats').status_code == 200, 60, 'the database')
    for _ in range(20):
        got(user.get('/api/chats'))
    assert stack.pids('app') == app


def refused(user):
    reply = user.get('/api/chats')
    assert reply.status_code in (200, 503), reply.text
    return [reply] if reply.status_code == 503 else None


def test_requests_are_counted_whoever_answers(stack, user):
    name = 'offstage_http_requests_total{operation="listKeys",status="200"}'
    before = metrics(stack)[0].get(name, 0)
    for _ in range(12):
        got(user.get('/api/keys'))
    assert metrics(stack)[0][name] == before + 12


def test_metrics_never_name_raw_paths(stack, user):
    user.get('/api/secret-path-4711')
    counted, text = metrics(stack)
    assert '4711' not in text and counted['offstage_http_requests_total{operation="none",status="404"}'] >= 1
    assert counted['offstage_database_up'] == 1 and counted['offstage_workers'] >= 1
    assert 'offstage_queue_jobs{queue="respond",state="available"}' in counted


def test_a_histogram_adds_up(stack, user):
    got(user.get('/api/chats'))
    counted, _ = metrics(stack)
    count = counted['offstage_http_request_seconds_count{operation="listChats"}']
    buckets = [v for k, v in counted.items() if k.startswith('offstage_http_request_seconds_bucket{operation="listChats"')]
    assert buckets == sorted(buckets) and buckets[-1] == count > 0
