"""Agents: what can be asked, by whom, and what is shown of it."""

import pytest

from things import got, made, nothing, pages, pointers

MODEL = {'name': 'Model', 'kind': 'chat_completions', 'endpoint_url': 'https://models.example.com/v1'}


def test_an_agent_has_usual_values(user):
    agent = made(user.post('/api/agents', json={'name': 'Helper', 'kind': 'extractive'}))
    assert agent['user_id'] == user.id and agent['history_limit'] == 10 and agent['visibility'] == 'private'
    assert agent['temperature'] is agent['model'] is agent['max_output_tokens'] is agent['endpoint_url'] is None
    assert agent['description'] == agent['instructions'] == '' and agent['starter_questions'] == []
    assert got(user.get(f'/api/agents/{agent["id"]}')) == agent


def test_an_agent_keeps_what_it_is_given(user):
    given = {**MODEL, 'description': 'D "q" \\ é', 'model': 'm', 'instructions': 'Be brief.\n', 'temperature': 0.25,
             'max_output_tokens': 1, 'history_limit': 0, 'visibility': 'workspace',
             'starter_questions': ['a "b"', 'c,d', '{}', 'é\\', '日本']}
    agent = made(user.post('/api/agents', json=given))
    assert {k: agent[k] for k in given} == given


def test_a_change_leaves_what_it_does_not_name(user):
    agent = made(user.post('/api/agents', json={**MODEL, 'model': 'm', 'temperature': 1, 'starter_questions': ['a']}))
    changed = got(user.patch(f'/api/agents/{agent["id"]}', json={'name': 'Other'}))
    assert {**changed, 'name': 'Model', 'updated_at': agent['updated_at']} == agent
    assert changed['updated_at'] > agent['updated_at']


def test_null_clears_what_can_be_absent(user):
    agent = made(user.post('/api/agents', json={**MODEL, 'model': 'm', 'temperature': 1, 'max_output_tokens': 5}))
    changed = got(user.patch(f'/api/agents/{agent["id"]}',
                             json={'model': None, 'temperature': None, 'max_output_tokens': None}))
    assert changed['model'] is changed['temperature'] is changed['max_output_tokens'] is None
    never = {'name', 'description', 'kind', 'instructions', 'visibility', 'history_limit', 'starter_questions'}
    assert pointers(user.patch(f'/api/agents/{agent["id"]}', json={k: None for k in never})) == {'/' + k for k in never}


def test_every_bad_member_is_named_at_once(user):
    reply = user.post('/api/agents', json={'name': '', 'kind': 'magic', 'temperature': 2.5, 'max_output_tokens': 0,
                                           'history_limit': -1, 'visibility': 'all', 'starter_questions': ['', 1],
                                           'colour': 'red'})
    assert pointers(reply) == {'/name', '/kind', '/temperature', '/max_output_tokens', '/history_limit',
                               '/visibility', '/starter_questions/0', '/starter_questions/1', '/colour'}
    assert pointers(user.post('/api/agents', json={})) == {'/name', '/kind'}


def test_a_model_needs_an_endpoint(user):
    for kind in ('chat_completions', 'responses'):
        assert pointers(user.post('/api/agents', json={'name': 'x', 'kind': kind})) == {'/endpoint_url'}
    agent = made(user.post('/api/agents', json=MODEL))
    assert pointers(user.patch(f'/api/agents/{agent["id"]}', json={'endpoint_url': None})) == {'/endpoint_url'}
    assert got(user.patch(f'/api/agents/{agent["id"]}', json={'kind': 'extractive', 'endpoint_url': None}))


@pytest.mark.parametrize('url', ['http://10.0.0.1/', 'http://localhost:1/', 'http://169.254.169.254/latest', 'x',
                                 'ftp://example.com/', 'http://user:pass@example.com/', 'http://[::1]/',
                                 'http://0x0a.1/', 'http://192.168.1.1:8080/v1', 'file:///etc/passwd'])
def test_an_endpoint_is_a_public_http_url(user, url):
    assert pointers(user.post('/api/agents', json={**MODEL, 'endpoint_url': url})) == {'/endpoint_url'}


def test_what_the_operator_allows_may_be_private(user):
    made(user.post('/api/agents', json={**MODEL, 'endpoint_url': 'http://127.0.0.1:9/v1'}))


def test_a_credential_is_never_shown_and_stored_sealed(user, stack):
    agent = made(user.post('/api/agents', json={**MODEL, 'credential': 'sk-very-secret'}))
    assert agent['has_credential'] is True and 'credential' not in agent
    stored = stack.sql("select credential from agents where id = :'id'", id=agent['id'])[0]['credential']
    assert stored and 'sk-very-secret' not in stored
    path = f'/api/agents/{agent["id"]}'
    assert got(user.patch(path, json={'name': 'x'}))['has_credential'] is True
    assert got(user.patch(path, json={'credential': None}))['has_credential'] is False
    assert got(user.patch(path, json={'credential': 'another'}))['has_credential'] is True


