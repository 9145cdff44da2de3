"""Analytics: what was asked and how it went, in buckets of time."""

import pytest

from things import final, got, made, nothing, pointers


def put(stack, user, agent, at, status='completed', seconds=1.0, tokens=(10, 5)):
    """A request that ended long ago."""
    stack.sql("""
        with chat as (insert into chats (id, user_id, title) values (gen_random_uuid(), :'user', 'x') returning id),
             answer as (insert into messages (id, user_id, chat_id, role, content)
                        select gen_random_uuid(), :'user', id, 'assistant', '' from chat returning id, chat_id)
        insert into requests (id, user_id, chat_id, agent_id, message_id, job_id, status, max_attempts, error, usage,
                              created_at, started_at, completed_at)
        select (substr(uuid_at(:'at')::text, 1, 15) || substr(gen_random_uuid()::text, 16))::uuid, :'user', chat_id, :'agent', id, gen_random_uuid(), :'status', 1,
               case :'status' when 'failed' then '{}'::jsonb end,
               jsonb_build_object('input_tokens', :in, 'output_tokens', :out), :'at', :'at'::timestamptz + interval '0.25 s',
               :'at'::timestamptz + :s * interval '1 s' from answer""",
              user=user.id, agent=agent['id'], at=at, status=status, s=seconds, **{'in': tokens[0], 'out': tokens[1]})


@pytest.fixture
def month(user, agent, stack):
    for n in range(1, 101):
        put(stack, user, agent, '2026-03-01T10:30:00Z', seconds=n)
    put(stack, user, agent, '2026-03-01T23:59:59.999Z', 'failed')
    put(stack, user, agent, '2026-03-02T00:00:00Z', 'cancelled')
    return '/api/analytics?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z'


def test_days_have_counts_and_percentiles(user, agent, month):
    reply = got(user.get(month))
    assert reply['bucket'] == 'day' and reply['from'] == '2026-03-01T00:00:00.000000Z'
    first, second = reply['data']
    assert first == {'bucket': '2026-03-01T00:00:00.000000Z', 'agent_id': agent['id'], 'requests': 101, 'completed': 100,
                     'failed': 1, 'cancelled': 0, 'input_tokens': 1010, 'output_tokens': 505,
                     'latency_ms': {'p50': 50500, 'p90': 90100, 'p99': 99010}, 'wait_ms': {'p50': 250, 'p90': 250, 'p99': 250}}
    assert second['bucket'].startswith('2026-03-02') and second['cancelled'] == 1
    assert second['latency_ms'] == {'p50': None, 'p90': None, 'p99': None}


def test_hours_are_of_a_month_at_most(user, month):
    reply = got(user.get(month + '&bucket=hour'))
    assert [row['bucket'][11:13] for row in reply['data']] == ['10', '23', '00']
    bounded = got(user.get('/api/analytics?bucket=hour&from=2020-01-01T00:00:00Z&to=2026-02-01T00:00:00Z'))
    assert bounded['from'] == '2026-01-01T00:00:00.000000Z' and bounded['data'] == []


def test_the_end_of_a_range_is_not_in_it(user, stack, month):
    narrow = '/api/analytics?from=2026-03-01T23:59:59.999Z&to=2026-03-02T00:00:00Z'
    assert [row['failed'] for row in got(user.get(narrow))['data']] == [1]


def test_one_agent_s_figures(user, agent, month):
    assert got(user.get(month + '&agent_id=' + nothing()))['data'] == []
    assert len(got(user.get(month + '&agent_id=' + agent['id']))['data']) == 2


def test_all_users_are_for_admins(user, other, stack, month):
    assert got(other.get(month))['data'] == []
    assert other.get(month + '&all=true').status_code == 403
    assert sum(row['requests'] for row in got(stack.admin.get(month + '&all=true'))['data']) >= 102
    assert got(stack.admin.get(month))['data'] == []


def test_what_was_asked_just_now_counts(user, agent):
    final(user, made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}))['request_id'])
    row, = got(user.get('/api/analytics'))['data']
    assert row['requests'] == 1 and row['agent_id'] == agent['id']


@pytest.mark.parametrize('query', ['from=yesterday', 'to=2026-01-01', 'bucket=week', 'all=1', 'agent_id=x'])
def test_a_question_that_makes_no_sense_is_refused(user, query):
    assert pointers(user.get('/api/analytics?' + query)) == {query.partition('=')[0]}


@pytest.mark.parametrize('query', ['from=1900-01-01T00:00:00Z', 'to=1900-01-01T00:00:00Z', 'to=9999-12-31T23:59:59Z',
                                   'from=9999-12-31T23:59:59Z&to=2026-01-01T00:00:00Z'])
def test_any_time_is_answered(stack, query):
    got(stack.admin.get('/api/analytics?' + query))
    got(stack.admin.get('/api/analytics?all=true&' + query))
