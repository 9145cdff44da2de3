"""/docs: the interface to read and to try, in a browser, under a policy that allows nothing unsafe."""

import pathlib
import re
import subprocess

import contract


def rendered(url, folder):
    """The page as a browser shows it, and what the browser had to complain of."""
    done = subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={folder}',
                           '--enable-logging=stderr', '--virtual-time-budget=20000', '--dump-dom', url],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, [line for line in done.stderr.splitlines() if ':CONSOLE' in line]


def test_every_operation_is_shown_and_the_policy_is_kept(stack, tmp_path):
    policy = stack.anonymous().get('/docs').headers['Content-Security-Policy']
    assert 'unsafe' not in policy and "default-src 'none'" in policy
    page, complaints = rendered(stack.url + '/docs', tmp_path)
    shown = re.findall(r'id="operations-(?!tag-)[^"]*-([A-Za-z]+)"', page)
    wanted = {o['operationId'] for methods in contract.DOCUMENT['paths'].values() for o in methods.values()}
    assert set(shown) == wanted and complaints == []


def test_a_page_that_breaks_the_policy_would_be_complained_of(stack, tmp_path):
    """The client's stricter policy, under which the same page is served by its file's name."""
    _, complaints = rendered(stack.url + '/docs/index.html', tmp_path)
    assert any('TrustedHTML' in line or 'Trusted' in line for line in complaints), complaints


def test_it_comes_from_this_server_alone(stack):
    page = stack.anonymous().get('/docs').text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links and all(link.startswith('/') for link in links)
    for link in links:
        assert stack.anonymous().get(link).status_code == 200, link
    for name in ('LICENSE', 'swagger-ui.css', 'swagger-ui-bundle.js'):
        assert (pathlib.Path(__file__).parents[2] / 'nginx/html/vendor/swagger' / name).stat().st_size > 10000
