"""offstage-admin: what operators do from a terminal."""

import re
import secrets
import subprocess

import pytest

import stack as stack_module
from things import got, made, nothing

PASSWORD = 'correct horse battery'


@pytest.fixture
def run(stack):
    """run('user', 'list'): its lines. `status` is what it must exit with, then its messages are returned."""

    def call(*words, status=0, given='', **settings):
        environment = {'PATH': '/usr/bin:/bin', 'OFFSTAGE_DATABASE_URL': f'host={stack.run} dbname=offstage user=postgres',
                       'OFFSTAGE_SECRET_KEY_FILE': str(stack.var / 'secret.key'),
                       **{'OFFSTAGE_' + name.upper(): value for name, value in settings.items()}}
        done = subprocess.run([stack_module.build() + '/offstage-admin', *words], env=environment, input=given, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == status, done.stderr
        return done.stdout.splitlines() if status == 0 else done.stderr

    return call


def address():
    return f'{secrets.token_hex(8)}@example.org'


def sign_in(stack, email, password=PASSWORD):
    caller = stack.anonymous()
    caller.reply = caller.post('/api/auth/login', json={'email': email, 'password': password})
    return caller


def test_an_account_gets_a_link_to_set_its_password(run, stack):
    email = address()
    link, = run('user', 'add', email, '--name', 'Ada', '--role', 'admin', public_url='https://chat.example/')
    assert link.startswith('https://chat.example/#reset=')
    body = {'token': link.rpartition('=')[2], 'new_password': PASSWORD}
    assert stack.anonymous().post('/api/auth/reset/confirm', json=body).status_code == 204
    me = got(sign_in(stack, email).get('/api/auth/me'))
    assert me['name'] == 'Ada' and me['role'] == 'admin'


def test_an_account_with_a_password_signs_in(run, stack):
    email = address()
    id, = run('user', 'add', email, '--password-file', '-', given=PASSWORD + '\nnot this\n')
    assert got(sign_in(stack, email).get('/api/auth/me'))['id'] == id
    assert 'there is an account' in run('user', 'add', email.upper(), status=1)
    assert 'at least 8' in run('user', 'add', address(), '--password-file', '-', given='short\n', status=1)


def test_somebody_is_shut_out_and_let_in_again(run, user):
    row, = run('user', 'disable', user.email)
    assert re.search(r'\buser +disabled\b', row) and user.get('/api/auth/me').status_code == 401
    run('user', 'enable', user.email)
    got(user.get('/api/auth/me'))
    run('user', 'role', user.email, 'admin')
    got(user.get('/api/users'))
    assert [line.split()[1] for line in run('user', 'list', user.email)] == [user.email]


def test_an_account_is_ended(run, user):
    run('user', 'delete', user.email)
    assert user.get('/api/auth/me').status_code == 401 and run('user', 'list', user.email) == []
    assert 'not found' in run('user', 'delete', user.email, status=1)


def test_sessions_are_ended(run, user, sign_in):
    session = sign_in(user)
    got(session.get('/api/auth/me'))
    run('user', 'sign-out', user.email)
    assert session.get('/api/auth/me').status_code == 401
    got(user.get('/api/auth/me'))


def test_a_reset_is_printed(run, stack):
    email = address()
    made(stack.anonymous().post('/api/auth/register', json={'email': email, 'password': PASSWORD}))
    link, = run('reset', email)
    body = {'token': link.removeprefix('/#reset='), 'new_password': 'another one'}
    assert stack.anonymous().post('/api/auth/reset/confirm', json=body).status_code == 204
    assert sign_in(stack, email, 'another one').reply.status_code == 200
    assert 'user not found' in run('reset', address(), status=1)


def test_an_invitation_is_printed(run, stack):
    email = address()
    link, = run('invite', email, '--role', 'admin')
    body = {'email': email, 'password': PASSWORD, 'invitation': link.rpartition('=')[2]}
    assert made(stack.anonymous().post('/api/auth/register', json=body))['role'] == 'admin'


def test_keys_are_made_listed_and_revoked(run, stack, user):
    text, = run('key', 'add', user.email, 'nightly', '--scope', 'read', '--days', '30', '--tokens-per-day', '500')
    caller = stack_module.Caller(stack.url, text)
    got(caller.get('/api/chats'))
    assert caller.post('/api/chats', json={}).status_code == 403
    key, = [k for k in got(user.get('/api/keys'))['data'] if k['name'] == 'nightly']
    assert key['tokens_per_day'] == 500 and key['expires_at']
    row, = [line for line in run('key', 'list', user.email) if line.endswith('nightly')]
    run('key', 'revoke', user.email, row.split()[0])
    assert caller.get('/api/chats').status_code == 401
    assert 'not found' in run('key', 'revoke', user.email, nothing(), status=1)


def test_queues_and_workers_are_shown(run, stack):
    lines = run('queue', 'list')
    assert lines[0].split()[:3] == ['queue', 'waiting', 'running'] and any(l.startswith('respond ') for l in lines)
    assert len(run('worker', 'list')) == 1 + len(got(stack.admin.get('/api/admin/workers'))['data'])
    stack.sql("insert into queues (id, name) values (30000, 'spare') on conflict do nothing")
    run('queue', 'pause', 'spare')
    assert any(re.match(r'spare .*paused$', line) for line in run('queue', 'list'))
    run('queue', 'resume', 'spare')
    assert not any(re.match(r'spare .*paused$', line) for line in run('queue', 'list'))
    assert 'queue not found' in run('queue', 'pause', 'nothing', status=1)


def test_what_it_does_is_in_the_audit_log(run, user):
    run('user', 'role', user.email, 'user')
    run('key', 'add', user.email, 'x')
    lines = [line for line in run('audit', '--limit', '200') if 'by the operator' in line]
    assert any('user.changed' in line and user.id in line for line in lines)
    assert any('key.made' in line for line in lines)


def test_it_explains_itself(run):
    helped = '\n'.join(run('--help'))
    for command in ('user add', 'user list', 'reset', 'invite', 'key add', 'queue list', 'worker list', 'audit'):
        assert f'  {command}' in helped
    assert re.fullmatch(r'offstage-admin \d+\.\d+\.\d+', run('--version')[0])
    assert any('OFFSTAGE_SECRET_KEY' in line for line in run('--help-config'))


@pytest.mark.parametrize('words', [[], ['nothing'], ['user'], ['user', 'add'], ['user', 'add', 'a@b.c', 'd'],
                                   ['user', 'list', '--days', '0'], ['key', 'add', 'a@b.c', 'x', '--nothing', '1']])
def test_wrong_usage_is_told_and_changes_nothing(run, stack, words):
    run(*words, status=2)
    assert stack.sql("select 1 from users where email = 'a@b.c'") == []


@pytest.mark.parametrize('words, told', [
    (['user', 'list', '--days', '3'], ['it takes no --days', 'Usage: offstage-admin user list [PART]']),
    (['audit', '--limit', 'x'], ['--limit must be an integer from 1 to 10000']),
    (['audit', '--limit'], ['--limit needs a value']), (['audit', '--limits', '3'], ['there is no option --limits']),
    (['key', 'revoke', 'a@b.c'], ['something is missing', 'Usage: offstage-admin key revoke EMAIL ID']),
])
def test_wrong_usage_is_told_by_name(run, words, told):
    said = run(*words, status=2)
    assert all(part in said for part in told), said


def test_a_command_explains_itself(run):
    helped = run('key', 'add', '--help')
    assert [line.split()[:2] for line in helped if line.startswith('  key')] == [['key', 'add'], ['key', 'list'], ['key', 'revoke']]
    assert run('nonsense', '--help') == run('--help')


def test_without_a_secret_key_no_link_is_made(run, user):
    assert 'key' in run('reset', user.email, status=1, secret_key_file='')
