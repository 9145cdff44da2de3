"""What admins do to accounts: roles, shutting out, invitations, and the log of it."""

import base64
import hashlib
import secrets

import pytest

import stack as stack_module
from things import got, made, nothing, pages, pointers

PASSWORD = 'correct horse battery'


def address():
    return f'{secrets.token_hex(8)}@example.org'


def register(caller, email, **more):
    return caller.post('/api/auth/register', json={'email': email, 'password': PASSWORD, **more})


def sign(secret, purpose, id):
    """A token as its description says: the id and a keyed BLAKE2b of purpose and id."""
    key = hashlib.blake2b(b'offstage signed token\0', key=bytes.fromhex(secret), digest_size=32).digest()
    raw = bytes.fromhex(id.replace('-', ''))
    mac = hashlib.blake2b(purpose.encode() + b'\0' + raw, key=key, digest_size=32).digest()
    return base64.urlsafe_b64encode(raw + mac).decode()


@pytest.fixture(scope='module')
def secret(stack):
    return (stack.var / 'secret.key').read_text().strip()


# ---- accounts ---------------------------------------------------------------------

def test_accounts_are_listed_newest_first_and_found_by_a_part_of_address_or_name(stack, user, other):
    listed = [u['id'] for page in pages(stack.admin, '/api/users', 50) for u in page]
    assert listed.index(other.id) < listed.index(user.id) and len(set(listed)) == len(listed)
    found = got(stack.admin.get('/api/users', params={'q': user.email[3:14].upper()}))['data']
    assert [u['id'] for u in found] == [user.id]
    assert found[0] == {**found[0], 'email': user.email, 'role': 'user', 'disabled': False}
    assert 'password' not in str(found)


def test_a_role_counts_at_once(stack, user):
    assert user.get('/api/users').status_code == 403
    assert got(stack.admin.patch(f'/api/users/{user.id}', json={'role': 'admin'}))['role'] == 'admin'
    got(user.get('/api/users'))
    assert got(stack.admin.patch(f'/api/users/{user.id}', json={'role': 'user'}))['role'] == 'user'
    assert user.get('/api/users').status_code == 403


def test_who_is_disabled_is_out_at_once_and_has_to_sign_in_anew_later(stack, user, sign_in):
    session = sign_in(user)
    got(session.get('/api/auth/me'))
    assert got(stack.admin.patch(f'/api/users/{user.id}', json={'disabled': True}))['disabled'] is True
    assert user.get('/api/auth/me').status_code == 401 and session.get('/api/auth/me').status_code == 401
    assert got(stack.admin.patch(f'/api/users/{user.id}', json={'disabled': False}))['disabled'] is False
    got(user.get('/api/auth/me'))
    assert session.get('/api/auth/me').status_code == 401


def test_the_streams_of_who_is_disabled_are_cut(stack, user):
    with user.client.stream('/api/events') as stream:
        assert stream.status == 200
        got(stack.admin.patch(f'/api/users/{user.id}', json={'disabled': True}))
        assert list(stream) == [] # it ends, long before its next ping is due


def test_nobody_takes_their_own_rights(stack):
    for change in ({'role': 'user'}, {'disabled': True}, {'role': 'admin'}):
        assert stack.admin.patch(f'/api/users/{stack.admin.id}', json=change).status_code == 409
    assert stack.admin.patch(f'/api/users/{nothing()}', json={'role': 'user'}).status_code == 404


# ---- invitations ------------------------------------------------------------------

@pytest.fixture
def by_invitation(start_app, secret):
    return start_app(registration='invitation', secret_key=secret)


def join(app, email, token=None):
    body = {'email': email, 'password': PASSWORD, **({'invitation': token} if token else {})}
    return app.call('POST', '/api/auth/register', body=body)


