"""A mail server that keeps what it is given, and refuses addresses that say so.

Mail to refused@… is refused for good, to later@… once for the time being.
"""

import email
import email.policy
import socketserver
import threading


class Mail:
    def __init__(self, sender, recipients, data):
        self.sender, self.recipients, self.data = sender, recipients, data
        self.message = email.message_from_bytes(data, policy=email.policy.SMTP)


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b'\r\n')

    def handle(self):
        sender, recipients = None, []
        self.say('220 fake ESMTP')
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(' ')
            verb = verb.upper()
            if verb == 'EHLO':
                self.say('250-fake')
                self.say('250 8BITMIME')
            elif verb == 'MAIL':
                sender = rest.partition('<')[2].partition('>')[0]
                self.say('250 fine')
            elif verb == 'RCPT':
                self.recipient(rest.partition('<')[2].partition('>')[0], recipients)
            elif verb == 'DATA':
                self.say('354 go on')
                self.server.mails.append(Mail(sender, recipients, self.data()))
                self.say('250 taken')
            elif verb == 'QUIT':
                self.say('221 bye')
                return
            else:
                self.say('502 what?')

    def recipient(self, address, recipients):
        if address.startswith('refused@'):
            self.say('550 nobody here')
        elif address.startswith('later@') and address not in self.server.seen:
            self.server.seen.add(address)
            self.say('451 come again')
        else:
            recipients.append(address)
            self.say('250 fine')

    def data(self):
        lines = []
        for line in self.rfile:
            if line == b'.\r\n':
                return b''.join(lines)
            lines.append(line.removeprefix(b'.') if line.startswith(b'..') else line)
        raise EOFError


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Smtp:
    """Runs until stop(); mails is what has come."""

    def __init__(self):
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.mails, self.server.seen = [], set()
        self.mails = self.server.mails
        self.url = f'smtp://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
