"""Who may call what: every route of the table against every kind of caller. A new route adds its row by itself."""

import time

import pytest

import contract
from things import got, made, nothing

ROUTES = contract.routes()
GUARDED = [r for r in ROUTES if r['auth'] not in ('none', 'visitor')] # of the latter see test_chat_with_agent.py
WRITES = [r for r in GUARDED if r['method'] != 'GET']
SCOPES = ['read', 'write', 'admin']


def cells(routes):
    return pytest.mark.parametrize('route', routes, ids=[f"{r['method']} {r['path']}" for r in routes])


@pytest.fixture(scope='module')
def world(stack):
    """Somebody who has one of everything that a path can name."""
    owner = stack.user()
    agent = made(owner.post('/api/agents', json={'name': 'Theirs', 'kind': 'extractive'}))
    source = made(owner.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': 'T', 'content': 'C'}))
    asked = made(owner.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}))
    while got(owner.get(asked['status_url']))['status'] not in ('completed', 'failed'):
        pass
    while got(owner.get(f'/api/sources/{source["id"]}'))['status'] not in ('ready', 'failed'):
        pass
    page, = got(owner.get(f'/api/sources/{source["id"]}/pages'))['data']
    key = made(owner.post('/api/keys', json={'name': 'x'}))
    hook = made(owner.post('/api/webhooks', json={'url': 'https://example.com/'}))
    session, = stack.sql("""
        insert into sessions (id, user_id, token_hash, expires_at, idle_s)
        values (gen_random_uuid(), :'id', sha256(gen_random_uuid()::text::bytea), now() + interval '1 day', 3600)
        returning id""", id=owner.id)
    invitation = made(stack.admin.post('/api/invitations', json={'email': f'{session["id"]}@example.com'}))
    owner.things = {'users': owner.id, 'invitations': invitation['id'], 'agents': agent['id'], 'sources': source['id'],
                    'pages': page['id'], 'crawl': source['id'], 'chats': asked['chat_id'],
                    'messages': asked['message_id'], 'requests': asked['request_id'], 'jobs': source['job_id'],
                    'traces': asked['request_id'], 'webhooks': hook['id'],
                    'keys': key['id'], 'sessions': session['id']}
    return owner


def path_of(route, id):
    return route['path'].replace('{id}', id).replace('{name}', 'nothing')


def theirs(route, world):
    """The route's path with what belongs to somebody else."""
    if '{id}' not in route['path']:
        return path_of(route, '')
    return path_of(route, world.things[route['path'].split('/{id}')[0].rpartition('/')[2]])


def call(caller, route, path, **kw):
    body = {'json': contract.example(route['input'])} if route['input'] else {}
    return caller.request(route['method'], path, **body, **kw)


def state(stack, owner):
    """Everything that a user has, but marks of use."""
    tables = ('users', 'agents', 'sources', 'chats', 'messages', 'requests', 'api_keys', 'sessions', 'all_jobs',
              'traces', 'webhooks', 'pages', 'crawls')
    queries = [f"select '{t}' as t, md5(coalesce(string_agg((to_jsonb(x) - 'last_used_at' - 'last_seen_at')::text, '' order by x.id), '')) "
               f"from {t} x where {'id' if t == 'users' else 'user_id'} = :'id'" for t in tables]
    return stack.sql(' union all '.join(queries) + ' order by t', id=owner.id)


@pytest.fixture
def unharmed(stack, world):
    """What is somebody else's is the same afterwards."""
    before = state(stack, world)
    yield
    assert state(stack, world) == before


def passes(reply):
    """Neither the credentials nor the rights were found wanting."""
    assert reply.status_code not in (401, 403), reply.text


# ---- nobody -----------------------------------------------------------------------

@cells(GUARDED)
def test_anonymous(route, anonymous, world):
    assert call(anonymous, route, theirs(route, world)).status_code == 401


@cells([r for r in ROUTES if r['auth'] == 'none'])
def test_what_is_open_to_all_asks_for_no_credentials(route, anonymous):
    reply = anonymous.request(route['method'], route['path'], data=b'{' if route['input'] else None,
                              headers={'Content-Type': 'application/json'})
    assert reply.status_code == (400 if route['input'] else 200)


@cells(GUARDED)
@pytest.mark.parametrize('header', ['Bearer off_' + 'x' * 43, 'Bearer x', 'Bearer', 'Basic dTpw', 'off_x', 'Bearer a b',
                                    'Bearer ' + 'x' * 1000])
def test_wrong_token(route, header, anonymous, world):
    assert call(anonymous, route, theirs(route, world), headers={'Authorization': header}).status_code == 401


@cells(GUARDED)
def test_wrong_cookie(route, stack, world):
    headers = {'Cookie': 'session=' + 'x' * 43, 'Origin': stack.url}
    assert call(stack.anonymous(), route, theirs(route, world), headers=headers).status_code == 401


