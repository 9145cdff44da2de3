"""What holds for every path: methods, request ids, types of bodies, sizes, shapes of errors."""

import json
import re

import pytest

from things import got, made, nothing, pointers


def test_an_unknown_path_is_not_found(user):
    for path in ('/api/nothing', '/api/chats/', '/api', '/api/', '/api/chats/a/b/c', '/v1/nothing'):
        assert user.get(path).status_code == 404, path


def test_an_unknown_method_is_told_the_known_ones(user):
    reply = user.put('/api/chats', json={})
    assert reply.status_code == 405
    assert reply.headers['Allow'] == 'GET, HEAD, POST'
    assert user.delete('/api/chats').headers['Allow'] == 'GET, HEAD, POST'
    assert user.get('/api/invoke_endpoint').headers['Allow'] == 'POST'
    assert user.options('/api/healthz').status_code == 404


def test_methods_are_told_to_those_without_credentials_too(anonymous):
    assert anonymous.put('/api/chats').status_code == 405


def test_head_is_get_without_the_body(user, chat):
    get, head = user.get(f'/api/chats/{chat["id"]}'), user.head(f'/api/chats/{chat["id"]}')
    assert head.status_code == get.status_code == 200
    assert head.content == b''
    assert head.headers['Content-Length'] == get.headers['Content-Length']


def test_an_id_that_is_none_is_not_found(user):
    for id in ('1', 'x' * 36, '%20', nothing() + '0', nothing()[:-1]):
        assert user.get('/api/chats/' + id).status_code == 404, id


def test_a_broken_escape_is_malformed(user):
    assert user.get('/api/chats/%ff').status_code == 400


def test_ids_may_be_upper_case(user, chat):
    assert got(user.get('/api/chats/' + chat['id'].upper()))['id'] == chat['id']


def test_a_sane_request_id_is_kept(user):
    assert user.get('/api/chats', headers={'X-Request-Id': 'a.B-9_z'}).headers['X-Request-Id'] == 'a.B-9_z'


@pytest.mark.parametrize('sent', ['', 'a' * 65, 'a b', 'a"b', '<x>'])
def test_another_request_id_is_replaced(user, sent):
    kept = user.get('/api/chats', headers={'X-Request-Id': sent}).headers['X-Request-Id']
    assert kept != sent and re.fullmatch(r'[A-Za-z0-9._-]{1,64}', kept)


def test_the_time_that_was_spent_is_told(user):
    timing = user.get('/api/chats').headers['Server-Timing']
    assert re.fullmatch(r'db;dur=\d+\.\d+, app;dur=\d+\.\d+', timing)


def test_an_error_under_api_has_a_sentence(user):
    problem = user.get('/api/jobs/' + nothing()).json()
    assert problem['error'] == 'Job not found'
    assert problem['type'] == '/problems/not_found' and problem['title'] == 'Not found'


def test_an_error_under_v1_has_openai_s_object(user):
    error = user.get('/v1/nothing').json()['error']
    assert error['type'] == 'invalid_request_error' and error['code'] == 'not_found' and error['message']


def test_a_body_that_is_not_said_to_be_json_is_refused(user):
    for kind in ('text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', ''):
        reply = user.post('/api/chats', data=b'{}', headers={'Content-Type': kind})
        assert reply.status_code == 415, kind


def test_json_may_say_its_charset(user):
    for kind in ('application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'):
        made(user.post('/api/chats', data=b'{}', headers={'Content-Type': kind}))


def test_a_body_where_none_is_wanted_must_be_an_empty_object(user, chat):
    path = f'/api/chats/{chat["id"]}/read'
    assert user.post(path).status_code == 204
    assert user.post(path, json={}).status_code == 204
    assert user.post(path, json={'x': 1}).status_code == 422


def test_no_body_where_one_is_wanted_is_malformed(user):
    assert user.post('/api/invoke_endpoint').status_code == 400


def test_a_body_over_a_mebibyte_is_too_large(user):
    body = json.dumps({'title': 'x' * (1 << 20)})
    reply = user.post('/api/chats', data=body, headers={'Content-Type': 'application/json'})
    assert reply.status_code == 413
    assert made(user.post('/api/chats', json={'title': 'still served'}))


def test_unknown_parameters_are_refused(user):
    reply = user.get('/api/chats?limt=5')
    assert reply.status_code == 422
    assert reply.json()['errors'] == [{'parameter': 'limt', 'detail': 'is not known here'}]


@pytest.mark.parametrize('query', ['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'limit=01', 'cursor=x',
                                   'agent_id=1', 'cursor=MjAyNi0wMS0zMVQxMjowMDowMFosMQ', 'cursor=', 'limit=', 'agent_id='])
def test_bad_parameters_are_named(user, query):
    reply = user.get('/api/chats?' + query)
    assert reply.status_code == 422
    assert reply.json()['errors'][0]['parameter'] == query.split('=')[0]


@pytest.mark.parametrize('query', ['limit=%', 'limit=%zz', 'x=%00', 'x=%ff', '&'.join(f'a{i}=1' for i in range(40))])
def test_a_query_that_is_none_is_malformed(user, query):
    reply = user.client.get('/api/chats?' + query)
    assert reply.status == 400 and reply.json['type'] == '/problems/malformed'


def test_an_empty_text_counts_as_absent_and_an_empty_number_or_id_is_none(user):
    got(user.get('/api/jobs?kind=&queue=&'))
    assert pointers(user.get('/api/chats?limit=&cursor=&agent_id=')) == {'limit', 'cursor', 'agent_id'}


def test_an_answer_that_nobody_waits_for_harms_nobody(user):
    for _ in range(20):
        connection = user.client.connect()
        connection.request('GET', '/api/chats', headers=user.client.headers())
        connection.sock.close()
    got(user.get('/api/chats'))
