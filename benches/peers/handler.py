"""A subscription's handler as people write it: decode, parse, look for words."""

import base64
import gzip
import json
import sys
import time

WORDS = (
    "Execution failed",
    "Lambda execution failed",
    "Lambda invocation failed",
    "Method completed with status: 5",
)


def handler(event, context):
    packed = base64.b64decode(event["awslogs"]["data"])
    document = json.loads(gzip.decompress(packed))
    failed = []
    for entry in document["logEvents"]:
        message = entry["message"]
        if any(word in message for word in WORDS):
            failed.append(message.split(")", 1)[0].lstrip("("))
    return len(set(failed))


def main():
    """Reads a payload, answers `failed requests, nanoseconds` for each run asked for."""
    with open(sys.argv[1], "rb") as file:
        payload = file.read()
    for _ in range(int(sys.argv[2])):
        began = time.perf_counter_ns()
        # Lambda's runtime parses the event before the handler sees it.
        failed = handler(json.loads(payload), None)
        print(failed, time.perf_counter_ns() - began)


main()
