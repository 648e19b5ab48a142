"""Checks frames in JSON against the AsyncAPI document: python realtime.py ASYNCAPI FRAMES."""

import copy
import json
import sys

import jsonschema_rs


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        frames = json.load(file)
    components = document["components"]

    def validator(schema: dict) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator({**schema, "components": components})

    types = {
        name: validator({"$ref": f"#/components/schemas/{name}"})
        for name in ("ClientFrame", "ServerFrame")
    }
    messages = {
        name: validator({"$ref": f"#/components/messages/{name}/payload"})
        for name in components["messages"]
    }
    named: set[str] = set()
    good = bad = 0
    for frame in frames:
        value = frame["json"]
        error = next(types[frame["type"]].iter_errors(value), None)
        if error is not None:
            sys.exit(f"{frame['name']}: {error}")
        good += 1
        by_client = frame["type"] == "ClientFrame"
        fits = {
            name
            for name, schema in messages.items()
            if name.startswith(("command.", "client_signal.")) == by_client and schema.is_valid(value)
        }
        if len(fits) > 1:
            sys.exit(f"{frame['name']} is more than one message: {fits}")
        named |= fits
        for broken in broken_forms(value):
            if types[frame["type"]].is_valid(broken):
                sys.exit(f"{frame['name']} is good although broken: {json.dumps(broken)[:400]}")
            bad += 1
    missing = set(messages) - named
    if missing:
        sys.exit(f"no frame is any of these messages: {missing}")
    print(f"{good} good, {bad} broken")


def broken_forms(frame: dict) -> list[dict]:
    """The frame with an outer part that is of another type, missing, or one too many."""
    kind = next(iter(frame))
    forms = [{kind: 7}, {"nothing": frame[kind]}, {**frame, "more": {}}]
    if kind in ("request", "reply"):
        for field in frame[kind]:
            form = copy.deepcopy(frame)
            del form[kind][field]
            forms.append(form)
        form = copy.deepcopy(frame)
        form[kind]["id"] = -1
        forms.append(form)
    return forms


main()
