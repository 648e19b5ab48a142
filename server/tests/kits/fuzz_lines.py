"""How Schemathesis writes bodies of lines: what it made up for a line, as JSON, twice."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def lines(_context, value):
    line = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
    return line + b"\n" + line
