"""Bad sites, all at once in one worker: each crawl has an end that says why, and delays no other."""

import gzip
import pathlib
import re
import socket
import subprocess
import time

import pytest

from fakes.site import Reply, Site, prose
from faults.conftest import worker_beside
from faults.test_crawl import begin, crawl, ended
from stack import Stack

MEMORY = 150 << 20
PAGE_S = 2 # that one page may take


class Bad:
    """An instance whose worker reads all of the bad sites, each for a user of its own."""

    def __init__(self, stack):
        self.stack, self.sites, self.crawls = stack, {}, {}

    def begin(self, name, url, **members):
        self.crawls[name] = begin(self.stack, url, **members)

    def serve(self, name, pages, **members):
        self.sites[name] = Site(pages)
        self.begin(name, self.sites[name].url + '/', **members)

    def now(self, name):
        return crawl(*self.crawls[name])

    def end(self, name):
        return ended(*self.crawls[name], 120)

    def memory(self):
        """The most that the worker has had."""
        status = pathlib.Path(f"/proc/{self.stack.pids('worker')[0]}/status").read_text()
        return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) * 1024


def drip(rq):
    rq.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n')
    for _ in range(40 * PAGE_S):
        rq.wfile.write(b'x')
        time.sleep(0.1)
    rq.close_connection = True


def short(rq):
    rq.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n<p>cut')
    rq.close_connection = True


def leads_to(path):
    return Reply('', 302, Location=path)


def sitemap(url, count):
    rows = ''.join(f'<url><loc>{url}/listed/{i}</loc></url>' for i in range(count))
    return Reply(f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>',
                 Content_Type='application/xml')


class Listed(dict):
    """Whatever a sitemap lists is a page."""

    def get(self, path, default=None):
        return prose(path.replace('/', '')) if path.startswith('/listed/') else super().get(path, default)


@pytest.fixture(scope='module')
def deceived(tmp_path_factory):
    """An instance whose only worker believes what tests/faults/rebind.c says of names."""
    library = tmp_path_factory.mktemp('preload') / 'rebind.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library, pathlib.Path(__file__).parent / 'rebind.c'], check=True)
    stack = Stack.start(worker_queues='nobody')
    deceived = Bad(stack)
    secret = deceived.sites['secret'] = Site({'/': prose('secret')}, address='127.0.0.9')
    worker = worker_beside(stack, OFFSTAGE_WORKER_QUEUES='', LD_PRELOAD=str(library))
    try:
        for name in ('first', 'both'):
            deceived.begin(name, f'http://{name}.rebind.example:{secret.server.server_port}/')
        yield deceived
    finally:
        worker.terminate()
        worker.wait(60)
        secret.stop()
        stack.stop()


@pytest.fixture(scope='module')
def bad(deceived):
    bomb = gzip.compress(bytes(1 << 26), 9) * 16
    robots = b'# ' + b'x' * (10 << 20) + b'\nUser-agent: *\nDisallow: /\n'
    stack = Stack.start(fetch_total_s=PAGE_S)
    bad = Bad(stack)
    closed = socket.socket()
    closed.bind(('127.0.0.1', 0)) # nobody listens there
    try:
        bad.begin('down', f'http://127.0.0.1:{closed.getsockname()[1]}/')
        bad.begin('nameless', 'http://nobody.invalid/')
        bad.serve('drip', {'/': prose('home', ['/slow']), '/slow': drip})
        bad.serve('short', {'/': prose('home', ['/short']), '/short': short})
        bad.serve('bombs', {'/robots.txt': Reply(robots, Content_Type='text/plain'), '/': prose('home', ['/bomb']),
                            '/bomb': Reply(bomb, Content_Encoding='gzip')})
        chain = {f'/hop{i}': leads_to(f'/hop{i + 1}') for i in range(20)}
        bad.serve('loops', {'/': prose('home', ['/self', '/there', '/hop0']), '/self': leads_to('/self'),
                            '/there': leads_to('/back'), '/back': leads_to('/there'), **chain})
        listing = bad.sites['listing'] = Site()
        listing.pages = Listed(listing.pages, **{'/': prose('home')})
        listing.pages['/sitemap.xml'] = sitemap(listing.url, 50000)
        bad.begin('listing', listing.url + '/', max_pages=5)
        yield bad
    finally:
        closed.close()
        for site in bad.sites.values():
            site.stop()
        stack.stop()


def test_bad_sites_delay_no_other(bad):
    with Site({'/': prose('home', ['/a']), '/a': prose('aa')}) as good:
        bad.begin('good', good.url + '/')
        assert ended(*bad.crawls['good'], 20)['pages']['indexed'] == 2
    assert all(bad.now(name)['status'] == 'crawling' for name in ('down', 'drip', 'short'))


def test_a_site_that_is_down_fails_its_crawl(bad):
    last = bad.end('down')
    assert last['status'] == 'failed' and last['reasons'] == {'robots_unreachable': 1}


def test_a_name_that_nobody_knows_fails_its_crawl(bad):
    last = bad.end('nameless')
    assert last['status'] == 'failed' and last['reasons'] == {'robots_unreachable': 1}


def test_a_page_that_drips_is_given_up_for_its_time(bad):
    last = bad.end('drip')
    assert last['status'] == 'completed' and last['pages']['indexed'] == 1 and last['reasons'] == {'timeout': 1}
    assert bad.sites['drip'].asked('/slow') == 4


def test_a_body_that_is_shorter_than_it_says_is_not_stored(bad):
    last = bad.end('short')
    assert last['status'] == 'completed' and last['pages']['indexed'] == 1 and last['reasons'] == {'connection': 1}
    assert bad.sites['short'].asked('/short') == 4


def test_a_body_that_unpacks_to_a_gigabyte_and_a_robots_txt_of_ten_megabytes_are_cut_off(bad):
    last = bad.end('bombs')
    assert last['status'] == 'completed' and last['pages']['indexed'] == 1 and last['reasons'] == {'too_large': 1}
    assert bad.sites['bombs'].asked('/bomb') == 1


def test_redirects_that_lead_nowhere_end(bad):
    last, site = bad.end('loops'), bad.sites['loops']
    assert last['status'] == 'completed' and last['pages']['indexed'] == 1
    assert last['reasons']['redirect_loop'] == 2 and set(last['reasons']) == {'redirect_loop', 'redirect'}
    assert all(site.asked(path) == 1 for path in ('/self', '/there', '/back', '/hop0', '/hop5'))
    assert site.asked('/hop7') == 0


def test_of_a_sitemap_of_fifty_thousand_no_more_is_fetched_than_may_be_stored(bad):
    last, site = bad.end('listing'), bad.sites['listing']
    assert last['status'] == 'completed' and last['pages']['indexed'] == 5
    assert last['pages']['found'] > 20000 and sum(last['reasons'].values()) >= 49990
    assert len(site.log) < 30


def test_bad_sites_cost_the_worker_little_memory(bad):
    for name in bad.crawls:
        bad.end(name)
    assert bad.memory() < MEMORY


def test_a_name_that_leads_into_the_private_network_is_refused(deceived):
    """Counted at the socket, for a name that lies from the first, and one that has a good address as well."""
    assert deceived.end('first')['reasons'] == {'private_address': 1}
    assert deceived.end('both')['status'] == 'failed'
    assert deceived.sites['secret'].connections == 0
