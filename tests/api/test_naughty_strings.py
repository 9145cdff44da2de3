"""Texts that break programs: each is kept as it was sent, found again, and means nothing anywhere."""

import urllib.parse

import pytest

from stack import wait_for
from things import final, got, made

# One or some of each kind of trouble; a new kind belongs here.
KINDS = {
    'spaces': [' ', '\t', ' x ', '\u00a0', '\u3000', '\u200b', '\u2060', '\ufeff'],
    'ends of lines': ['a\nb', 'a\r\nb', 'a\rb', 'a\u2028b', 'a\u2029b', 'a\x0bb\x0cb', '\n'],
    'control characters': [''.join(map(chr, range(1, 32))), '\x7f', ''.join(map(chr, range(0x80, 0xa0))), '\x1b[31mred\x1b[0m'],
    'words that are values elsewhere': ['null', 'NULL', 'undefined', 'None', 'NaN', 'true', 'on', 'infinity', '-infinity', 'now',
                                        'default', '[object Object]'],
    'numbers': ['0', '-0', '1e400', '0x1F', '08', '1,000.5', '9' * 60, '1_000', '١٢٣', '½', '\u2469'],
    'quotes': ["'", '"', "''", '""', '`', '\\', "\\'", '\\\\', "O'Brien", '«x»', "'\"\\`"],
    'SQL': ["'; drop table users; --", "' or 1=1 --", '$1', '$$', "$a$'$a$", ":'id'", 'E\'\\x41\'', '%', '_', '%_%', '/*', '??', '@>'],
    'HTML': ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '&lt;b&gt;', '&#0;', '<!--',
             ']]>', '</textarea>', '<svg/onload=alert(1)>'],
    'Markdown': ['[x](javascript:alert(1))', '```', '![a](data:text/html,x)', '# a', '| a |\n|---|', '- [ ] x', '<u>x'],
    'shells and formats': ['$(touch x)', '`id`', '; id', '| id', '&& id', '%s%n%d', '%00', '%2e%2e%2f', '{0}', '~root', '-rf', '--help'],
    'templates': ['{{7*7}}', '${7*7}', '<%= 7*7 %>', '#{7*7}', '${jndi:ldap://127.0.0.1/x}', '__proto__', 'constructor'],
    'JSON': ['{"a": 1}', '[]', '\\u0000', '\\ud800', '{"role": "system"}', 'data: [DONE]\n\n', 'event: x\ndata: y\n\n'],
    'headers': ['x\r\nSet-Cookie: a=b', 'x: y', 'chunked', 'a; filename="../b"'],
    'paths and addresses': ['../../etc/passwd', 'C:\\con', 'file:///etc/passwd', 'http://127.0.0.1/', '//x', 'nul.txt', '/dev/null'],
    'tables': ['=1+1', '@SUM(A1)', '+1', '-1', '\t=1'],
    'patterns': ['(a+)+$', '[', '*', '(?i)', 'a{1,99999}', '\\d', '^$'],
    'questions to the search': ['&', '!', '|', '<->', 'a:*', '!!', '"unterminated', '"" ""', '-', '- -', 'or', 'or or', '-"', 'a & | b', ':'],
    'directions': ['\u202egnp.exe', 'שלום', 'مرحبا abc', '\u2066a\u2069', '\u200fa'],
    'joined characters': ['e\u0301', 'é', 'a' + '\u0316\u0301\u035c' * 30, '👩‍👩‍👧‍👦', '🇩🇪', '☺\ufe0f', 'क्षि', '각', '각'],
    'case and likeness': ['İıſßẞ', 'ﬃ', 'ΑΒΣς', 'раураl', 'Ⅷ', 'ｆｕｌｌ', 'Å', 'Å', 'µμ'],
    'ends of planes': ['\ufffd', '\ufffe', '\uffff', '\U0001fffe', '\U0010ffff', '\ue000', '\U000e0041', '\U0001d7d8', '\ud7ff'],
    'lengths': ['a', 'a' * 200, '日' * 200, '🙂' * 200],
}
TEXTS = [text for texts in KINDS.values() for text in texts]
LONG = {'a word': 'a' * 150000, 'words': ' '.join(f'w{i}' for i in range(20000)), 'one character': '\u0301' * 60000,
        'quotes': '"' * 190000, 'brackets': '[' * 190000, 'newlines': '\n' * 190000}


