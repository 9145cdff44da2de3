"""What deaths of its worker and bad sites must not do to a crawl."""

import random
import time

from client import Client
from fakes.site import Reply, Site, html, prose
from faults.load import insist
from faults.test_worker import until

PAGES, KILLS = 150, 20
OVER = ('completed', 'failed', 'cancelled')


def begin(stack, url, **members):
    client = Client(stack.url, stack.user().key)
    agent = insist(client, '/api/agents', {'name': 'Reader', 'kind': 'extractive'}, 201)
    source = insist(client, f'/api/agents/{agent["id"]}/sources', {'type': 'url', 'url': url, **members}, 202)
    return client, source


def crawl(client, source):
    return client.get(f'/api/crawl/{source["id"]}').json


def ended(client, source, timeout):
    return until(lambda: (c := crawl(client, source))['status'] in OVER and c, timeout, 'the crawl ends')


def stored(stack, source):
    return stack.sql("select url, count(*) as n from pages where source_id = :'id' and status = 'indexed' group by url",
                     id=source['id'])


def test_twenty_deaths_of_the_worker_lose_no_page_and_store_none_twice(stack, invariants):
    with Site() as site:
        site.pages['/'] = prose('home', [f'/{i}' for i in range(PAGES)])
        site.pages.update({f'/{i}': prose(f'number{i}', ['/', f'/{(i + 1) % PAGES}']) for i in range(PAGES)})
        client, source = begin(stack, site.url + '/', max_pages=PAGES + 50, delay_ms=20)
        kills = 0
        for n in range(KILLS):
            seen = len(site.log)
            until(lambda: len(site.log) > seen + 3 or crawl(client, source)['status'] in OVER, 60, 'the crawl goes on')
            time.sleep(random.random() * 0.2)
            if crawl(client, source)['status'] in OVER:
                break
            stack.kill('worker')
            kills += 1
        last = ended(client, source, 120)
        assert kills >= KILLS // 2, 'the crawl was over too soon to say anything'
        assert last['status'] == 'completed' and last['pages']['indexed'] == PAGES + 1
        rows = stored(stack, source)
        assert len(rows) == PAGES + 1 and all(row['n'] == '1' for row in rows)
        assert all(site.asked(path) <= kills + 1 for path in ['/'] + [f'/{i}' for i in range(PAGES)])
    invariants()


def test_an_endless_calendar_ends_at_max_pages(stack):
    def month(rq):
        n = int(rq.path.rpartition('/')[2] or 0)
        return prose(f'month{n}', [f'/calendar/{n + 1}', f'/calendar/{n + 2}'])

    class Endless(dict):
        def get(self, path, default=None):
            return month if path.startswith('/calendar/') else super().get(path, default)

    with Site() as site:
        site.pages = Endless({'/': prose('home', ['/calendar/0'])})
        client, source = begin(stack, site.url + '/', max_pages=30)
        last = ended(client, source, 120)
        assert last['status'] == 'completed' and last['pages']['indexed'] == 30 and len(stored(stack, source)) == 30


def test_errors_are_tried_again_and_a_retry_after_is_kept(stack):
    """503 at first: asked again when it said, and not before."""
    asked = []

    def busy(rq):
        asked.append(time.monotonic())
        return Reply('later', 503, Retry_After='6') if len(asked) == 1 else prose('fine')

    with Site({'/': busy}) as site:
        client, source = begin(stack, site.url + '/')
        assert ended(client, source, 60)['pages']['indexed'] == 1
    assert len(asked) == 2 and asked[1] - asked[0] >= 6


def test_no_connection_is_made_to_an_address_that_is_not_public(start_stack):
    """Counted at the socket: of loopback only the site's own port is allowed here."""
    secret = Site({'/': html('<p>' + 'The secret. ' * 50 + '</p>')})
    try:
        port = secret.server.server_port
        spellings = ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost',
                     '[::127.0.0.1]', '127.0.0.2', '0.0.0.0', '%31%32%37.0.0.1']
        with Site() as site:
            site.pages['/'] = prose('home', [f'http://{host}:{port}/' for host in spellings] +
                                    [f'/to{i}' for i in range(len(spellings))])
            for i, host in enumerate(spellings):
                site.pages[f'/to{i}'] = Reply('', 302, Location=f'http://{host}:{port}/')
            stack = start_stack(allow_private=f'127.0.0.1:{site.server.server_port}')
            client, source = begin(stack, site.url + '/', scope='site', subdomains=True)
            last = ended(client, source, 90)
            assert last['status'] == 'completed' and last['pages']['indexed'] == 1
        assert secret.connections == 0
    finally:
        secret.stop()
