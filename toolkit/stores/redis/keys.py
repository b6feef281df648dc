"""How the keys of a namespace are called in Redis.

`toolkit:{/sessions}:v:alice` is the value `alice` of the namespace `sessions`. What stands in braces is the hash tag:
all keys of a namespace are in one slot of a cluster.
"""

from toolkit.stores.rates import GCRA, Rate, Sliding


class Keys:
    """The names of one namespace's keys; `prefix` comes before all."""

    __slots__ = ("_counters", "_events", "_heads", "groups", "values")

    def __init__(self, prefix: str, namespace: str) -> None:
        tag = f"{prefix}:{{/{namespace}}}"
        self.values: str = f"{tag}:v:"
        self.groups: str = f"{tag}:g:"
        self._counters = f"{tag}:c:"
        self._events = f"{tag}:l:"
        self._heads = f"{tag}:h:"

    def value(self, key: str) -> str:
        return self.values + key

    def counter(self, rate: Rate, key: str) -> str:
        """Of each algorithm apart. The length of the rate's name tells where it ends."""
        kind = "g" if isinstance(rate, GCRA) else "s" if isinstance(rate, Sliding) else "w"
        return f"{self._counters}{kind}{len(rate.name)}:{rate.name}:{key}"

    def log(self, name: str) -> tuple[str, str]:
        """The stream, which is the name of a channel too, and its head."""
        return self._events + name, self._heads + name
