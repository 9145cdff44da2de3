"""Accounts: making one, signing in and out, changing the password."""

import concurrent.futures
import secrets
import time

import pytest

from stack import wait_for
from things import got, made, pointers

PASSWORD = 'correct horse battery'


def address():
    return f'{secrets.token_hex(8)}@Example.org'


def own(stack):
    """The headers of a browser's own page."""
    return {'Origin': stack.url, 'Sec-Fetch-Site': 'same-origin'}


@pytest.fixture
def account(stack):
    """A new account, signed in by its cookie."""
    caller = stack.anonymous()
    caller.email = address()
    caller.id = made(caller.post('/api/auth/register', json={'email': caller.email, 'password': PASSWORD}))['id']
    caller.headers.update(own(stack))
    return caller


def sign_in(stack, email, password=PASSWORD):
    caller = stack.anonymous()
    caller.reply = caller.post('/api/auth/login', json={'email': email, 'password': password})
    caller.headers.update(own(stack))
    return caller


def test_registering_signs_in(stack):
    caller = stack.anonymous()
    reply = caller.post('/api/auth/register', json={'email': address(), 'password': PASSWORD, 'name': 'Ada'})
    assert made(reply)['name'] == 'Ada' and reply.json()['role'] == 'user'
    cookie = reply.headers['Set-Cookie']
    assert cookie.startswith('session=')
    for part in ('Path=/', 'HttpOnly', 'SameSite=Lax', 'Max-Age='):
        assert part in cookie
    assert 'Domain' not in cookie and 'Secure' not in cookie
    assert got(caller.get('/api/auth/me')) == reply.json()


def test_https_has_the_cookie_that_no_other_host_can_set(start_app):
    app = start_app(public_url='https://chat.example.org/')
    reply = app.call('POST', '/api/auth/register', body={'email': address(), 'password': PASSWORD})
    cookie = reply.headers['Set-Cookie']
    assert cookie.startswith('__Host-session=') and '; Secure' in cookie and 'Path=/;' in cookie
    session = {'Cookie': cookie.split(';')[0], 'Host': 'chat.example.org'}
    assert app.call('GET', '/api/auth/me', session).status == 200
    for origin, status in (('http://chat.example.org', 403), ('https://chat.example.org:444', 403),
                           ('https://chat.example.org', 201)):
        assert app.call('POST', '/api/chats', {**session, 'Origin': origin}, body={}).status == status, origin
    session['Cookie'] = session['Cookie'].removeprefix('__Host-')
    assert app.call('GET', '/api/auth/me', session).status == 401


def test_without_a_name_the_address_gives_one(account):
    assert got(account.get('/api/auth/me'))['name'] == account.email.split('@')[0]


def test_an_address_has_one_account_whatever_its_case(stack, account):
    for email in (account.email, account.email.upper()):
        reply = stack.anonymous().post('/api/auth/register', json={'email': email, 'password': PASSWORD})
        assert reply.status_code == 409
        assert 'Set-Cookie' not in reply.headers


@pytest.mark.parametrize('email', ['', 'x', 'x@', '@x', 'a@b@c', 'a b@c.de', 'a@b\n.de', 'x' * 310 + '@example.org'])
def test_an_address_must_look_like_one(anonymous, email):
    assert pointers(anonymous.post('/api/auth/register', json={'email': email, 'password': PASSWORD})) == {'/email'}


@pytest.mark.parametrize('password', ['', 'seven77', 'x' * 1025])
def test_a_password_has_8_to_1024_characters(anonymous, password):
    assert pointers(anonymous.post('/api/auth/register', json={'email': address(), 'password': password})) == {'/password'}


def test_a_password_counts_as_it_was_sent(stack):
    email, password = address(), '  pass wörd 日本  '
    made(stack.anonymous().post('/api/auth/register', json={'email': email, 'password': password}))
    assert sign_in(stack, email, password).reply.status_code == 200
    assert sign_in(stack, email, password.strip()).reply.status_code == 401


def test_the_database_keeps_neither_password_nor_token(stack, account):
    stored = str(stack.sql('select * from users where id = :\'id\'', id=account.id) +
                 stack.sql('select * from sessions where user_id = :\'id\'', id=account.id))
    assert '$argon2id$' in stored
    assert PASSWORD not in stored and account.cookies['session'] not in stored