# ---- who was somebody once --------------------------------------------------------

@pytest.mark.parametrize('ended', [{'expires_at': 'now()'}, {'last_seen_at': "now() - interval '2 hours'"}],
                         ids=['expired', 'idle'])
def test_ended_session(ended, stack, sign_in, world, unharmed):
    caller = sign_in(world, **ended)
    for route in GUARDED:
        reply = call(caller, route, theirs(route, world), headers={'Origin': stack.url})
        assert reply.status_code == 401, route
    stack.sql("delete from sessions where id = :'id'", id=caller.session_id)


def test_revoked_key(make_key, world, unharmed):
    caller = make_key(world, 'admin')
    assert world.delete(f'/api/keys/{caller.key_id}').status_code == 204
    for route in GUARDED:
        assert call(caller, route, theirs(route, world)).status_code == 401, route


def test_expired_key(make_key, stack, world, unharmed):
    caller = make_key(world, 'admin', expires_at='now()')
    for route in GUARDED:
        assert call(caller, route, theirs(route, world)).status_code == 401, route
    stack.sql("delete from api_keys where id = :'id'", id=caller.key_id)


def test_disabled_user(stack, sign_in):
    user = stack.user()
    session = sign_in(user)
    stack.sql("update users set disabled = true where id = :'id'", id=user.id)
    for route in GUARDED:
        path = path_of(route, nothing())
        assert call(user, route, path).status_code == 401, route
        assert call(session, route, path, headers={'Origin': stack.url}).status_code == 401, route


# ---- who may do less ----------------------------------------------------------------

@cells(GUARDED)
@pytest.mark.parametrize('scope', ['read', 'write'])
def test_key_of_less_scope(route, scope, stack, make_key):
    user = stack.user('admin' if route['auth'] == 'admin' else 'user')
    reply = call(make_key(user, scope), route, path_of(route, nothing()))
    if SCOPES.index(scope) < SCOPES.index(route['scope']):
        assert reply.status_code == 403 and route['scope'] in reply.json()['detail']
    else:
        passes(reply)


def test_reading_needs_no_more_than_a_key_that_reads():
    """But one's own credentials, which such a key has no business with."""
    for route in GUARDED:
        private = '/sessions' in route['path'] or '/keys' in route['path']
        assert private or (route['method'] == 'GET') == (route['scope'] == 'read'), route


@cells([r for r in GUARDED if r['auth'] == 'admin'])
def test_user_on_an_admin_s_route(route, user):
    assert call(user, route, path_of(route, nothing())).status_code == 403


# ---- somebody else ------------------------------------------------------------------

@cells([r for r in GUARDED if '{id}' in r['path'] and r['auth'] == 'user'])
def test_other_user(route, other, world, unharmed):
    assert call(other, route, theirs(route, world)).status_code == 404


@cells([r for r in GUARDED if '{id}' in r['path']])
def test_what_is_somebody_else_s_answers_like_what_is_not_there(route, other, world):
    same = {'X-Request-Id': 'same'}
    replies = [call(other, route, path, headers=same) for path in (theirs(route, world), path_of(route, nothing()))]
    assert replies[0].content == replies[1].content


@cells([r for r in GUARDED if '{id}' in r['path'] and '/jobs/' not in r['path'] and r['auth'] == 'user'])
def test_admin_is_somebody_else_too(route, stack, world, unharmed):
    """Admins have the operation's routes and may list; what users wrote is not theirs to read by id."""
    assert call(stack.admin, route, theirs(route, world)).status_code == 404


@cells([r for r in GUARDED if r['auth'] == 'admin'])
def test_admin(route, stack):
    passes(call(stack.admin, route, path_of(route, nothing())))


# ---- a browser that is led by another site ------------------------------------------

@cells(WRITES)
def test_cookie_without_origin(route, sign_in, world, stack):
    caller = sign_in(world)
    assert call(caller, route, theirs(route, world)).status_code == 403
    stack.sql("delete from sessions where id = :'id'", id=caller.session_id)


FOREIGN = [{'Origin': 'https://evil.example'}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'},
           {'Sec-Fetch-Site': 'same-site'}, {'Sec-Fetch-Site': 'none'}, {'Origin': 'http://127.0.0.1'},
           {'Origin': '', 'Sec-Fetch-Site': ''}]


@pytest.mark.parametrize('headers', FOREIGN, ids=str)
def test_cookie_with_foreign_origin(headers, sign_in, world, stack):
    caller = sign_in(world)
    before = state(stack, world)
    for route in WRITES:
        reply = call(caller, route, theirs(route, world), headers=headers)
        assert reply.status_code == 403, (route, reply.text)
    # Our origin does not help when the browser says that it came from elsewhere.
    if headers.get('Sec-Fetch-Site'):
        reply = caller.post('/api/chats', json={}, headers={**headers, 'Origin': stack.url})
        assert reply.status_code == 403
    assert state(stack, world) == before
    stack.sql("delete from sessions where id = :'id'", id=caller.session_id)


