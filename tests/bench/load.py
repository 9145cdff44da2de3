"""HTTP load, by wrk and one by one."""

import json
import re
import subprocess

UNITS = {'us': 0.001, 'ms': 1, 's': 1000, 'm': 60000}


def wrk(url, script, arguments, connections, seconds):
    """What wrk reports: rate a second, latencies in ms, and how many answers were not 2xx."""
    command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--latency', '-s', str(script), url, '--', *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return process


def report(process):
    text = process.communicate(timeout=600)[0]
    if process.returncode:
        raise RuntimeError(text)
    bad = re.search(r'Non-2xx or 3xx responses: (\d+)', text)
    errors = re.search(r'Socket errors: (.*)', text)
    if bad or errors:
        raise RuntimeError(text)
    return {'rate': float(re.search(r'Requests/sec: +([\d.]+)', text).group(1)),
            'count': int(re.search(r'(\d+) requests in', text).group(1)),
            **{f'p{p}': latency(text, p) for p in (50, 99)}}


def latency(text, percentile):
    value, unit = re.search(rf'^ +{percentile}% +([\d.]+)([a-z]+)', text, re.MULTILINE).groups()
    return float(value) * UNITS[unit]


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def ask(connection, user, path):
    """What a user gets there."""
    connection.request('GET', path, headers={'Authorization': 'Bearer ' + user.key})
    reply = connection.getresponse()
    body = reply.read()
    assert reply.status == 200, (reply.status, body[:300])
    return json.loads(body)