def test_signing_in_starts_a_session_of_its_own(stack, account):
    second = sign_in(stack, account.email.upper())
    assert got(second.get('/api/auth/me'))['id'] == account.id
    assert second.cookies['session'] != account.cookies['session']
    got(account.get('/api/auth/me'))


def test_signing_in_again_ends_the_session_that_was_shown(stack, account):
    before = account.cookies['session']
    got(account.post('/api/auth/login', json={'email': account.email, 'password': PASSWORD}))
    assert account.cookies['session'] != before
    stale = stack.anonymous()
    stale.headers['Cookie'] = 'session=' + before
    assert stale.get('/api/auth/me').status_code == 401


def test_a_wrong_password_and_an_unknown_account_answer_alike(stack, account):
    replies = [stack.anonymous().post('/api/auth/login', json={'email': email, 'password': 'wrong password'},
                                      headers={'X-Request-Id': 'same'}) for email in (account.email, address())]
    assert [r.status_code for r in replies] == [401, 401]
    assert replies[0].content == replies[1].content


def test_an_unknown_account_costs_the_same_work(stack, account):
    def seconds(email):
        timings = []
        for _ in range(3):
            reply = sign_in(stack, email, 'wrong password').reply
            timings.append(float(reply.headers['Server-Timing'].rpartition('=')[2]))
        return min(timings)

    known, unknown = seconds(account.email), seconds(address())
    assert 0.4 < known / unknown < 2.5, (known, unknown)


def test_a_disabled_account_cannot_sign_in_and_is_out_at_once(stack, account):
    stack.sql("update users set disabled = true where id = :'id'", id=account.id)
    assert account.get('/api/auth/me').status_code == 401
    assert sign_in(stack, account.email).reply.status_code == 401


def test_signing_out_ends_the_session(stack, account):
    token = account.cookies['session']
    reply = account.post('/api/auth/logout')
    assert reply.status_code == 204 and 'Max-Age=0' in reply.headers['Set-Cookie']
    account.headers['Cookie'] = 'session=' + token
    assert account.get('/api/auth/me').status_code == 401


def test_a_key_does_not_sign_out(user):
    assert user.post('/api/auth/logout').status_code == 409
    got(user.get('/api/auth/me'))


def test_the_name_can_be_changed(account, stack):
    assert got(account.patch('/api/auth/me', json={'name': 'Grace'}))['name'] == 'Grace'
    assert got(account.patch('/api/auth/me', json={}))['name'] == 'Grace'
    assert pointers(account.patch('/api/auth/me', json={'role': 'admin'})) == {'/role'}
    assert got(account.get('/api/auth/me'))['role'] == 'user'
    name = got(stack.admin.get('/api/auth/me'))['name']
    assert got(stack.admin.patch('/api/auth/me', json={'name': name}))['role'] == 'admin'


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(stack, account):
    second, before = sign_in(stack, account.email), account.cookies['session']
    reply = account.post('/api/auth/password', json={'current_password': PASSWORD, 'new_password': 'another one'})
    assert reply.status_code == 204
    assert second.get('/api/auth/me').status_code == 401
    assert account.cookies['session'] != before
    assert len(got(account.get('/api/auth/sessions'))['data']) == 1
    assert sign_in(stack, account.email).reply.status_code == 401
    assert sign_in(stack, account.email, 'another one').reply.status_code == 200


def test_the_password_is_not_changed_without_the_current_one(stack, account):
    second, before = sign_in(stack, account.email), account.cookies['session']
    reply = account.post('/api/auth/password', json={'current_password': 'wrong', 'new_password': 'another one'})
    assert reply.status_code == 403
    assert account.cookies['session'] == before
    got(second.get('/api/auth/me'))
    assert sign_in(stack, account.email).reply.status_code == 200


def test_sessions_are_listed_and_ended(stack, account):
    second = sign_in(stack, account.email)
    sessions = got(account.get('/api/auth/sessions'))['data']
    assert [s['current'] for s in sessions] == [False, True]
    assert sessions[0]['user_agent'].startswith('python-requests') and sessions[0]['address'] == '127.0.0.1'
    assert account.delete(f'/api/auth/sessions/{sessions[0]["id"]}').status_code == 204
    assert second.get('/api/auth/me').status_code == 401
    assert account.delete(f'/api/auth/sessions/{sessions[0]["id"]}').status_code == 404