@cells([r for r in WRITES if r['auth'] == 'user'])
def test_cookie_with_own_origin(route, sign_in, user, stack):
    for headers in ({'Origin': stack.url}, {'Sec-Fetch-Site': 'same-origin'}):
        passes_or_password(route, call(sign_in(user), route, path_of(route, nothing()), headers=headers))


def passes_or_password(route, reply):
    if route['operation_id'] in ('changePassword', 'deleteMe'):
        assert 'password' in reply.json()['detail']
    else:
        passes(reply)


@cells([r for r in GUARDED if r['method'] == 'GET' and r['auth'] == 'user'])
def test_cookie_may_read_from_anywhere(route, sign_in, user):
    passes(call(sign_in(user), route, path_of(route, nothing()), headers={'Sec-Fetch-Site': 'cross-site'}))


def test_a_key_beside_a_cookie_counts(sign_in, user, other):
    caller = sign_in(user)
    me = caller.get('/api/auth/me', headers={'Authorization': 'Bearer ' + other.key})
    assert got(me)['id'] == other.id
    assert caller.get('/api/auth/me', headers={'Authorization': 'Bearer wrong'}).status_code == 401


def test_of_two_cookies_with_one_name_none_counts(sign_in, user):
    cookie = sign_in(user).headers['Cookie']
    caller = sign_in(user)
    assert caller.get('/api/auth/me', headers={'Cookie': f'{cookie}; {caller.headers["Cookie"]}'}).status_code == 401


def test_a_forged_forwarded_header_changes_nothing(user, other):
    me = user.get('/api/auth/me', headers={'X-Forwarded-Email': other.email, 'X-Forwarded-User': other.id,
                                           'X-Offstage-User': other.id})
    assert got(me)['id'] == user.id


# ---- who was known a moment ago -----------------------------------------------------

@pytest.mark.parametrize('change, status', [
    ("update users set disabled = true where id = :'user'", {401}),
    ("delete from users where id = :'user'", {401}),
    ("delete from api_keys where id = :'key'", {401}),
    ("update api_keys set expires_at = now() where id = :'key'", {401}),
    ("update api_keys set key_hash = sha256('x' || id::text::bytea) where id = :'key'", {401}),
    ("update api_keys set scope = 'read' where id = :'key'", {200, 403}),
], ids=['disabled', 'deleted', 'revoked', 'expired', 'renewed', 'scope'])
def test_a_change_counts_at_once_in_every_process(change, status, stack, make_key):
    user = stack.user()
    caller = make_key(user, 'write')
    for _ in range(40):
        got(caller.get('/api/chats'))
        got(caller.get('/api/auth/me'))
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive'}))
    chat = made(caller.post('/api/chats', json={}))
    writes = [('/api/chats', {}), (f'/api/chats/{chat["id"]}/messages', {'role': 'user', 'content': 'x'}),
              ('/api/invoke_endpoint', {'agent_id': agent['id'], 'message': 'x'})]
    for path, body in writes:
        assert caller.post(path, json=body).status_code in (201, 202)
    stack.sql(change, user=user.id, key=caller.key_id)
    left = rows_of(stack, user)
    replies = [caller.get('/api/chats') for _ in range(40)]
    replies += [caller.post(path, json=body) for _ in range(20) for path, body in writes]
    assert not any('RateLimit' in reply.headers for reply in replies)
    replies = [reply.status_code for reply in replies]
    assert rows_of(stack, user) == left
    assert set(replies) == status
    if status != {401}:
        assert replies == [200] * 40 + [403] * 60


def rows_of(stack, user):
    row, = stack.sql("""select (select count(*) from chats where user_id = :'id') as chats,
                               (select count(*) from requests where user_id = :'id') as requests,
                               (select count(*) from messages where user_id = :'id') as messages""", id=user.id)
    return row


def test_a_session_that_is_known_ends_at_its_time(stack, user, sign_in):
    caller = sign_in(user, expires_at="now() + interval '1500 ms'")
    ended = time.monotonic() + 1.6
    while time.monotonic() < ended:
        caller.get('/api/chats')
    assert {caller.get('/api/chats').status_code for _ in range(20)} == {401}


def test_an_admin_who_is_one_no_more_is_none_at_once(stack):
    admin = stack.user('admin')
    for _ in range(40):
        got(admin.get('/api/admin/workers'))
        got(admin.get(f'/api/chats?user_id={admin.id}'))
    stack.sql("update users set role = 'user' where id = :'id'", id=admin.id)
    other = stack.user()
    for _ in range(40):
        assert admin.get('/api/admin/workers').status_code == 403
        assert admin.get(f'/api/chats?user_id={other.id}').status_code == 403
