"""What a type checker makes of options: each error ignored here must be found, and no other."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, assert_type

from toolkit.options import Duration, Options, Problem, duration, option, rule


class Limits(Options):
    limit: int = option(kw_only=False)
    per: Duration = 60


class Site(Options):
    kind: ClassVar[str] = "site"
    name: str
    origins: Sequence[Annotated[str, str.lower]] = ()
    max_age: Duration | None = None
    limits: Limits | None = None
    secret_key: str = option(default="", secret=True)

    def compile(self) -> None:
        self._label = f"{self.kind} {self.name}"

    @rule("name")
    def _named(self) -> Problem | None:
        return None if self.name else self.problem("name", "empty")

    @property
    def label(self) -> str:
        return self._label


class Shop(Site):
    currency: str = "EUR"


site = Site(name="a", origins=["https://a.example"], max_age=duration("15m"), limits=Limits(5))
shop = Shop(name="b", currency="CHF")

assert_type(site.name, str)
assert_type(site.origins, Sequence[str])
assert_type(site.max_age, float | None)
assert_type(site.label, str)
assert_type(site.replace(name="c"), Site)
assert_type(shop.replace(name="c"), Shop)
assert_type(site.given, Mapping[str, object])  # type: ignore[assert-type]

Site(nme="a")  # type: ignore[call-arg]
Site()  # type: ignore[call-arg]
Site("a")  # type: ignore[call-arg]
Site(name=5)  # type: ignore[arg-type]
Site(name="a", kind="x")  # type: ignore[call-arg]
Shop(name="b", currency=None)  # type: ignore[arg-type]
Limits("5")  # type: ignore[arg-type]
Limits(5, 60)  # type: ignore[call-arg]
site.name = "b"  # type: ignore[misc]
site.nme = "b"  # type: ignore[attr-defined]