def test_a_browser_s_name_may_hold_any_bytes(stack, account):
    for name in (b'\xff\xfe', b'x' * 2000, 'ü'.encode() * 400):
        caller = stack.anonymous()
        got(caller.post('/api/auth/login', json={'email': account.email, 'password': PASSWORD},
                        headers={'User-Agent': name}))


def test_other_sites_cannot_sign_a_browser_in(stack, account):
    for headers in ({'Origin': 'https://evil.example'}, {'Sec-Fetch-Site': 'cross-site'}, {'Origin': 'null'}):
        reply = stack.anonymous().post('/api/auth/login', headers=headers,
                                       json={'email': account.email, 'password': PASSWORD})
        assert reply.status_code == 403, headers


def register(app):
    """Register until it is not refused for being too much at once; the role, or None when not let in."""
    while True:
        reply = app.call('POST', '/api/auth/register', body={'email': address(), 'password': PASSWORD})
        if reply.status != 429:
            return reply.json.get('role')


@pytest.mark.parametrize('registration, others', [('open', 'user'), ('closed', None), ('invitation', None)])
def test_of_many_first_accounts_one_is_an_admin_s(start_app, empty_database, registration, others):
    app = start_app(database=empty_database, registration=registration, app_processes=6)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        roles = list(pool.map(lambda _: register(app), range(6)))
    assert sorted(roles, key=str) == sorted(['admin'] + [others] * 5, key=str)
    assert register(app) == others


def test_five_people_who_join_at_one_moment_all_come_in(start_stack):
    stack = start_stack() # its own: others of the tests sign in, too
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda _: stack.anonymous().post(
            '/api/auth/register', json={'email': address(), 'password': PASSWORD}), range(5)))
    assert [r.status_code for r in replies] == [201] * 5


def test_a_flood_of_logins_leaves_processes_for_others(start_stack):
    """More are refused than are hashed at once, and nobody else waits for them."""
    stack = start_stack() # its own: who signs in meanwhile may be refused as well
    user = stack.user()
    stop = time.monotonic() + 3
    replies, calls = [], 0

    def flood(_):
        while time.monotonic() < stop:
            replies.append(stack.anonymous().post('/api/auth/login', json={'email': 'a@b.c', 'password': 'wrong'}))

    with concurrent.futures.ThreadPoolExecutor(17) as pool:
        done = [pool.submit(flood, i) for i in range(16)]
        while time.monotonic() < stop:
            got(user.get('/api/auth/me'))
            calls += 1
        for one in done:
            one.result()
    hashed = [r.status_code for r in replies].count(401)
    assert {r.status_code for r in replies} == {401, 429}
    # One that stood in line with the sixteen would be answered once for sixteen of theirs.
    assert calls > hashed


# ---- how often a password may be tried ----------------------------------------------

def tries(app, email, password='wrong password', address='192.0.2.7', n=1):
    """The statuses of n tries one after the other; what is only too much at this moment is tried again."""
    found = []
    while len(found) < n:
        reply = app.call('POST', '/api/auth/login', body={'email': email, 'password': password}, REMOTE_ADDR=address)
        if reply.status != 429 or 'passwords were tried' in reply.json['detail']:
            found.append(reply.status)
            if reply.status == 429:
                assert 1 <= int(reply.headers['Retry-After']) <= 60
    return found


def test_an_account_is_tried_so_often_from_one_network_and_no_more(start_app, account):
    app = start_app(login_rate=3)
    assert tries(app, account.email, n=6) == [401] * 3 + [429] * 3
    # The right password does not help there, nor does a neighbour's address or another spelling; elsewhere it does.
    assert tries(app, account.email, PASSWORD) == [429]
    assert tries(app, account.email.upper(), PASSWORD, '192.0.2.250') == [429]
    assert tries(app, account.email, PASSWORD, '198.51.100.1') == [200]


def test_an_unknown_account_is_throttled_alike(start_app):
    assert tries(start_app(login_rate=3), address(), n=5) == [401] * 3 + [429] * 2


