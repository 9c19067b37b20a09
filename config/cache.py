"""What processes remember together, as plain values: reading it runs nothing."""

import json


class PlainSerializer:
    """For Django's cache in Redis, whose own way would run what it reads (pickle)."""

    def dumps(self, value: object) -> bytes | int:
        # Redis counts whole numbers by itself.
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, kept: bytes) -> object:
        return json.loads(kept)