def test_an_invitation_lets_its_address_in_once(stack, by_invitation):
    email = address()
    invitation = made(stack.admin.post('/api/invitations', json={'email': email}))
    assert invitation['role'] == 'user' and invitation['link'].endswith('/#invitation=' + invitation['token'])
    assert join(by_invitation, email).status == 403
    assert join(by_invitation, address(), invitation['token']).status == 422
    assert join(by_invitation, email.upper(), invitation['token']).json['role'] == 'user'
    listed = {i['id']: i for i in got(stack.admin.get('/api/invitations'))['data']}
    assert listed[invitation['id']]['accepted_at'] and 'token' not in listed[invitation['id']]
    stack.sql("delete from users where lower(email) = :'e'", e=email)
    assert join(by_invitation, email, invitation['token']).status == 422


def test_an_invitation_may_be_an_admin_s(stack, by_invitation):
    email = address()
    invitation = made(stack.admin.post('/api/invitations', json={'email': email, 'role': 'admin'}))
    assert join(by_invitation, email, invitation['token']).json['role'] == 'admin'


def test_an_invitation_that_was_taken_back_or_has_ended_lets_nobody_in(stack, by_invitation):
    revoked, ended = (made(stack.admin.post('/api/invitations', json={'email': address()})) for _ in range(2))
    assert stack.admin.delete(f'/api/invitations/{revoked["id"]}').status_code == 204
    stack.sql("update invitations set expires_at = now() where id = :'id'", id=ended['id'])
    for invitation in (revoked, ended):
        assert join(by_invitation, invitation['email'], invitation['token']).status == 422
        assert stack.sql("select 1 from users where email = :'e'", e=invitation['email']) == []


def test_a_token_that_was_not_made_here_is_refused(stack, by_invitation, secret):
    invitation = made(stack.admin.post('/api/invitations', json={'email': address()}))
    token, id = invitation['token'], invitation['id']
    assert sign(secret, 'invitation', id) == token
    changed = token[:-1] + ('A' if token[-1] != 'A' else 'B')
    for wrong in (changed, sign('11' * 32, 'invitation', id), sign(secret, 'reset', id), token + 'A', token[:-1], id, 'x'):
        assert join(by_invitation, invitation['email'], wrong).status == 422, wrong
    assert join(by_invitation, invitation['email'], sign(secret, 'invitation', nothing())).status == 422


def test_closed_is_closed_to_the_invited_too(stack, start_app, secret):
    app = start_app(registration='closed', secret_key=secret)
    invitation = made(stack.admin.post('/api/invitations', json={'email': address()}))
    assert join(app, invitation['email'], invitation['token']).status == 403


def test_who_has_an_account_is_not_invited(stack, user):
    assert stack.admin.post('/api/invitations', json={'email': user.email.upper()}).status_code == 409
    assert pointers(stack.admin.post('/api/invitations', json={'email': 'nobody'})) == {'/email'}


# ---- resets -----------------------------------------------------------------------

@pytest.fixture
def account(stack):
    caller = stack.anonymous()
    caller.email = address()
    caller.id = made(register(caller, caller.email))['id']
    return caller


def offer_reset(stack, user, hours=1):
    id = nothing()
    stack.sql("insert into password_resets (id, user_id, expires_at) "
              "values (:'id', :'user', now() + :hours * interval '1 hour')", id=id, user=user.id, hours=hours)
    return id


def confirm(stack, token, password='another one'):
    return stack.anonymous().post('/api/auth/reset/confirm', json={'token': token, 'new_password': password})


def login(stack, email, password):
    return stack.anonymous().post('/api/auth/login', json={'email': email, 'password': password}).status_code


def test_a_reset_sets_the_password_once_and_ends_all_sessions(stack, account, secret):
    token, spare = (sign(secret, 'reset', offer_reset(stack, account)) for _ in range(2))
    assert confirm(stack, token).status_code == 204
    assert account.get('/api/auth/me').status_code == 401
    assert login(stack, account.email, PASSWORD) == 401 and login(stack, account.email, 'another one') == 200
    for used in (token, spare):
        assert confirm(stack, used, 'a third one').status_code == 422
    assert login(stack, account.email, 'another one') == 200