def test_a_network_of_version_6_is_a_64(start_app, account):
    app = start_app(login_rate=2)
    assert [tries(app, account.email, address=f'2001:db8:1:1::{i}')[0] for i in range(4)] == [401, 401, 429, 429]
    assert tries(app, account.email, address='2001:db8:1:2::1') == [401]


def test_one_network_tries_all_accounts_ten_times_as_often(start_app, stack):
    app, net = start_app(login_rate=1), "key = sha256('net 203.0.113.0')"
    assert tries(app, address(), address='203.0.113.5') == [401]
    row, = stack.sql(f'select until < clock_timestamp() + interval \'6 s\' as cheap from login_tries where {net}')
    assert row['cheap'] == 't' # a tenth of the minute that a try of one account costs
    stack.sql(f"update login_tries set until = clock_timestamp() + interval '90 s' where {net}")
    assert tries(app, address(), address='203.0.113.77') == [429]
    stack.sql(f"update login_tries set until = clock_timestamp() + interval '30 s' where {net}")
    assert tries(app, address(), address='203.0.113.77') == [401]


def test_a_right_password_costs_no_try(start_app, account):
    app = start_app(login_rate=2)
    for _ in range(4):
        assert tries(app, account.email, address='198.51.100.77') == [401]
        assert tries(app, account.email, PASSWORD, '198.51.100.77') == [200]


def test_tries_at_once_are_counted_one_by_one(start_app, account, stack):
    """So many are hashed as there are tries, however many come."""
    app = start_app(login_rate=5, app_processes=8)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: app.call(
            'POST', '/api/auth/login', body={'email': account.email, 'password': 'wrong password'},
            REMOTE_ADDR='198.51.100.9'), range(200)))
    assert {r.status for r in replies} == {401, 429}
    # Those that were let in and then found all hashing slots taken have used up their try as well.
    assert 1 <= sum(r.status == 401 for r in replies) <= 6
    refused = stack.sql("select count(*) as n from audit_entries where detail = :'e'", e=account.email)
    assert int(refused[0]['n']) == sum(r.status == 401 for r in replies)


# ---- leaving ----------------------------------------------------------------------

def leave(caller, password=PASSWORD):
    return caller.delete('/api/auth/me', json={'current_password': password})


def gone(stack, account):
    return stack.sql("select 1 from users where id = :'id'", id=account.id) == []


def test_who_leaves_is_out_at_once_and_leaves_nothing_behind(stack, account):
    second = sign_in(stack, account.email)
    chat = made(account.post('/api/chats', json={'title': 'Plans'}))
    reply = leave(account)
    assert reply.status_code == 204 and 'Max-Age=0' in reply.headers['Set-Cookie']
    assert second.get('/api/auth/me').status_code == 401
    assert sign_in(stack, account.email).reply.status_code == 401
    wait_for(lambda: gone(stack, account), 60, 'the account to go')
    assert stack.sql("select 1 from chats where id = :'id'", id=chat['id']) == []
    made(stack.anonymous().post('/api/auth/register', json={'email': account.email, 'password': PASSWORD}))


def test_nobody_leaves_without_the_password(stack, account, user):
    assert leave(account, 'wrong').status_code == 403
    assert pointers(account.delete('/api/auth/me', json={})) == {'/current_password'}
    assert leave(user).status_code == 403 # there is none
    got(account.get('/api/auth/me'))
    got(user.get('/api/auth/me'))


def test_an_admin_leaves_while_there_is_another(stack, account):
    stack.sql("update users set role = 'admin' where id = :'id'", id=account.id)
    assert leave(account).status_code == 204
    wait_for(lambda: gone(stack, account), 60, 'the account to go')


def test_the_only_admin_stays(start_stack):
    stack = start_stack()
    caller = stack.anonymous()
    caller.email, caller.id = address(), None
    caller.id = made(caller.post('/api/auth/register', json={'email': caller.email, 'password': PASSWORD}))['id']
    caller.headers.update(own(stack))
    stack.sql("update users set role = case when id = :'id' then 'admin' else 'user' end", id=caller.id)
    assert leave(caller).status_code == 409
    assert got(caller.get('/api/auth/me'))['role'] == 'admin'