def test_without_a_key_of_the_server_none_can_be_stored(user, start_app):
    app = start_app()
    reply = app.call('POST', '/api/agents', key=user.key, body={**MODEL, 'credential': 'sk'})
    assert reply.status == 422 and reply.json['errors'][0]['pointer'] == '/credential'
    assert 'no encryption key is set' in reply.json['detail']
    assert app.call('POST', '/api/agents', key=user.key, body=MODEL).status == 201


def test_the_same_credential_is_sealed_differently_each_time(user, stack):
    ids = [made(user.post('/api/agents', json={**MODEL, 'credential': 'same'}))['id'] for _ in range(2)]
    sealed = [stack.sql("select credential from agents where id = :'id'", id=id)[0]['credential'] for id in ids]
    assert sealed[0] != sealed[1]


def test_the_app_s_role_cannot_read_credentials(user, stack):
    made(user.post('/api/agents', json={**MODEL, 'credential': 'secret'}))
    with pytest.raises(RuntimeError, match='permission denied'):
        stack.sql('set role offstage_app; select credential from agents')


def test_private_agents_are_their_owner_s_alone(user, other, agent):
    path = f'/api/agents/{agent["id"]}'
    assert other.get(path).status_code == other.patch(path, json={}).status_code == other.delete(path).status_code == 404
    assert agent['id'] not in [a['id'] for a in got(other.get('/api/agents?limit=100'))['data']]


@pytest.mark.parametrize('visibility', ['workspace', 'public'])
def test_shared_agents_can_be_used_but_not_looked_into_or_changed(user, other, visibility):
    agent = made(user.post('/api/agents', json={**MODEL, 'instructions': 'secret', 'credential': 'secret',
                                                'visibility': visibility}))
    path = f'/api/agents/{agent["id"]}'
    seen = got(other.get(path))
    assert seen['name'] == 'Model' and seen['user_id'] == user.id
    assert seen['endpoint_url'] is seen['instructions'] is None and seen['has_credential'] is False
    assert seen == next(a for a in got(other.get('/api/agents?limit=100'))['data'] if a['id'] == agent['id'])
    assert other.patch(path, json={'name': 'mine'}).status_code == 404
    assert other.delete(path).status_code == 404
    assert other.get(path + '/sources').status_code == 404
    assert other.post(path + '/test').status_code == 404
    made(other.post('/api/chats', json={'agent_id': agent['id']}))
    assert got(user.get(path)) == agent


def test_own_and_shared_agents_are_one_list(user, other):
    mine = [made(user.post('/api/agents', json={'name': str(i), 'kind': 'extractive'}))['id'] for i in range(5)]
    shared = [made(other.post('/api/agents', json={'name': str(i), 'kind': 'extractive', 'visibility': 'workspace'}))['id']
              for i in range(3)]
    rows = [a for page in pages(user, '/api/agents', 3) for a in page]
    times = [a['created_at'] for a in rows]
    ids = [a['id'] for a in rows]
    assert times == sorted(times, reverse=True) and len(set(ids)) == len(ids)
    assert set(mine) | set(shared) <= set(ids)


def test_a_deleted_agent_leaves_its_chats(user, agent):
    chat = made(user.post('/api/chats', json={'agent_id': agent['id'], 'title': 'kept'}))
    assert user.delete(f'/api/agents/{agent["id"]}').status_code == 204
    assert user.get(f'/api/agents/{agent["id"]}').status_code == 404
    assert got(user.get(f'/api/chats/{chat["id"]}'))['agent_id'] is None
    assert user.post('/api/invoke_endpoint', json={'chat_id': chat['id'], 'message': 'x'}).status_code == 409


def test_a_deleted_agent_leaves_the_chats_of_others_too(user, other):
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive', 'visibility': 'workspace'}))
    chat = made(other.post('/api/chats', json={'agent_id': agent['id']}))
    assert user.delete(f'/api/agents/{agent["id"]}').status_code == 204
    assert got(other.get(f'/api/chats/{chat["id"]}'))['agent_id'] is None


def test_a_test_tells_what_it_met(user, stack):
    def tried(**members):
        agent = made(user.post('/api/agents', json={**MODEL, **members}))
        return got(user.post(f'/api/agents/{agent["id"]}/test'))

    good = tried(endpoint_url=stack.upstream.url, model='script')
    assert good['ok'] is True and good['status'] == 200 and good['latency_ms'] >= 0
    refused = tried(endpoint_url=stack.upstream.url, model='refuse;code=401')
    assert refused['ok'] is False and refused['status'] == 401 and refused['detail']
    away = tried(endpoint_url='http://127.0.0.1:1/v1', model='x')
    assert away['ok'] is False and away['status'] is None and away['detail']


def test_an_agent_without_an_endpoint_is_fine_as_it_is(user, agent):
    assert got(user.post(f'/api/agents/{agent["id"]}/test'))['ok'] is True


def test_a_test_of_nothing_is_not_found(user):
    assert user.post(f'/api/agents/{nothing()}/test').status_code == 404