def test_a_reset_ends_at_its_time_and_with_its_account(stack, account, secret):
    assert confirm(stack, sign(secret, 'reset', offer_reset(stack, account, -1))).status_code == 422
    token = sign(secret, 'reset', offer_reset(stack, account))
    stack.sql("update users set disabled = true where id = :'id'", id=account.id)
    assert confirm(stack, token).status_code == 422
    assert stack.sql("select 1 from password_resets where user_id = :'id'", id=account.id) == []


def test_a_forged_reset_is_refused(stack, account, secret):
    id = offer_reset(stack, account)
    for wrong in (sign('22' * 32, 'reset', id), sign(secret, 'invitation', id), sign(secret, 'reset', nothing()), id):
        assert confirm(stack, wrong).status_code == 422
    assert login(stack, account.email, PASSWORD) == 200


def test_without_a_mail_server_nobody_is_promised_a_mail(stack, account):
    assert stack.anonymous().post('/api/auth/reset', json={'email': account.email}).status_code == 403


# ---- the log ----------------------------------------------------------------------

def entries(stack, **filter):
    return [(e['action'], e['detail'], e['subject_id'])
            for e in got(stack.admin.get('/api/admin/audit', params={'limit': 100, **filter}))['data']]


def test_what_is_done_to_accounts_and_keys_is_in_the_log(stack, account):
    key = made(account.post('/api/keys', json={'name': 'x', 'scope': 'read'}, headers={'Origin': stack.url}))
    assert stack_module.Caller(stack.url, key['key']).post('/api/chats', json={}).status_code == 403
    assert account.delete(f'/api/keys/{key["id"]}', headers={'Origin': stack.url}).status_code == 204
    assert login(stack, account.email, 'wrong password') == 401
    account.post('/api/auth/password', json={'current_password': PASSWORD, 'new_password': 'another one'},
                 headers={'Origin': stack.url})
    account.post('/api/auth/logout', headers={'Origin': stack.url})
    mine = entries(stack, user_id=account.id)
    assert [action for action, _, _ in mine] == ['session.ended', 'password.changed', 'key.revoked', 'access.refused',
                                                 'key.made', 'account.registered']
    assert mine[3][1] == 'POST /api/chats' and mine[4][1:] == ('read', key['id'])
    assert ('session.refused', account.email, None) in entries(stack, action='session.refused')
    stack.admin.patch(f'/api/users/{account.id}', json={'disabled': True})
    assert ('user.changed', 'user, disabled', account.id) in entries(stack, user_id=stack.admin.id)


def test_an_entry_says_from_where_and_under_what(stack, user):
    key = made(user.post('/api/keys', json={'name': 'x'}, headers={'X-Request-Id': 'trace-me'}))
    entry, = got(stack.admin.get('/api/admin/audit', params={'user_id': user.id}))['data']
    assert entry['address'] == '127.0.0.1' and entry['request_id'] == 'trace-me' and entry['email'] == user.email
    assert entry['credential_id'] in {k['id'] for k in got(user.get('/api/keys'))['data']} - {key['id']}


def test_the_log_is_read_page_by_page(stack, user):
    made_keys = [made(user.post('/api/keys', json={'name': 'x'}))['id'] for _ in range(5)]
    listed = [e['subject_id'] for page in pages(stack.admin, f'/api/admin/audit?user_id={user.id}', 2) for e in page]
    assert listed == made_keys[::-1]


@pytest.mark.parametrize('change', ["update audit_entries set action = 'x'", 'delete from audit_entries',
                                    'truncate audit_entries'])
def test_no_program_can_change_the_log(stack, user, change):
    made(user.post('/api/keys', json={'name': 'x'}))
    for role in ('offstage_app', 'offstage_worker', 'offstage_stream'):
        with pytest.raises(RuntimeError, match='permission denied'):
            stack.sql(f"set role {role}; select set_config('app.admin', 'on', false); {change}")
