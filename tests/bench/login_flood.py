#!/usr/bin/python3
"""login_flood.py URL COUNT ADDRESS: wrong passwords of many accounts over eight connections, from an address of this host.

Prints how many answers had which status. Runs only while a core is idle: who floods from elsewhere takes nothing of these.
"""

import collections
import http.client
import json
import os
import sys
import threading
import urllib.parse

CONNECTIONS = 8


def main():
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    url, count, address = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    left, seen, lock = iter(range(count)), collections.Counter(), threading.Lock()

    def work():
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60, source_address=(address, 0))
        while True:
            with lock:
                n = next(left, None)
            if n is None:
                return
            body = json.dumps({'email': f'user{n}@example.com', 'password': 'wrong password'})
            connection.request('POST', '/api/auth/login', body, {'Content-Type': 'application/json'})
            reply = connection.getresponse()
            reply.read()
            with lock:
                seen[reply.status] += 1

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(seen))


if __name__ == '__main__':
    main()
