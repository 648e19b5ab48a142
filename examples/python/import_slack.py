"""Brings the messages of a Slack export into the chat: python import_slack.py FOLDER [PEOPLE]

FOLDER is the unpacked export: users.json, channels.json, and a folder of days for each channel. PEOPLE is a file of JSON
that says who is who: {"U024BE7LH": "giulia"}; without it people have the names that they have in Slack. The address of
the chat is CHAT, the key CHAT_KEY, of the scope import. Without CHAT the lines are printed and nothing is sent.

Each channel becomes a group, also in a second run: what the chat has already is not doubled. Prints what the chat took,
and ends with 0 if that was everything.
"""

import html
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ATTEMPTS = 8
TIMEOUT = 600
LONGEST_WAIT = 60
LARGEST_ANSWER = 1_048_576

# Of one request; the chat takes 100,000 lines and 64 MiB.
LINES = 10_000
BYTES = 32 * 1024 * 1024

# Of one line that makes a room.
MEMBERS = 100

# The chat was not able to, or nobody knows what it did: the same lines may be sent again.
AGAIN = {408, 429, 500, 502, 503, 504}

# What people have written, and not who came, went or renamed the channel.
WRITTEN = {None, "thread_broadcast", "me_message", "file_share"}


def read(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))


def words(text: str, people: dict[str, str]) -> str:
    """A message without the markup of Slack."""

    def link(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        if target.startswith("@"):
            return f"@{people.get(target[1:], label or target[1:])}"
        if target[:1] in "#!":
            return label or target[1:]
        return f"{label} ({target})" if label and label not in target else target

    return html.unescape(re.sub(r"<([^<>]+)>", link, text)).strip()


def messages(folder: Path) -> list[dict]:
    """The messages of a channel, oldest first."""
    found = [message for day in sorted(folder.glob("*.json")) for message in read(day)]
    written = (one for one in found if one.get("type") == "message" and one.get("user"))
    kept = [one for one in written if one.get("subtype") in WRITTEN and one.get("text", "").strip()]
    return sorted(kept, key=lambda one: [int(part) for part in one["ts"].split(".")])


def lines(export: Path, people: dict[str, str]) -> Iterator[dict]:
    """The export as lines for the chat: of each channel first the room, then what was said in it."""
    for channel in read(export / "channels.json"):
        said = messages(export / channel["name"])
        # Who left wrote, too. The chat has to know everybody who wrote.
        members = [channel.get("creator"), *channel.get("members", []), *(one["user"] for one in said)]
        members = list(dict.fromkeys(people.get(one, one) for one in members if one))
        if not members:
            continue
        room = {"group": f"slack-{channel['id']}"}
        owner, *others = members[:MEMBERS]
        yield {"room": {"room": room, "name": channel["name"], "owner": owner, "members": others}}
        known = set()
        for one in said:
            seconds, _, micros = one["ts"].partition(".")
            message = {
                "id": one["ts"],
                "room": room,
                "sender": people.get(one["user"], one["user"]),
                "sent": int(seconds) * 1_000 + int(micros[:3] or 0),
                "body": {"text": {"text": words(one["text"], people)}},
            }
            if one.get("thread_ts", one["ts"]) in known:
                message["reply_to"] = one["thread_ts"]
            known.add(one["ts"])
            yield {"message": message}


def parts(all_lines: Iterator[dict]) -> Iterator[list[bytes]]:
    """The lines, as many together as one request may have."""
    part, size = [], 0
    for line in all_lines:
        text = json.dumps(line, ensure_ascii=False).encode()
        if part and (len(part) == LINES or size + len(text) > BYTES):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    if part:
        yield part


def send(part: list[bytes]) -> dict:
    """Sends lines until the chat has answered. What it took before the connection broke changes nothing now."""
    headers = {"authorization": f"Bearer {os.environ['CHAT_KEY']}", "content-type": "application/x-ndjson"}
    url = f"{os.environ['CHAT'].rstrip('/')}/api/chat/import"
    for attempt in range(ATTEMPTS):
        request = urllib.request.Request(url, b"\n".join(part), headers, method="POST")
        wait = ""
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                report = json.loads(answer.read(LARGEST_ANSWER))
                if report["stopped"] is None:
                    return report
                print(f"stopped: {report['stopped']}", file=sys.stderr)
        except urllib.error.HTTPError as error:
            print(f"{error.code}: {error.read(LARGEST_ANSWER).decode(errors='replace')}", file=sys.stderr)
            if error.code not in AGAIN:
                sys.exit(1)
            wait = error.headers.get("retry-after", "")
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            print(f"no answer: {error}", file=sys.stderr)
        time.sleep(min(float(wait) if wait.isdigit() else 2.0**attempt, LONGEST_WAIT))
    sys.exit("the chat did not take the lines: run this again later")


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    export = Path(sys.argv[1])
    people = {one["id"]: one["name"] for one in read(export / "users.json")}
    if len(sys.argv) == 3:
        people |= json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    total = {"lines": 0, "created": 0, "unchanged": 0, "failed": 0}
    for part in parts(lines(export, people)):
        if "CHAT" not in os.environ:
            print(b"\n".join(part).decode())
            continue
        report = send(part)
        for failure in report["failures"]:
            # The lines themselves are not printed: they are what people wrote.
            line = json.loads(part[failure["line"] - 1]).get("message", {}).get("id", "a room")
            print(f"{line}: {failure['code']}: {failure['detail']}", file=sys.stderr)
        total = {name: count + report[name] for name, count in total.items()}
    if "CHAT" in os.environ:
        print(json.dumps(total))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
