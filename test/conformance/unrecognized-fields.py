"""Reads {"kind", "json"} a line; prints the fields that Google's own generated Run v2 messages do not know."""
import json
import sys

sdk = sys.argv[1]
sys.path[:0] = [sdk + "/lib/third_party", sdk + "/lib"]
from apitools.base.protorpclite import messages  # noqa: E402
from apitools.base.py import encoding  # noqa: E402
from googlecloudsdk.generated_clients.apis.run.v2 import run_v2_messages  # noqa: E402


def unrecognized(message, path):
    found = [f"{path}.{name}" for name in message.all_unrecognized_fields()]
    for field in message.all_fields():
        value = getattr(message, field.name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, messages.Message):
                found += unrecognized(item, f"{path}.{field.name}")
    return found


for line in sys.stdin:
    entry = json.loads(line)
    kind = getattr(run_v2_messages, entry["kind"])
    for name in unrecognized(encoding.JsonToMessage(kind, json.dumps(entry["json"])), entry["kind"]):
        print(name)
