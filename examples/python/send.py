"""Sends one event to the chat, signed: python send.py ID < event.json

The address is CHAT_HOOK, the secret CHAT_HOOK_SECRET. Prints the chat's answer, and ends with 0 once it is done.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

from standardwebhooks import Webhook

ATTEMPTS = 8
TIMEOUT = 10
LONGEST_WAIT = 60
LARGEST_ANSWER = 65_536

# The chat was not able to, or nobody knows whether it did it: the same event may be sent again with the same id.
AGAIN = {408, 429, 500, 502, 503, 504}


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The answer of another address would not be the chat's."""

    def redirect_request(self, *_):
        return None


def post(url: str, signer: Webhook, event_id: str, body: str) -> tuple[int, str, float | None]:
    """One attempt: status, answer, and after how many seconds to come back; status 0 when there is no answer."""
    # Signed anew each time, because a signature is good for five minutes. The library takes the time as UTC.
    now = datetime.now(timezone.utc)
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(event_id, now, body),
    }
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read(LARGEST_ANSWER).decode(), None
    except urllib.error.HTTPError as error:
        wait = error.headers.get("retry-after", "")
        text = error.read(LARGEST_ANSWER).decode(errors="replace")
        return error.code, text, float(wait) if wait.isdigit() else None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        return 0, str(error), None


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    url, signer = os.environ["CHAT_HOOK"], Webhook(os.environ["CHAT_HOOK_SECRET"])
    event_id, body = sys.argv[1], sys.stdin.read()
    json.loads(body)
    for attempt in range(ATTEMPTS):
        status, answer, wait = post(url, signer, event_id, body)
        if 200 <= status < 300:
            print(answer)
            return 0
        print(f"{status or 'no answer'}: {answer}", file=sys.stderr)
        if status and status not in AGAIN:
            return 1
        if attempt + 1 < ATTEMPTS:
            time.sleep(min(wait if wait is not None else 2.0**attempt, LONGEST_WAIT))
    return 1


if __name__ == "__main__":
    sys.exit(main())
