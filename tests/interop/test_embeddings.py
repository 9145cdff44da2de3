"""A real model of embeddings: what is asked in other words than the sources use is found better with it."""

import select
import subprocess

import pytest

import packages
from stack import wait_for

START_S = 60

# A text, and a question about it in other words.
FACTS = [
    ('Employees may carry over at most five days of vacation into the next year.',
     'How much unused holiday can staff keep for the following year?'),
    ('Invoices are payable within thirty days of receipt.', 'By when do I have to settle a bill?'),
    ('The office is closed on public holidays and between Christmas and New Year.', 'On which dates is nobody at work?'),
    ('Passwords must be changed every ninety days and have twelve characters.', 'How long does my login secret have to be?'),
    ('Broken laptops are replaced by the help desk on the second floor.', 'Where do I go when my computer stops working?'),
    ('Travel by train is reimbursed in second class.', 'What do I get back for rail trips?'),
    ('Smoking is allowed on the roof terrace only.', 'Where can I have a cigarette?'),
    ('The canteen serves vegetarian dishes every day.', 'Is there lunch without meat?'),
    ('Visitors sign in at the reception and wear a badge.', 'What must a guest do on arrival?'),
    ('The fire alarm is tested on the first Monday of each month.', 'When do the sirens ring without an emergency?'),
    ('Bicycles are parked in the basement of the north building.', 'Where can I leave my bike?'),
    ('New colleagues are given a mentor for their first three months.', 'Who helps people that have just joined?'),
    ('Illness of more than three days requires a certificate of a doctor.', 'When do I need a note from a physician?'),
    ('Salaries are paid on the twenty-fifth of the month.', 'On what day does my wage arrive?'),
    ('Training courses need the approval of the head of department.', 'Who must agree before I attend a class?'),
    ('Parcels for the staff are kept in the mail room for a week.', 'How long are packages stored?'),
    ('Overtime is balanced by time off within six months.', 'What do I get for working longer hours?'),
    ('The heating is switched off from May to September.', 'In which months are the radiators cold?'),
    ('Dogs may be brought to the office when nobody in the room objects.', 'Are pets permitted?'),
    ('Printers are ordered from the purchasing department.', 'Who buys office equipment?'),
    ('Parents may work part-time until their child is eight.', 'Can mothers and fathers reduce their hours?'),
    ('The elevator must not be used in case of fire.', 'Can I take the lift when it burns?'),
    ('Meeting rooms are booked in the calendar.', 'How do I reserve a place for a conference?'),
    ('Old paper files are shredded after ten years.', 'How long do we keep documents?'),
]


@pytest.fixture(scope='module')
def embedder(tmp_path_factory):
    with open(tmp_path_factory.mktemp('embedder') / 'log', 'wb') as errors:
        process = subprocess.Popen([packages.embedding_python(), packages.HERE / 'serve_embeddings.py'], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    url = process.stdout.readline().strip() if ready else None
    assert url, 'the model does not start'
    yield url
    process.stdin.close()
    process.wait(30)


def make_agent(user, **members):
    reply = user.post('/api/agents', json={'name': 'handbook', 'kind': 'extractive', **members})
    assert reply.status_code == 201, reply.text
    agent = reply.json()['id']
    for text, _ in FACTS:
        source = user.post(f'/api/agents/{agent}/sources', json={'type': 'text', 'title': 'Handbook', 'content': text}).json()
        wait_for(lambda: user.get(f'/api/sources/{source["id"]}').json()['status'] == 'ready', 30, 'the source')
    return agent


def quality(user, agent):
    """Share of questions whose text comes first, and the mean of 1 / its place."""
    places = []
    for text, question in FACTS:
        found = user.get(f'/api/agents/{agent}/search', params={'q': question, 'limit': 10}).json()['data']
        places.append(next((i + 1 for i, passage in enumerate(found) if passage['content'] == text), None))
    return sum(place == 1 for place in places) / len(FACTS), sum(1 / place for place in places if place) / len(FACTS)


def test_meaning_finds_what_words_do_not(stack, user, embedder):
    words = quality(user, make_agent(user))
    agent = make_agent(user, embeddings_url=embedder, embeddings_model='all-MiniLM-L6-v2')
    wait_for(lambda: stack.sql("select count(*) as n from chunk_vectors where agent_id = :'a' and vector <> ''",
                               a=agent)[0]['n'] == str(len(FACTS)), 60, 'the vectors')
    both = quality(user, agent)
    print(f'\nparaphrased questions, first / mean reciprocal rank: words {words[0]:.2f} / {words[1]:.2f}, '
          f'words and embeddings {both[0]:.2f} / {both[1]:.2f}')
    assert both[0] > words[0] and both[1] > words[1] + 0.1
