"""Queues and workers, for admins."""

from stack import wait_for
from things import final, got, made


def test_the_queues_are_listed(stack):
    queues = {q['name']: q for q in got(stack.admin.get('/api/admin/queues'))['data']}
    assert {'default', 'respond'} <= set(queues)
    assert queues['respond']['paused'] is False


def test_a_paused_queue_starts_nothing_until_it_goes_on(start_stack):
    stack = start_stack()
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive'}))
    assert got(stack.admin.post('/api/admin/queues/respond/pause')) == {'name': 'respond', 'paused': True}
    assert got(stack.admin.post('/api/admin/queues/respond/pause'))['paused'] is True
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
    wait_for(lambda: depth(stack) == 1, 10, 'the job to wait')
    assert got(user.get(asked['status_url']))['status'] == 'queued'
    assert got(stack.admin.post('/api/admin/queues/respond/resume')) == {'name': 'respond', 'paused': False}
    assert final(user, asked['request_id'])['status'] == 'completed'


def depth(stack):
    return next(q['available'] for q in got(stack.admin.get('/api/admin/queues'))['data'] if q['name'] == 'respond')


def test_a_queue_tells_of_each_kind_how_much_there_is_and_how_long_it_takes(stack, user, agent):
    for _ in range(3):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))
        final(user, asked['request_id'])
    kind = kind_of(stack, 'respond', 'respond')
    assert kind['completed'] >= 3 and kind['per_minute'] > 0 and 0 < kind['window_s'] <= 3600
    assert 0 <= kind['wait_ms']['p50'] <= kind['wait_ms']['p95'] <= kind['wait_ms']['p99']
    assert 0 < kind['run_ms']['p50'] <= kind['run_ms']['p95'] <= kind['run_ms']['p99']


def test_no_more_answers_of_a_user_run_at_once_than_the_setting_says(start_stack):
    stack = start_stack(user_running=2)
    wait_for(lambda: stack.sql("select 1 from queues where name = 'respond' and max_running_user = 2"), 10,
             'the worker to set the limit')
    first, second = stack.user(), stack.user()
    agent = {'name': 'x', 'kind': 'chat_completions', 'model': 'hang', 'endpoint_url': stack.upstream.url}
    for user in (first, second):
        id = made(user.post('/api/agents', json=agent))['id']
        for _ in range(4):
            made(user.post('/api/invoke_endpoint', json={'agent_id': id, 'message': 'x'}))
    wait_for(lambda: kind_of(stack, 'respond', 'respond')['running'] == 4, 20, 'two of each to run')
    # Cancelled, each makes room for one that waits, and never for more.
    for user in (first, second):
        for request in got(user.get('/api/requests'))['data']:
            assert kind_of(stack, 'respond', 'respond')['running'] <= 4
            user.post(f'/api/requests/{request["id"]}/cancel')


def kind_of(stack, queue, kind):
    queues = {q['name']: q for q in got(stack.admin.get('/api/admin/queues'))['data']}
    return next(k for k in queues[queue]['kinds'] if k['kind'] == kind)


def test_what_waits_and_runs_is_counted_by_kind(stack, user, slow_agent):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': slow_agent['id'], 'message': 'x'}))
    wait_for(lambda: kind_of(stack, 'respond', 'respond')['running'] >= 1, 10, 'the job to run')
    user.post(f'/api/requests/{asked["request_id"]}/cancel')


def test_an_unknown_queue_is_not_found(stack):
    for name in ('nothing', '%20', 'a%2fb', 'respond%00'):
        assert stack.admin.post(f'/api/admin/queues/{name}/pause').status_code in (400, 404)


def test_the_workers_are_listed(stack):
    worker, = got(stack.admin.get('/api/admin/workers'))['data']
    assert worker['pid'] in stack.pids('worker') and worker['host']
