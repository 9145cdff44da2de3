"""Search over one's chats: by title, and the full text of messages."""

import json
import uuid

from stack import wait_for
from things import got, made, pages, pointers


def add(user, chat, content, role='user'):
    return made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': role, 'content': content}))


def search(user, q, **parameters):
    return got(user.get('/api/search', params={'q': q, **parameters}))['data']


def indexed(stack):
    """Wait until nothing that was said is still to be indexed."""
    wait_for(lambda: stack.sql('select count(*) as n from search_pending')[0]['n'] == '0' and
             stack.sql("select count(*) as n from pg_locks where locktype = 'advisory' and classid = 4")[0]['n'] == '0',
             30, 'the index')


def contents(user, hits):
    return [got(user.get(f'/api/messages/{hit["message_id"]}'))['content'] for hit in hits]


def text(hit):
    return ''.join(piece['text'] for piece in hit['snippet'])


def test_words_are_found_in_any_of_their_forms(user, chat, stack):
    said = add(user, chat, 'The curtain rises over three painted stages.')
    add(user, chat, 'Something else.')
    indexed(stack)
    hit, = search(user, 'stage painting')
    assert (hit['message_id'], hit['chat_id'], hit['chat_title'], hit['role']) == \
        (said['id'], chat['id'], chat['title'], 'user')
    assert [p['text'] for p in hit['snippet'] if p['match']] == ['painted', 'stages']
    assert 'curtain rises over three painted stages' in text(hit)


def test_a_better_match_comes_first(user, chat, stack):
    add(user, chat, 'A walrus, then very much about other animals of the far north, and at last a harpoon.')
    add(user, chat, 'walrus harpoon')
    add(user, chat, 'walrus')
    indexed(stack)
    hits = search(user, 'walrus harpoon')
    assert contents(user, hits)[0] == 'walrus harpoon' and hits[0]['score'] > hits[1]['score'] and len(hits) == 2
    assert len(search(user, 'walrus', limit=2)) == 2


def test_phrases_alternatives_and_exclusions(user, chat, stack):
    for content in ('red green blue', 'green red', 'blue yellow'):
        add(user, chat, content)
    indexed(stack)
    assert contents(user, search(user, '"red green"')) == ['red green blue']
    assert sorted(contents(user, search(user, 'yellow or red'))) == ['blue yellow', 'green red', 'red green blue']
    assert contents(user, search(user, 'blue -yellow')) == ['red green blue']
    for nothing in ('the', '-red', '"', '&|!', 'red -red'):
        assert search(user, nothing) == []
    assert pointers(user.get('/api/search')) == {'q'}
    assert pointers(user.get('/api/search', params={'q': 'x' * 501})) == {'q'}


def test_nobody_finds_what_others_said(user, other, chat, stack):
    word = 'w' + uuid.uuid4().hex
    add(user, chat, word)
    indexed(stack)
    assert len(search(user, word)) == 1
    assert search(other, word) == [] and search(stack.admin, word) == []


def test_an_answer_is_found_and_what_is_deleted_is_not(user, agent, stack):
    word = 'w' + uuid.uuid4().hex
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': word}))
    wait_for(lambda: search(user, word), 30, 'it to be found')
    path = f'/api/chats/{asked["chat_id"]}'
    assert user.delete(path).status_code == 204
    assert search(user, word) == []
    got(user.post(path + '/restore'))
    assert len(search(user, word)) >= 1
    user.delete(path + '?forever=true')
    assert search(user, word) == []


def test_what_is_deleted_leaves_the_index(user, chat, stack):
    said, kept = add(user, chat, 'ephemeral'), add(user, chat, 'lasting')
    indexed(stack)
    words = "select message_id from message_words where chat_id = :'id' order by message_id"
    assert [w['message_id'] for w in stack.sql(words, id=chat['id'])] == [said['id'], kept['id']]
    assert user.delete(f'/api/messages/{said["id"]}').status_code == 204
    assert [w['message_id'] for w in stack.sql(words, id=chat['id'])] == [kept['id']]
    stack.sql("delete from chats where id = :'id'", id=chat['id'])
    assert stack.sql(words, id=chat['id']) == []
    assert stack.sql("select 1 from chat_words where chat_id = :'id'", id=chat['id']) == []


def test_a_text_cannot_forge_a_match(user, chat, stack):
    add(user, chat, 'a \x01forged\x02 zebra')
    indexed(stack)
    hit, = search(user, 'zebra')
    assert [p['text'] for p in hit['snippet'] if p['match']] == ['zebra'] and 'forged zebra' in text(hit)


def test_a_long_text_does_no_harm(user, chat, stack):
    add(user, chat, 'x' * 200000)
    add(user, chat, ' '.join(str(n) for n in range(30000)))
    add(user, chat, 'giraffe')
    indexed(stack)
    assert len(search(user, 'giraffe')) == 1 and len(search(user, '9000')) == 1


# ---- titles -------------------------------------------------------------------------

def titles(user, **parameters):
    return [c['title'] for c in got(user.get('/api/chats', params=parameters))['data']]


