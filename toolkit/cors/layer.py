"""The CORS layer: its options, and the few lines between a policy and an exchange."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, cast

from starlette.responses import Response

from toolkit.cors import refusals
from toolkit.cors.answers import Answers, Preflights, preflight_response, refused_handshake
from toolkit.cors.explain import Statuses, answer_lines, handshake_line, origin_lines
from toolkit.cors.origin_check import ALLOWED, DENIED, OriginCheck, Ruling, ask
from toolkit.cors.policy import (
    KNOWN_METHODS,
    MERGED,
    REQUEST_HEADERS,
    Pairs,
    Policy,
    Preflight,
    allows,
    listed_names,
    merge,
    preflight,
    response_headers,
)
from toolkit.cors.request import is_same_host, preflight_pair
from toolkit.cors.verdict import Verdict, judge
from toolkit.engine.exchange import Exchange, Hook, Message, header_reader
from toolkit.engine.layer import Layer, middleware
from toolkit.http.headers import ORIGIN, preflight_method
from toolkit.http.origins import is_origin
from toolkit.http.patterns import OriginPattern, OriginSet
from toolkit.options import Invalid, Problem, regular_expression, rule

_METHODS = frozenset(method.encode() for method in KNOWN_METHODS)

_read_requested = header_reader(frozenset((REQUEST_HEADERS,)))


class CORS(Layer):
    """Lets pages of other sites read an application's responses, as far as the options say; all else stays closed.

    Options with Starlette's names mean what they mean there; what would be insecure is refused. A set is held sorted.

    Args:
        allow_origins: Who may read: exact origins such as "https://app.example", "https://*.example.com" (one label
            more), "https://**.example.com" (one or more), "http://localhost:*" (any port), or "*" alone for everybody.
            `null` is never allowed by name.
        allow_origin_regex: A regular expression that also allows an origin if it matches the whole of it.
        allow_methods: Methods beside GET, HEAD and POST, which always pass; "*" alone for all.
        allow_headers: Request headers beside Accept, Accept-Language, Content-Language and Content-Type, which always
            pass; "*" for all, and "authorization" beside it, which "*" does not cover without credentials.
        allow_credentials: Let cookies, client certificates and HTTP authentication be sent along.
        allow_private_network: Starlette's; refused if true, for the proposal was given up.
        expose_headers: Response headers that pages may read; "*" alone for all, with credentials too.
        max_age: Seconds, 0 to 86400, or text such as "10m": how long a browser keeps a preflight's answer.
        origin_check: `(origin, scope) -> bool`, or `-> (bool, [names for Vary])`, or an awaitable of either: asked
            about an origin that the lists do not allow. If it raises, the origin is not allowed and the log says why.
        policies: Named sets of options that replace the layer's own, for routes to choose from.
        policy: The name of the one that applies: `routes={"/api/**": {"cors": {"policy": "public"}}}`.
        strict_preflight: Refuse a preflight whose method or headers are not allowed, with the cause, instead of
            telling the browser what is.
        preflight_status: Of an allowed preflight, 204 or 200.
        denied_status: Of a refused preflight, 403 or 400.
        timing_allow_origin: Give allowed origins the details of Resource Timing.
        check_websockets: Refuse handshakes from pages of other origins; the same host and no Origin pass.
        conflict: Whether a response that brings an Access-Control-Allow-Origin has it replaced ("replace") or kept.
        dangerously_allow_any_origin_with_credentials: Permit "*" together with allow_credentials.
        dangerously_allow_insecure_origins: Permit http:// origins together with allow_credentials; loopback needs none.
        dangerously_allow_public_suffixes: Permit wildcards right before a single label, such as "https://*.com".

    Raises:
        ConfigError: With everything that is wrong, and how to put it right.
    """

    reads: ClassVar[tuple[bytes, ...]] = (ORIGIN,)  # what preflights read beside it is found by a scan of their own
    methods: ClassVar[tuple[str, ...] | None] = ("OPTIONS",)
    covers_answers: ClassVar[bool] = True
    answers_preflights: ClassVar[bool] = True

    allow_origins: Annotated[Collection[str], refusals.listed(str)] = ()
    allow_methods: Annotated[Collection[str], refusals.listed(refusals.method), refusals.star_alone] = ("GET",)
    allow_headers: Annotated[
        Collection[str], refusals.listed(refusals.request_header), refusals.star_and_authorization
    ] = ()
    allow_credentials: bool = False
    allow_origin_regex: Annotated[re.Pattern[str] | str, regular_expression] | None = None
    allow_private_network: Annotated[bool, refusals.private_network] = False
    expose_headers: Annotated[Collection[str], refusals.listed(refusals.response_header), refusals.star_alone] = ()
    max_age: Annotated[int | str, refusals.max_age] = 600
    origin_check: OriginCheck | None = None
    policies: Mapping[str, Mapping[str, Any]] = {}
    policy: str | None = None
    strict_preflight: bool = False
    preflight_status: Literal[200, 204] = 204
    denied_status: Literal[403, 400] = 403
    timing_allow_origin: bool = False
    check_websockets: bool = True
    conflict: Literal["replace", "keep"] = "replace"
    dangerously_allow_any_origin_with_credentials: bool = False
    dangerously_allow_insecure_origins: bool = False
    dangerously_allow_public_suffixes: bool = False

    def request(self, exchange: Exchange) -> Hook:
        scope = exchange.scope
        if scope["type"] == "websocket":
            return self._handshake(exchange)
        origin, requested = preflight_pair(scope["headers"])
        if origin is None or requested is None:
            return None
        known = requested in _METHODS and origin in self._preflights  # then both are valid: saves 1.6 of 3.7 µs
        if not known and preflight_method(origin, requested) is None:
            return None
        return self._preflights[origin] or self._answer(exchange, origin, requested.decode())

    def response(self, exchange: Exchange, start: Message) -> Hook:
        if start["type"] != "http.response.start":
            return None
        ready = self._always or self._ready[exchange.header(ORIGIN)]
        if ready is None:
            return self._consult(exchange, start)
        headers = start["headers"]
        for name, _ in headers:
            if name in MERGED:
                merge(headers, ready, keep=self._chosen.conflict == "keep")
                return None
        headers += ready
        return None

    def explain(self, exchange: Exchange) -> Iterable[str]:
        """What this layer would do with a request, and what a browser would make of it."""
        origin, policy = exchange.header(ORIGIN), self._policy
        if self.policy is not None:
            yield f"the policy {self.policy!r} applies"
        asks = self._chosen.origin_check is not None and origin is not None and is_origin(origin)
        yield from origin_lines(policy, origin, asks=asks)
        if exchange.scope["type"] == "websocket":
            same = origin is None or self._is_own(exchange, origin)
            allowed = origin is not None and allows(policy, origin)
            yield handshake_line(self._chosen.check_websockets, same, allowed, asks=asks)
        else:
            statuses = Statuses(self._chosen.preflight_status, self._chosen.denied_status)
            yield from answer_lines(policy, exchange, statuses)

    def verdict(
        self, *, origin: str, method: str = "GET", headers: Sequence[str] = (), credentials: bool = False
    ) -> Verdict:
        """What a browser would make of this policy: whether a page gets to read the response, and if not, why.

        Args:
            origin: The page's origin.
            method: Of its request.
            headers: The names of the headers that the page sets; content-type counts as a value that needs a preflight,
                such as application/json.
            credentials: Whether the request is made with credentials ("include").
        """
        return judge(self._policy, origin=origin, method=method, headers=headers, credentials=credentials)

    def check_routes(self, variants: Sequence[Layer]) -> Iterable[Problem]:
        """Policies that no route chooses."""
        used = {layer.policy for layer in (self, *variants) if isinstance(layer, CORS)}
        for name in self.policies:
            if name not in used:
                fix = f'choose it in a route, {{"{self.label}": {{"policy": "{name}"}}}}, or remove it'
                yield self.problem(f"policies[{name!r}]", "no route chooses this policy", fix)

    def compile(self) -> None:
        """Everything that does not depend on a request: the policy, and what each origin is answered with."""
        self._chosen = self
        if self.policy is not None:
            self._chosen = type(self)(**refusals.overlaid(self, self.policies[self.policy]))
        self._policy: Policy = self._compiled() if self._chosen is self else self._chosen._policy
        policy = self._policy
        denied = response_headers(policy, None)
        self._always = denied if policy.is_public else None
        self._ready = Answers[Pairs | None](policy, self._constant_headers, denied)
        self._preflights = Answers[Response | None](policy, self._constant_preflight, None)
        self._asked = Preflights()

    @rule("allow_origins", "allow_origin_regex", "origin_check", "policies")
    def _some_origin(self) -> Problem | None:
        if any(getattr(self, name) for name in refusals.SOURCES) or self.policies:
            return None
        fix = 'name them, such as "https://app.example", or give allow_origin_regex or origin_check'
        return self.problem("allow_origins", "no origin is allowed, so this layer would do nothing", fix)

    @rule("allow_origins", "dangerously_allow_public_suffixes")
    def _origins(self) -> Iterator[Problem]:
        suffixes = self.dangerously_allow_public_suffixes
        yield from self._problems(
            "allow_origins", refusals.origin_refusals(self.allow_origins, public_suffixes=suffixes)
        )

    @rule("allow_origins", "allow_origin_regex", "origin_check")
    def _all_alone(self) -> Iterator[Problem]:
        for name in ("allow_origin_regex", "origin_check"):
            if "*" in self.allow_origins and getattr(self, name) is not None:
                yield self.problem(name, "allow_origins allows every origin, so this is never asked", "remove either")

    @rule("allow_origins", "allow_origin_regex", "allow_credentials", "dangerously_allow_any_origin_with_credentials")
    def _any_origin(self) -> Iterator[Problem]:
        if self.allow_credentials and not self.dangerously_allow_any_origin_with_credentials:
            yield from self._problems("", refusals.any_origin_refusals(self.allow_origins, self._regex))

    @rule("allow_origins", "allow_origin_regex", "allow_credentials", "dangerously_allow_insecure_origins")
    def _insecure(self) -> Iterator[Problem]:
        if self.allow_credentials and not self.dangerously_allow_insecure_origins:
            yield from self._problems("", refusals.insecure_refusals(self.allow_origins, self._regex))

    @rule("policies", "policy")
    def _named(self) -> Iterator[Problem]:
        yield from self._problems("policies", refusals.name_refusals(self.policies))
        if self.policy is not None:
            yield from self._problems("policy", refusals.missing_refusals(self.policy, self.policies))
        for name, options in self.policies.items():
            yield from refusals.policy_problems(self, name, options)

    def _problems(self, option: str, refused: Iterable[Invalid]) -> Iterator[Problem]:
        return (self.problem(f"{option}{invalid.at}", invalid.reason, invalid.fix) for invalid in refused)

    @property
    def _regex(self) -> re.Pattern[str] | None:
        return cast("re.Pattern[str] | None", self.allow_origin_regex)  # text is held compiled

    def _compiled(self) -> Policy:
        patterns = [OriginPattern(text, allow_public_suffix=True) for text in self.allow_origins if text != "*"]
        return Policy(
            origins=OriginSet(patterns, regex=self._regex),
            any_origin="*" in self.allow_origins,
            credentials=self.allow_credentials,
            methods=tuple(dict.fromkeys(self.allow_methods)),
            headers=tuple(dict.fromkeys(name.lower() for name in self.allow_headers)),
            expose=tuple(dict.fromkeys(self.expose_headers)),
            max_age=int(self.max_age),
            timing=self.timing_allow_origin,
            strict=self.strict_preflight,
        )

    def _constant_headers(self, origin: bytes, allowed: bool) -> Pairs | None:
        """What every response to an origin carries; None where that is known only as one starts."""
        if self._policy.lists_names if allowed else self._chosen.origin_check is not None:
            return None
        return response_headers(self._policy, origin if allowed else None)

    def _constant_preflight(self, origin: bytes, allowed: bool) -> Response | None:
        """The answer to every preflight of an origin; None where it depends on what is asked for."""
        policy = self._policy
        if policy.strict or policy.echoes if allowed else self._chosen.origin_check is not None:
            return None
        return self._preflight_response(preflight(policy, origin if allowed else None, "GET", None), origin)

    def _answer(self, exchange: Exchange, origin: bytes, method: str) -> Hook:
        """The answer to a preflight that is not always the same."""
        requested = _read_requested(exchange.scope)[REQUEST_HEADERS]
        key = origin, method, requested

        def answer(ruling: Ruling) -> Response:
            allowed = origin if ruling.allowed else None
            return self._preflight_response(preflight(self._policy, allowed, method, requested, ruling.vary), origin)

        known = self._asked.get(key)
        if known is not None:
            return known
        answered = self._ruled(exchange, origin, answer)
        if self._chosen.origin_check is None and isinstance(answered, Response):
            self._asked.remember(key, answered)
        return answered

    def _preflight_response(self, decided: Preflight, origin: bytes) -> Response:
        status = self._chosen.denied_status if decided.refusal else self._chosen.preflight_status
        return preflight_response(decided, origin, status)

    def _consult(self, exchange: Exchange, start: Message) -> Hook:
        """The response to an origin that has to be asked about, or whose headers are known only now."""
        origin = exchange.header(ORIGIN) or b""

        def finish(ruling: Ruling) -> None:
            ready = response_headers(self._policy, origin if ruling.allowed else None, ruling.vary)
            if ruling.allowed and self._policy.lists_names:
                ready += listed_names(start["headers"])
            merge(start["headers"], ready, keep=self._chosen.conflict == "keep")

        return self._ruled(exchange, origin, finish)

    def _handshake(self, exchange: Exchange) -> Hook:
        """Browsers let every page open a WebSocket anywhere, cookies included: the server has to look at Origin."""
        origin = exchange.header(ORIGIN)
        if origin is None or not self._chosen.check_websockets or self._is_own(exchange, origin):
            return None
        return self._ruled(exchange, origin, lambda ruling: None if ruling.allowed else refused_handshake())

    def _is_own(self, exchange: Exchange, origin: bytes) -> bool:
        return is_same_host(origin, exchange.header(b"host"), exchange.scope.get("scheme", "ws"))

    def _ruled(self, exchange: Exchange, origin: bytes, then: Callable[[Ruling], Response | None]) -> Hook:
        """What follows from an origin being allowed or not: by the lists, else by the application's own check."""
        if allows(self._policy, origin):
            return then(ALLOWED)
        check = self._chosen.origin_check
        if check is None or not is_origin(origin):
            return then(DENIED)
        return ask(check, origin.decode(), exchange.scope, then)


CORSMiddleware: Final = middleware(CORS)
