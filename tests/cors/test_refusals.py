"""What the CORS layer refuses at construction, each with its reason and the way out; and what it accepts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from toolkit import CORS, ConfigError, CORSMiddleware, stack
from toolkit.options import Problem

A = "https://a.example"
Options = Mapping[str, Any]


def problems(options: Options) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        CORS(**options)
    return caught.value.problems


def origins(*texts: object, **options: Any) -> Options:
    return {"allow_origins": list(texts), **options}


def listed(**options: Any) -> Options:
    return {"allow_origins": [A], **options}


ORIGINS: Sequence[tuple[str, Options, str, str, str]] = [
    ("text", {"allow_origins": A}, "", "text where a list is wanted", f'use ["{A}"]'),
    ("number", {"allow_origins": [A, 5]}, "[1]", "5 is not text", ""),
    ("none at all", {}, "", "no origin is allowed", 'name them, such as "https://app.example"'),
    ("empty list", origins(), "", "no origin is allowed", "allow_origin_regex or origin_check"),
    ("empty text", origins(""), "[0]", "scheme is missing", "https://"),
    ("no scheme", origins("a.example"), "[0]", "scheme is missing", "write https://a.example"),
    ("slash", origins(f"{A}/"), "[0]", "ends in a slash", f"write {A}"),
    ("path", origins(A, "https://b.example/app"), "[1]", "holds a path", "write https://b.example"),
    ("query", origins(f"{A}?x=1"), "[0]", "query", "leave out the query"),
    ("fragment", origins(f"{A}#x"), "[0]", "fragment", f"write {A}"),
    ("user", origins("https://me@a.example"), "[0]", "user information", f"write {A}"),
    ("upper case", origins("https://A.example"), "[0]", "upper case", f"write {A}"),
    ("space", origins(f" {A}"), "[0]", "whitespace", f"write {A}"),
    ("two in one", origins(f"{A},https://b.example"), "[0]", "comma", "one origin per entry"),
    ("Unicode", origins("https://bücher.example"), "[0]", "non-ASCII", "write https://xn--bcher-kva.example"),
    ("default port", origins(f"{A}:443"), "[0]", "default port", f"write {A}"),
    ("bad port", origins(f"{A}:70000"), "[0]", "not between 1 and 65535", "port from 1 to 65535"),
    ("long IPv6", origins("http://[0:0:0:0:0:0:0:1]"), "[0]", "compressed", "write http://[::1]"),
    ("null", origins("null"), "[0]", "every sandboxed frame", "leave it out"),
    ("file", origins("file:///index.html"), "[0]", "send the origin 'null'", "serve the page from http://localhost"),
    ("wss", origins("wss://a.example"), "[0]", "never ws or wss", f"write {A}"),
    ("glued wildcard", origins("https://*example.com"), "[0]", "let strangers in", "https://*.example.com"),
    ("last wildcard", origins("https://example.*"), "[0]", "let strangers in", "https://*.example.com"),
    (
        "public suffix",
        origins("https://*.com"),
        "[0]",
        "every site under a public suffix",
        "turn on dangerously_allow_public_suffixes",
    ),
    ("star and others", origins("*", A), "", "'*' is every origin, and is given with others", "give ['*'] alone"),
    ("twice", origins(A, "https://b.example", A), "[2]", "is there already, at [0]", "remove one"),
    (
        "shadowed",
        origins("https://x.a.example", "https://**.a.example"),
        "[0]",
        "is covered by 'https://**.a.example'",
        "remove one",
    ),
    (
        "shadowed pattern",
        origins("https://**.a.example", "https://*.x.a.example"),
        "[1]",
        "is covered by 'https://**.a.example'",
        "remove one",
    ),
    (
        "any origin with credentials",
        origins("*", allow_credentials=True),
        "",
        "every site on the web could act as the user",
        "turn on dangerously_allow_any_origin_with_credentials",
    ),
    (
        "insecure origin with credentials",
        origins(A, "http://b.example", allow_credentials=True),
        "[1]",
        "is not encrypted",
        "use 'https://b.example', or turn on dangerously_allow_insecure_origins",
    ),
]


@pytest.mark.parametrize(
    ("options", "at", "reason", "fix"), [row[1:] for row in ORIGINS], ids=[row[0] for row in ORIGINS]
)
def test_an_origin_is_refused(options: Options, at: str, reason: str, fix: str) -> None:
    (problem,) = problems(options)
    assert problem.where == f"CORS.allow_origins{at}"
    assert reason in problem.reason
    assert fix in problem.fix


OTHERS: Sequence[tuple[str, Options, str, str, str]] = [
    ("method as text", listed(allow_methods="PUT"), "allow_methods", "text where a list is wanted", 'use ["PUT"]'),
    ("method with a space", listed(allow_methods=["GET, PUT"]), "allow_methods[0]", "not a method name", "per entry"),
    ("empty method", listed(allow_methods=[""]), "allow_methods[0]", "'' is not a method name", "such as"),
    ("forbidden method", listed(allow_methods=["PUT", "TRACE"]), "allow_methods[1]", "no browser sends it", "leave it"),
    ("forbidden in lower case", listed(allow_methods=["connect"]), "allow_methods[0]", "forbidden", "leave it out"),
    ("lower case", listed(allow_methods=["patch"]), "allow_methods[0]", "methods are case-sensitive", "write 'PATCH'"),
    ("star and methods", listed(allow_methods=["*", "PUT"]), "allow_methods", "given with others", "give ['*'] alone"),
    ("header as text", listed(allow_headers="X-A"), "allow_headers", "text where a list is wanted", 'use ["X-A"]'),
    ("header with CR LF", listed(allow_headers=["X-A\r\nX"]), "allow_headers[0]", "not a header name", "per entry"),
    ("header with a colon", listed(allow_headers=["X-A: 1"]), "allow_headers[0]", "not a header name", "per entry"),
    ("cookie", listed(allow_headers=["Cookie"]), "allow_headers[0]", "not set by pages", "allow_credentials=True"),
    ("host", listed(allow_headers=["X-A", "Host"]), "allow_headers[1]", "is a forbidden header", "leave it out"),
    ("sec-", listed(allow_headers=["Sec-Fetch-Mode"]), "allow_headers[0]", "is a forbidden header", "leave it out"),
    ("proxy-", listed(allow_headers=["proxy-x"]), "allow_headers[0]", "is a forbidden header", "leave it out"),
    (
        "response header",
        listed(allow_headers=["Access-Control-Allow-Origin"]),
        "allow_headers[0]",
        "is a response header",
        "leave it out, or move it to expose_headers",
    ),
    ("star and headers", listed(allow_headers=["*", "X-A"]), "allow_headers", "given with others", "give ['*'] alone"),
    ("exposed set-cookie", listed(expose_headers=["Set-Cookie"]), "expose_headers[0]", "never shown", "leave it out"),
    (
        "exposed request header",
        listed(expose_headers=["Authorization"]),
        "expose_headers[0]",
        "is a request header",
        "leave it out, or move it to allow_headers",
    ),
    ("exposed no name", listed(expose_headers=["X A"]), "expose_headers[0]", "not a header name", "per entry"),
    ("star and exposed", listed(expose_headers=["*", "X-A"]), "expose_headers", "given with others", "['*'] alone"),
    ("age too high", listed(max_age=90000), "max_age", "90000 is more than 86400 (one day)", "use 0 to 86400"),
    ("age as text", listed(max_age="2d"), "max_age", "'2d' is more than 86400", "text such as '10m'"),
    ("age below 0", listed(max_age=-1), "max_age", "-1 is less than 0", "use 0 to 86400"),
    ("age true", listed(max_age=True), "max_age", "True is not a whole number of seconds", "use 0 to 86400"),
    ("age a fraction", listed(max_age=0.5), "max_age", "0.5 is not a whole number", "use 0 to 86400"),
    ("age not a number", listed(max_age=float("nan")), "max_age", "nan is not a whole number", "use 0 to 86400"),
    ("age no duration", listed(max_age="soon"), "max_age", "'soon' is not a duration", "use 0 to 86400"),
    ("regex", {"allow_origin_regex": "https://("}, "allow_origin_regex", "not a regular expression: missing )", ""),
    ("regex of bytes", {"allow_origin_regex": re.compile(b"x")}, "allow_origin_regex", "not a regular expression", ""),
    (
        "regex for all with credentials",
        {"allow_origin_regex": "https?://.*", "allow_credentials": True},
        "allow_origin_regex",
        "matches strangers such as https://stranger.invalid: every site on the web could act as the user",
        "turn on dangerously_allow_any_origin_with_credentials",
    ),
    *(
        (
            f"regex {regex} with credentials",
            {"allow_origin_regex": regex, "allow_credentials": True},
            "allow_origin_regex",
            f"matches strangers such as {stranger}",
            "match whole names",
        )
        for regex, stranger in {
            "https://[^:]+": "https://stranger.invalid",
            "https://[a-z]+\\.com": "https://evil.com",
            "https://.*\\.(com|net|org)": "https://",
            ".*example\\.com": "https://evilexample.com",
            "https://app\\.example\\.com.*": "https://app.example.com.evil.net",
        }.items()
    ),
    *(
        (
            f"regex {regex} over http with credentials",
            {"allow_origin_regex": regex, "allow_credentials": True},
            "allow_origin_regex",
            f"matches http://{host}, which is not encrypted",
            "turn on dangerously_allow_insecure_origins",
        )
        for regex, host in {
            "http://.*": "stranger.invalid",
            "https?://app\\.example": "app.example",
            "https?://.*\\.shop\\.example": "a.shop.example",
        }.items()
    ),
    (
        "star and regex",
        origins("*", allow_origin_regex="https://x"),
        "allow_origin_regex",
        "this is never asked",
        "remove either",
    ),
    (
        "star and check",
        origins("*", origin_check=lambda origin, scope: True),
        "origin_check",
        "this is never asked",
        "remove either",
    ),
    ("check", listed(origin_check="app.check"), "origin_check", "not callable", ""),
    (
        "private network",
        listed(allow_private_network=True),
        "allow_private_network",
        "Local Network Access",
        "leave it out",
    ),
    ("preflight status", listed(preflight_status=201), "preflight_status", "201 is not 200 or 204", ""),
    ("denied status", listed(denied_status=200), "denied_status", "200 is not 403 or 400", ""),
    ("conflict", listed(conflict="keeps"), "conflict", "'keeps' is not", "did you mean 'keep'?"),
    ("typing", listed(allow_orgins=[A]), "allow_orgins", "unknown option", "did you mean 'allow_origins'?"),
    ("policy without policies", listed(policy="public"), "policy", "no policy 'public'", "add it to policies"),
    (
        "missing policy",
        listed(policies={"public": {}, "partners": {}}, policy="pubic"),
        "policy",
        "there is no policy 'pubic'",
        "did you mean 'public'?",
    ),
    (
        "other policy",
        listed(policies={"public": {}}, policy="zzz"),
        "policy",
        "there is no policy 'zzz'",
        "there are 'public'",
    ),
    (
        "policies of one name",
        listed(policies={"public": {}, " Public": {}}),
        "policies[' Public']",
        "the same name as 'public'",
        "rename",
    ),
    ("policy without name", listed(policies={" ": {}}), "policies[' ']", "the name of a policy is empty", "a name"),
    (
        "policies in a policy",
        listed(policies={"public": {"policies": {}}}),
        "policies['public'].policies",
        "cannot hold this option",
        "give it to the layer",
    ),
    (
        "origin in a policy",
        listed(policies={"public": {"allow_origins": ["https://b.example/"]}}),
        "policies['public'].allow_origins[0]",
        "ends in a slash",
        "write https://b.example",
    ),
    (
        "unknown option in a policy",
        listed(policies={"public": {"max_aeg": 5}}),
        "policies['public'].max_aeg",
        "unknown option",
        "did you mean 'max_age'?",
    ),
    (
        "policy and layer together",
        origins("*", policies={"private": {"allow_credentials": True}}),
        "policies['private'].allow_origins",
        "every site on the web could act as the user",
        "name the origins",
    ),
    (
        "policy of no origin",
        {"policies": {"public": {"max_age": 5}}},
        "policies['public'].allow_origins",
        "no origin is allowed",
        "name them",
    ),
]


@pytest.mark.parametrize(
    ("options", "place", "reason", "fix"), [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS]
)
def test_an_option_is_refused(options: Options, place: str, reason: str, fix: str) -> None:
    (problem,) = problems(options)
    assert problem.where == f"CORS.{place}"
    assert reason in problem.reason
    assert fix in problem.fix


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        {
            "allow_origins": [f"{A}/", "null", "https://*.com", "http://b.example", "http://b.example"],
            "allow_credentials": True,
            "allow_methods": ["get", "TRACE"],
            "allow_headers": ["Cookie"],
            "expose_headers": ["set-cookie"],
            "max_age": 90000,
            "allow_private_network": True,
            "policies": {"public": {"allow_methods": ["put"]}},
            "policy": "publik",
            "alow_origin_regex": "x",
        }
    )
    assert sorted(problem.where.removeprefix("CORS.") for problem in found) == [
        "allow_headers[0]",
        "allow_methods[0]",
        "allow_methods[1]",
        "allow_origins[0]",
        "allow_origins[1]",
        "allow_origins[2]",
        "allow_origins[3]",
        "allow_origins[4]",
        "allow_origins[4]",
        "allow_private_network",
        "alow_origin_regex",
        "expose_headers[0]",
        "max_age",
        "policies['public'].allow_methods[0]",
        "policy",
    ]


def test_a_mistake_of_the_layer_is_not_told_again_for_each_policy() -> None:
    found = problems({"allow_origins": [f"{A}/"], "policies": {"public": {"max_age": 5}}})
    assert [problem.where for problem in found] == ["CORS.allow_origins[0]"]


def test_a_value_of_the_wrong_kind_is_not_told_again_for_each_policy() -> None:
    found = problems({"allow_origins": A, "policies": {"public": {"max_age": 5}}})
    assert [problem.where for problem in found] == ["CORS.allow_origins"]


ACCEPTED: Sequence[tuple[str, Options]] = [
    ("everybody", origins("*", allow_methods=["*"], allow_headers=["*", "Authorization"], expose_headers=["*"])),
    ("patterns", origins(A, "https://*.b.example", "https://**.c.example", "http://localhost:*")),
    ("a page of an app", origins("capacitor://localhost", allow_credentials=True)),
    ("loopback with credentials", origins("http://localhost:3000", "http://[::1]:*", allow_credentials=True)),
    ("loopback addresses", origins("http://127.0.0.1:8000", "http://x.localhost", allow_credentials=True)),
    ("wildcards below localhost", origins("http://*.localhost:*", allow_credentials=True)),
    ("regex as text", {"allow_origin_regex": r"https://[a-z]+\.a\.example", "allow_credentials": True}),
    ("a check alone", {"origin_check": lambda origin, scope: True}),
    ("credentials and all names", listed(allow_credentials=True, allow_methods=["*"], allow_headers=["*"])),
    ("a method of one's own", listed(allow_methods=["purge", "QUERY"])),
    ("no method", listed(allow_methods=[])),
    ("age as text", listed(max_age="10m")),
    ("no age", listed(max_age=0)),
    ("private network off", listed(allow_private_network=False)),
    ("any origin", origins("*", allow_credentials=True, dangerously_allow_any_origin_with_credentials=True)),
    ("http", origins("http://a.example", allow_credentials=True, dangerously_allow_insecure_origins=True)),
    ("http without credentials", origins("http://a.example")),
    ("suffix", origins("https://*.com", dangerously_allow_public_suffixes=True)),
    ("policies alone", {"policies": {"public": {"allow_origins": ["*"]}}}),
    ("policy with credentials", origins("*", policies={"own": {"allow_origins": [A], "allow_credentials": True}})),
    ("null given for the regex", listed(allow_origin_regex=None)),
]


@pytest.mark.parametrize("options", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_options_are_accepted(options: Options) -> None:
    assert CORS(**options).given == options


def test_an_origin_is_named_once_in_its_reason() -> None:
    (problem,) = problems(origins("null"))
    assert problem.reason == "'null' is sent by every sandboxed frame, so allowing it allows any site"


def test_a_set_is_held_sorted() -> None:
    layer = CORS(allow_origins={f"https://{name}.example" for name in "dacb"}, allow_methods=frozenset({"PUT", "GET"}))
    assert layer.allow_origins == tuple(f"https://{name}.example" for name in "abcd")
    assert layer.allow_methods == ("GET", "PUT")


def test_many_origins_are_checked_without_comparing_each_with_all() -> None:
    many = [f"https://a{number}.example" for number in range(3000)]
    assert len(CORS(allow_origins=[*many, "https://*.b.example"]).allow_origins) == 3001


def test_policies_that_no_route_chooses_are_refused_by_the_stack() -> None:
    layer = CORS(allow_origins=[A], policies={"public": {"allow_origins": ["*"]}, "own": {"max_age": 5}})
    with pytest.raises(ConfigError) as caught:
        stack(layer, routes={"/public/**": {"cors": {"policy": "public"}}})
    (problem,) = caught.value.problems
    assert problem.where == "stack[0].policies['own']"
    assert problem.reason == "no route chooses this policy"
    assert problem.fix == 'choose it in a route, {"cors": {"policy": "own"}}, or remove it'


def test_a_route_that_names_a_missing_policy_is_refused() -> None:
    layer = CORS(allow_origins=[A], policies={"public": {"allow_origins": ["*"]}}, policy="public")
    with pytest.raises(ConfigError, match=r"routes\['/x'\]\.cors\.policy: there is no policy 'publik'; did you mean"):
        stack(layer, routes={"/x": {"cors": {"policy": "publik"}}})


def test_a_policy_overlays_the_options_of_its_layer() -> None:
    layer = CORS(allow_origins=[A], max_age=5, policies={"public": {"allow_origins": ["*"]}})
    chosen = layer.replace(policy="public")
    assert layer.verdict(origin="https://b.example").allowed is False
    assert chosen.verdict(origin="https://b.example").allowed is True
    assert chosen.max_age == 5


def test_the_middleware_takes_the_options_of_starlette() -> None:
    async def app(scope: object, receive: object, send: object) -> None: ...

    wrapped: Any = CORSMiddleware(app, allow_origins=[A], allow_origin_regex=r"https://b\.example", max_age=5)
    assert wrapped.app is app
    assert [type(layer) for layer in wrapped.layers] == [CORS]
    with pytest.raises(ConfigError, match="no origin is allowed"):
        CORSMiddleware(app)
