"""Bodies that mean harm: refused with the place named, and nothing changed."""

import json

import pytest

import contract
from things import got, nothing, pointers

INPUTS = {r['input']: r for r in contract.routes() if r['input']}

MALFORMED = {
    'empty': b'',
    'space': b'   ',
    'no json': b'title=x',
    'cut': b'{"title": "x"',
    'more after it': b'{} {}',
    'array': b'[]',
    'text': b'"x"',
    'number': b'1',
    'null': b'null',
    'NUL byte': b'{"title": "a\x00b"}',
    'NUL after it': b'{"title": "x"}\x00',
    'NUL escape in a value': b'{"title": "a\\u0000b"}',
    'NUL escape in a key': b'{"title": "good", "title\\u0000x": "evil"}',
    'duplicate key': b'{"title": "a", "title": "b"}',
    'duplicate key, spelled otherwise': b'{"title": "a", "t\\u0069tle": "b"}',
    'invalid UTF-8': b'{"title": "\xff"}',
    'overlong UTF-8': b'{"title": "\xc0\xaf"}',
    'surrogate in UTF-8': b'{"title": "\xed\xa0\x80"}',
    'unpaired surrogate': b'{"title": "\\ud800"}',
    'raw control character': b'{"title": "a\nb"}',
    'byte order mark': b'\xef\xbb\xbf{"title": "x"}',
    'UTF-16': '{"title": "x"}'.encode('utf-16'),
    'NaN': b'{"title": NaN}',
    'infinity': b'{"title": -Infinity}',
    'number out of range': b'{"title": 1e400}',
    'leading zero': b'{"title": 01}',
    'single quotes': b"{'title': 'x'}",
    'comment': b'{"title": "x" /* y */}',
    'trailing comma': b'{"title": "x",}',
    '100,000 arrays': b'[' * 100000,
    '100,000 arrays, closed': b'{"title": ' + b'[' * 100000 + b']' * 100000 + b'}',
    '100,000 objects': b'{"a":' * 100000,
    '10,000 members': b'{' + b','.join(b'"k%d":1' % i for i in range(10000)) + b'}',
    'a long number': b'{"title": ' + b'9' * 100000 + b'}',
}

JSON = {'Content-Type': 'application/json'}


def caller_of(route, user, stack):
    return stack.admin if route['auth'] == 'admin' else user


@pytest.mark.parametrize('body', MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_proper_json_is_malformed_and_changes_nothing(user, body):
    reply = user.post('/api/chats', data=body, headers=JSON)
    assert reply.status_code == 400, reply.text
    assert reply.json()['type'] == '/problems/malformed'
    assert got(user.get('/api/chats'))['data'] == []


@pytest.mark.parametrize('name', ['NUL escape in a key', 'invalid UTF-8', 'unpaired surrogate', 'duplicate key'])
def test_the_place_is_named(user, name):
    detail = user.post('/api/chats', data=MALFORMED[name], headers=JSON).json()['detail']
    assert '/title' in detail or 'byte' in detail, detail


@pytest.mark.parametrize('name', INPUTS)
def test_every_route_that_takes_a_body_checks_it(user, stack, name):
    route = INPUTS[name]
    user = caller_of(route, user, stack)
    path = route['path'].replace('{id}', nothing())
    kinds = ['NUL byte', 'duplicate key', '100,000 arrays', 'invalid UTF-8']
    for kind in kinds + ['array'] * (contract.SCHEMAS[name]['type'] == 'object'):
        reply = user.request(route['method'], path, data=MALFORMED[kind], headers=JSON)
        # A change looks its object up first, so that others' do not even show what is wrong with the body.
        assert reply.status_code in ({400, 404} if '{id}' in route['path'] else {400}), (kind, reply.text)


def wrong_values(schema):
    schema = contract.resolve(schema)
    types = schema.get('type', [])
    types = {types} if isinstance(types, str) else set(types)
    candidates = {'string': 'x' * 300000, 'integer': 10 ** 15, 'number': 1.5e300, 'boolean': True, 'array': [[]], 'object': {'a': {}}}
    for kind, value in candidates.items():
        if kind in types and kind in ('boolean', 'array', 'object'):
            continue
        if kind == 'string' and 'string' in types and schema.get('maxLength', 0) > len(value):
            continue
        yield value
    yield from ([-(2 ** 62), 2 ** 63, 2 ** 64 - 1] if 'integer' in types else [])


@pytest.mark.parametrize('name', [n for n in INPUTS if '{id}' not in INPUTS[n]['path']])
def test_wrong_types_and_huge_values_are_named_by_their_pointer(user, stack, name):
    route, schema = INPUTS[name], contract.SCHEMAS[name]
    user = caller_of(route, user, stack)
    for member, kind in schema['properties'].items():
        for value in wrong_values(kind):
            body = {**contract.example(name), member: value}
            reply = user.request(route['method'], route['path'], json=body)
            assert any(p.startswith('/' + member) for p in pointers(reply)), (member, str(value)[:50], reply.text)


@pytest.mark.parametrize('name', [n for n in INPUTS if '{id}' not in INPUTS[n]['path']])
def test_unknown_members_are_refused(user, stack, name):
    route = INPUTS[name]
    user = caller_of(route, user, stack)
    body = {**contract.example(name), 'unknown~/é': 1}
    assert pointers(user.request(route['method'], route['path'], json=body)) >= {'/unknown~0~1é'}


def test_a_body_of_a_mebibyte_of_members_is_refused_in_time(user):
    body = json.dumps({f'k{i}': i for i in range(60000)}).encode()
    reply = user.post('/api/chats', data=body, headers=JSON)
    assert reply.status_code == 400 and reply.elapsed.total_seconds() < 5