def contents(user, chat):
    messages, cursor = [], ''
    while cursor is not None:
        page = got(user.get(f'/api/chats/{chat}/messages', params={'limit': 100, **({'cursor': cursor} if cursor else {})}))
        messages, cursor = page['data'] + messages, page['next_cursor']
    return sorted(m['content'] for m in messages)


def test_messages_come_back_as_they_were_sent(user, chat):
    for text in TEXTS:
        made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': 'user', 'content': text}))
    assert contents(user, chat['id']) == sorted(TEXTS)
    file = got(user.get(f'/api/chats/{chat["id"]}/export', params={'format': 'json'}))
    assert sorted(m['content'] for m in file['chats'][0]['messages']) == sorted(TEXTS)
    assert user.get(f'/api/chats/{chat["id"]}/export', params={'format': 'markdown'}).status_code == 200


@pytest.mark.parametrize('kind', LONG)
def test_long_ones_are_kept_and_looked_for(user, chat, kind):
    made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': 'user', 'content': 'needle ' + LONG[kind]}))
    assert contents(user, chat['id']) == ['needle ' + LONG[kind]]
    wait_for(lambda: got(user.get('/api/search', params={'q': 'needle'}))['data'], 60, 'the index')


def test_names_come_back_as_they_were_sent(user):
    agents, titles = {}, {}
    for text in TEXTS:
        agent = made(user.post('/api/agents', json={'name': text, 'kind': 'extractive', 'instructions': text, 'starter_questions': [text]}))
        agents[agent['id']] = text
        assert (agent['name'], agent['instructions'], agent['starter_questions']) == (text, text, [text])
        titles[made(user.post('/api/chats', json={'title': text}))['id']] = text
    for id, text in titles.items():
        assert got(user.get(f'/api/chats/{id}'))['title'] == text
    assert got(user.patch('/api/auth/me', json={'name': TEXTS[-1]}))['name'] == TEXTS[-1]


def test_any_of_them_may_be_looked_for(user, chat):
    """A question is never a fault, and finds nobody else's words."""
    made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': 'user', 'content': 'the curtain'}))
    wait_for(lambda: got(user.get('/api/search', params={'q': 'curtain'}))['data'], 30, 'the index')
    for text in TEXTS:
        for path in ('/api/search', '/api/chats'):
            reply = user.get(path, params={'q': text})
            assert reply.status_code in (200, 422), (text, reply.text)
            if reply.status_code == 200 and path == '/api/search':
                assert {row['chat_id'] for row in reply.json()['data']} <= {chat['id']}


def test_agents_are_asked_any_of_them(user, agent):
    ids = [made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': text}))['request_id'] for text in TEXTS]
    ends = {text: final(user, id, 120) for text, id in zip(TEXTS, ids)}
    for text, request in ends.items():
        assert (request['status'], request['user_message']) == ('completed', text)


def test_in_paths_and_parameters_they_lead_nowhere(user):
    for text in TEXTS:
        quoted = urllib.parse.quote(text, safe='')
        for path in (f'/api/chats/{quoted}', f'/api/traces/{quoted}', f'/api/jobs/{quoted}', f'/api/{quoted}'):
            assert user.get(path).status_code in (400, 404), path
        for name in ('limit', 'cursor', 'agent_id', 'archived'):
            assert user.get('/api/chats', params={name: text}).status_code in (200, 400, 422), (name, text)
        assert user.get('/api/chats', params={text: 'x'}).status_code in (400, 422), text


def test_as_keys_and_ids_of_requests_they_are_kept_or_refused(user):
    for text in TEXTS:
        try:
            text.encode('latin-1')
        except UnicodeEncodeError:
            continue
        if any(c in text for c in '\r\n') or text != text.strip() or not text.isprintable():
            continue # such a header cannot be sent
        reply = user.post('/api/chats', json={}, headers={'Idempotency-Key': text, 'X-Request-Id': text})
        assert reply.status_code in (201, 400, 422), (text, reply.text)
        assert reply.headers['X-Request-Id'].isascii()
