"""What is mailed: links to set a password, and invitations."""

import re
import secrets

import pytest

from fakes.smtp import Smtp
from stack import Stack, wait_for
from things import made, nothing

PASSWORD = 'correct horse battery'
SITE = 'https://chat.example'


@pytest.fixture(scope='module')
def smtp():
    server = Smtp()
    yield server
    server.stop()


@pytest.fixture(scope='module')
def mailing(smtp):
    """An instance that sends mail."""
    stack = Stack.start(smtp_url=smtp.url, mail_from='offstage@chat.example', public_url=SITE + '/')
    yield stack
    stack.stop()


def address(name=None):
    return f'{name or secrets.token_hex(8)}@{secrets.token_hex(4)}.example'


def ask(stack, email):
    return stack.anonymous().post('/api/auth/reset', json={'email': email})


def mails_to(smtp, email):
    return [m for m in smtp.mails if m.recipients == [email]]


def arrived(smtp, email, n=1):
    return wait_for(lambda: mails_to(smtp, email)[n - 1:], 30, f'a mail to {email}')[0]


def no_mail_waits(stack):
    return stack.sql("select 1 from jobs where kind = 'mail'") == []


def token_in(mail, purpose):
    found = re.findall(r'^(\S+)/#' + purpose + r'=(\S+)\r?$', mail.message.get_content(), re.M)
    assert [site for site, _ in found] == [SITE], mail.data
    return found[0][1]


def register(stack, email, **more):
    return stack.anonymous().post('/api/auth/register', json={'email': email, 'password': PASSWORD, **more})


def test_who_forgot_the_password_is_mailed_a_link_that_works_once(mailing, smtp):
    email = address()
    made(register(mailing, email))
    assert ask(mailing, email).status_code == 204
    mail = arrived(smtp, email)
    assert mail.sender == 'offstage@chat.example' and mail.message['To'] == email
    assert mail.message['Subject'] and mail.message['Date'] and mail.message['Message-ID'].endswith('@chat.example>')
    body = {'token': token_in(mail, 'reset'), 'new_password': 'another one'}
    assert mailing.anonymous().post('/api/auth/reset/confirm', json=body).status_code == 204
    assert mailing.anonymous().post('/api/auth/reset/confirm', json=body).status_code == 422
    login = mailing.anonymous().post('/api/auth/login', json={'email': email, 'password': 'another one'})
    assert login.status_code == 200


def test_an_unknown_address_answers_alike_and_is_mailed_nothing(mailing, smtp):
    known, unknown = address(), address()
    made(register(mailing, known))
    replies = [ask(mailing, email) for email in (known, unknown)]
    assert [(r.status_code, r.content) for r in replies] == [(204, b'')] * 2
    arrived(smtp, known)
    wait_for(lambda: no_mail_waits(mailing), 30, 'all mail to be sent')
    assert mails_to(smtp, unknown) == []


def test_who_is_shut_out_is_mailed_nothing(mailing, smtp):
    email = address()
    id = made(register(mailing, email))['id']
    mailing.sql("update users set disabled = true where id = :'id'", id=id)
    assert ask(mailing, email).status_code == 204
    wait_for(lambda: no_mail_waits(mailing), 30, 'all mail to be sent')
    assert mails_to(smtp, email) == []


def test_nobody_is_mailed_again_and_again(mailing, smtp):
    email = address()
    made(register(mailing, email))
    assert [ask(mailing, email).status_code for _ in range(5)] == [204] + [429] * 4
    arrived(smtp, email)
    wait_for(lambda: no_mail_waits(mailing), 30, 'all mail to be sent')
    assert len(mails_to(smtp, email)) == 1


def test_an_invitation_is_mailed(mailing, smtp):
    email = address()
    invitation = made(mailing.admin.post('/api/invitations', json={'email': email}))
    token = token_in(arrived(smtp, email), 'invitation')
    assert token == invitation['token'] and invitation['link'] == f'{SITE}/#invitation={token}'
    assert made(register(mailing, email, invitation=token))['email'] == email


def test_a_server_that_is_busy_is_asked_again(mailing, smtp):
    email = address('later')
    made(mailing.admin.post('/api/invitations', json={'email': email}))
    arrived(smtp, email)
    assert len(mails_to(smtp, email)) == 1


def test_the_database_holds_no_link(mailing, smtp):
    email = address()
    made(register(mailing, email))
    ask(mailing, email)
    token = token_in(arrived(smtp, email), 'reset')
    dump = str([mailing.sql(f'select * from {table}') for table in
                ('password_resets', 'invitations', 'jobs', 'jobs_done', 'audit_entries', 'login_tries')])
    assert nothing() not in dump and token not in dump and token[22:] not in dump
    assert token not in mailing.log('app') + mailing.log('worker')
