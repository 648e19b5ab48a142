"""Receives what the chat tells other services: python receive.py PORT

The secret is CHAT_SECRET. Prints each event once, as one line of JSON. A real service writes the event down where it
works on it, in one transaction with the id, and answers after that.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from standardwebhooks import Webhook, WebhookVerificationError

LARGEST_BODY = 262_144
TIMEOUT = 10
REMEMBERED = 10_000

verifier = Webhook(os.environ["CHAT_SECRET"])
seen: dict[str, None] = {}
lock = Lock()


class Handler(BaseHTTPRequestHandler):
    timeout = TIMEOUT

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        try:
            event = verifier.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            # Not from the chat, or too old: say no, and nothing more.
            self.send_error(401)
            return
        event_id = self.headers["webhook-id"]
        with lock:
            # The same event may come twice, when our answer to the first was lost.
            if event_id not in seen:
                print(json.dumps({"id": event_id, **event}), flush=True)
                seen[event_id] = None
                if len(seen) > REMEMBERED:
                    del seen[next(iter(seen))]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
