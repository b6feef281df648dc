"""The store of a Redis server: many processes and machines share it."""

from toolkit.stores.redis.store import RedisStore

__all__ = ["RedisStore"]
