"""Health, readiness and metrics."""

import re
import signal

import requests

from stack import SETTINGS, wait_for
from things import final, got, made


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


def test_requests_are_counted_whoever_answers(start_stack):
    stack = start_stack()
    user = stack.user()
    name = 'offstage_http_requests_total{operation="listKeys",status="200"}'
    for _ in range(12):
        got(user.get('/api/keys'))
    assert counted(stack, name, 12)[name] == 12


def test_metrics_never_name_raw_paths(stack, user):
    user.get('/api/a-secret-path')
    found = counted(stack, 'offstage_http_requests_total{operation="none",status="404"}', 1)
    assert 'a-secret-path' not in metrics(stack)[1]
    assert found['offstage_database_up'] == 1 and found['offstage_workers'] >= 1
    assert 'offstage_queue_jobs{queue="respond",state="available"}' in found


def counted(stack, name, least):
    """The samples, once a counter has come so far: the app counts a request when its answer is out, the workers tell what
    they have counted every few seconds."""
    return wait_for(lambda: [found for found, _ in [metrics(stack)] if found.get(name, 0) >= least], 20,
                    f'{name} to come to {least}')[0]


def grown(stack, name, before, by):
    counted(stack, name, before.get(name, 0) + by)


def test_jobs_and_calls_of_models_are_counted_by_the_workers(stack, user):
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'chat_completions', 'model': 'script;tokens=20',
                                                'endpoint_url': stack.upstream.url}))
    before = metrics(stack)[0]
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
    usage = final(user, asked['request_id'])['usage']
    grown(stack, 'offstage_jobs_total{kind="respond",outcome="completed"}', before, 1)
    for name in ('job_seconds', 'job_wait_seconds'):
        grown(stack, f'offstage_{name}_count{{kind="respond"}}', before, 1)
        grown(stack, f'offstage_{name}_bucket{{kind="respond",le="+Inf"}}', before, 1)
    grown(stack, 'offstage_model_calls_total{agent_kind="chat_completions",status="2xx"}', before, 1)
    for name in ('model_seconds', 'model_first_token_seconds'):
        grown(stack, f'offstage_{name}_count{{agent_kind="chat_completions"}}', before, 1)
    for direction in ('input', 'output'):
        grown(stack, f'offstage_model_tokens_total{{agent_kind="chat_completions",direction="{direction}"}}', before,
              usage[f'{direction}_tokens'])
    for name in ('calls', 'busy_seconds'):
        grown(stack, f'offstage_worker_pool_{name}_total', before, 1e-6)


def test_every_sample_belongs_to_a_family_that_is_announced_once(stack, user, agent):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
    final(user, asked['request_id'])
    for path in ('/metrics', '/metrics/stream'):
        families, seen = {}, set()
        for line in requests.get(stack.url + path, timeout=10).text.splitlines():
            if line.startswith('# TYPE '):
                _, _, family, kind = line.split()
                assert family not in families
                families[family] = kind
            elif not line.startswith('#'):
                sample = re.fullmatch(r'([a-z_]+)(\{[^}]*\})? (\S+)', line)
                family = sample[1] if sample[1] in families else re.sub('_(bucket|sum|count)$', '', sample[1])
                assert families[family] == 'histogram' or family == sample[1], line
                assert family == list(families)[-1], f'{line} is not with its family'
                assert sample[1] + (sample[2] or '') not in seen
                seen.add(sample[1] + (sample[2] or ''))
                float(sample[3])
        assert seen


def test_the_app_tells_how_many_of_its_processes_are_busy(stack):
    found = counted(stack, 'offstage_http_db_seconds_total{operation="getMetrics"}', 1e-6)
    assert 1 <= found['offstage_app_processes_busy'] <= found['offstage_app_processes'] == int(SETTINGS['OFFSTAGE_APP_PROCESSES'])


def test_what_waits_is_counted_by_kind(start_stack):
    stack = start_stack()
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive'}))
    got(stack.admin.post('/api/admin/queues/respond/pause'))
    made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
    found, _ = metrics(stack)
    assert found['offstage_jobs{queue="respond",kind="respond",state="available"}'] == 1
    assert found['offstage_job_oldest_seconds{queue="respond",kind="respond"}'] >= 0
    assert found['offstage_queue_oldest_seconds{queue="respond"}'] >= 0


def test_counters_outlive_the_worker_that_counted(start_stack):
    stack = start_stack()
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive'}))
    name = 'offstage_jobs_total{kind="respond",outcome="completed"}'
    for count in (1, 2):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
        final(user, asked['request_id'])
        # Told to stop it tells what it has counted since its last beat.
        pid = stack.kill('worker', signal.SIGTERM)
        stack.wait_restart('worker', pid)
        wait_for(lambda: metrics(stack)[0].get(name) == count, 10, 'the count')


def test_a_histogram_adds_up(stack, user):
    got(user.get('/api/chats'))
    name = 'offstage_http_request_seconds_count{operation="listChats"}'
    found = counted(stack, name, 1)
    count = found[name]
    buckets = [v for k, v in found.items() if k.startswith('offstage_http_request_seconds_bucket{operation="listChats"')]
    assert buckets == sorted(buckets) and buckets[-1] == count > 0