def test_chats_are_found_by_how_words_of_their_titles_begin(user, agent, stack):
    for title in ('Plans for May', 'Plants in winter', 'Maybe'):
        made(user.post('/api/chats', json={'title': title}))
    mine = made(user.post('/api/chats', json={'title': 'May again', 'agent_id': agent['id']}))
    indexed(stack)
    assert titles(user, q='PLAN') == ['Plants in winter', 'Plans for May']
    assert titles(user, q='ma pla') == ['Plans for May']
    assert titles(user, q='may') == ['May again', 'Maybe', 'Plans for May']
    assert titles(user, q='may', agent_id=agent['id']) == ['May again']
    assert titles(user, q='inter') == titles(user, q='!') == []
    got(user.patch(f'/api/chats/{mine["id"]}', json={'title': 'June', 'archived': True}))
    indexed(stack)
    assert titles(user, q='may') == ['Maybe', 'Plans for May'] and titles(user, q='june', archived='true') == ['June']


def test_titles_of_others_are_for_admins(user, other, chat, stack):
    indexed(stack)
    assert titles(user, q='chat') == ['A chat'] and titles(other, q='chat') == []
    assert titles(stack.admin, q='chat', user_id=user.id) == ['A chat']


def test_a_list_by_title_has_pages_whether_few_or_many_match(user, stack):
    for count in (7, 1200):
        stack.sql("""
            with made as (
                insert into chats (id, user_id, title, active_at)
                select gen_random_uuid(), :'user', 'Matching ' || n, now() - n * interval '1 s'
                  from generate_series(1, :count) n
                returning id, user_id)
            insert into search_pending (user_id, chat_id) select user_id, id from made""", user=user.id, count=count)
        indexed(stack)
        found = [chat['title'] for page in pages(user, '/api/chats?q=match', 100) for chat in page]
        assert str(len(found)) == stack.sql("select count(*) as n from chats where user_id = :'id'", id=user.id)[0]['n']


# ---- cost, in PostgreSQL's blocks, which do not depend on how busy the machine is ---------

def fill(stack, user, words, count):
    """`count` messages of a user, indexed; every 1,000th says the second word beside the first."""
    stack.sql("""
        with chat as (insert into chats (id, user_id, title) values (gen_random_uuid(), :'user', 'Full') returning id),
             said as (insert into messages (id, user_id, chat_id, parent_id, role, content, created_at)
                      select gen_random_uuid(), :'user', chat.id, chat.id, 'user',
                             :'common' || case when n % 1000 = 0 then ' ' || :'rare' else '' end,
                             now() + n * interval '1 ms'
                        from chat, generate_series(1, :count) n)
        insert into search_pending (user_id, chat_id) select :'user', id from chat""",
              user=user.id, common=words[0], rare=words[1], count=count)
    indexed(stack)


def blocks(stack, user, q):
    """Blocks that a search touches, those of its functions too."""
    plan = stack.sql(f"""
        set role offstage_app;
        begin read only;
        \\o /dev/null
        select set_config('app.user_id', '{user.id}', true);
        select * from search_messages('{q}', 20);
        \\o
        explain (analyze, buffers, format json) select * from search_messages('{q}', 20);""")
    top = json.loads(plan[0]['QUERY PLAN'])[0]['Plan']
    return top['Shared Hit Blocks'] + top['Shared Read Blocks']


def test_a_search_costs_the_same_whatever_others_have_said(user, other, stack):
    fill(stack, user, ('ostrich', 'tapir'), 1000)
    before = {q: blocks(stack, user, q) for q in ('tapir', 'ostrich')}
    fill(stack, other, ('ostrich', 'tapir'), 20000)
    for q, cost in before.items():
        assert blocks(stack, user, q) <= cost * 1.2 + 10


def test_a_search_for_what_one_says_always_reads_the_newest_only(other, stack):
    fill(stack, other, ('pelican', 'okapi'), 4000)
    few = blocks(stack, other, 'pelican')
    fill(stack, other, ('pelican', 'okapi'), 20000)
    assert blocks(stack, other, 'pelican') <= few * 2
    # Of one bucket or two, which have 1,024 messages each: a block for each match of all would be ten times as many.
    assert blocks(stack, other, 'pelican') <= 2 * 1024


def test_a_search_for_what_one_said_once_passes_over_all_the_rest(other, stack):
    fill(stack, other, ('quokka', 'numbat'), 1)
    once = blocks(stack, other, 'quokka')
    fill(stack, other, ('pelican', 'okapi'), 40000)
    for q in ('quokka', 'quokka pelican', 'quokka or numbat'):
        assert len(search(other, q)) == (q != 'quokka pelican')
        assert blocks(stack, other, q) <= once * 2


def test_words_of_different_times_are_found_together(other, chat, stack):
    """In the newest messages, which are looked at first, and long before."""
    fill(stack, other, ('quokka', 'numbat'), 3)
    fill(stack, other, ('pelican', 'okapi'), 9000)
    fill(stack, other, ('quokka', 'numbat'), 2)
    assert len(search(other, 'quokka', limit=100)) == 5
    assert len(search(other, 'numbat or okapi', limit=100)) == 9
    assert len(search(other, 'pelican okapi', limit=100)) == 9
    assert search(other, 'quokka pelican') == []
