"""What a browser does with a sign-in, as far as the outcome depends on it.

A cookie jar that keeps Secure, SameSite and `__Host-` as browsers do (a loopback address counts
as secure), redirects followed one by one, forms read from the page, `form-action` enforced over
the whole chain of redirects, and the Sec-Fetch and Origin headers of a navigation. No scripts.
"""

import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from time import time
from urllib.parse import urljoin, urlsplit

import requests

REFERENCE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@dataclass
class Cookie:
    """One stored cookie."""

    name: str
    value: str
    host: str
    path: str
    secure: bool
    http_only: bool
    same_site: str


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """What a navigation ended at."""

    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict
    text: str

    @property
    def forms(self) -> list[Form]:
        """The page's forms with the values a submit without typing would send."""
        reader = _FormReader(self.url)
        reader.feed(self.text)
        return reader.forms

    @property
    def form(self) -> Form:
        """The only form of the page."""
        assert len(self.forms) == 1, f"{len(self.forms)} forms at {self.url}: {self.text[:400]}"
        return self.forms[0]

    @property
    def onward(self) -> str | None:
        """Where the page's link goes that a script follows (of class `onward`)."""
        reader = _LinkReader("onward")
        reader.feed(self.text)
        return reader.address and urljoin(self.url, reader.address)

    @property
    def reference(self) -> str:
        """The reference number that a page about a failure shows."""
        found = REFERENCE.search(self.text)
        assert found, f"no reference number at {self.url}: {self.text[:800]}"
        return found.group()


class Blocked(Exception):
    """The page's own policy forbids what was asked."""


class Browser:
    """One browser profile."""

    def __init__(self):
        self.cookies: list[Cookie] = []
        self.session = requests.Session()
        self.session.trust_env = False
        self.visited: list[str] = []
        # What somebody on the way makes of the addresses of redirects.
        self.rewrite = lambda url: url

    def open(self, url: str, *, follow: bool = True) -> Page:
        """Type an address."""
        return self._navigate("GET", url, None, initiator=None, follow=follow, allowed=None)

    def follow(self, page: Page, url: str) -> Page:
        """Follow a link of a page."""
        return self._navigate("GET", url, None, initiator=page.url, follow=True, allowed=None)

    def submit(self, page: Page, form: Form | None = None, *, follow: bool = True, **fields) -> Page:
        """Submit a form of a page."""
        form = form or page.form
        data = {**form.fields, **fields}
        return self._navigate(
            form.method, form.action, data,
            initiator=page.url, follow=follow, allowed=_form_action(page),
        )  # fmt: skip

    def post(self, url: str, fields: dict[str, str], *, origin: str, follow: bool = True) -> Page:
        """Submit a form that a page of another origin made."""
        return self._navigate("POST", url, fields, initiator=origin, follow=follow, allowed=None)

    def fetch(self, url: str, method: str = "GET", **options) -> requests.Response:
        """What a script of that same origin would fetch."""
        headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        if method != "GET":
            headers["Origin"] = _origin(url)
        headers.update(self._cookie_header(url, method, same_site=True))
        response = self.session.request(
            method, url, headers=headers, allow_redirects=False, timeout=30, **options
        )
        self._store(url, response)
        return response

    def cookie(self, name: str) -> Cookie | None:
        """The stored cookie of that name."""
        return next((cookie for cookie in self.cookies if cookie.name == name), None)

    def _navigate(self, method, url, data, *, initiator, follow, allowed) -> Page:
        site = "none" if initiator is None else _relation(initiator, url)
        origin = None if initiator is None else _origin(initiator)
        for _ in range(12):
            if allowed is not None and not _source_matches(allowed, url):
                raise Blocked(f"form-action {' '.join(allowed[1])} forbids {url}")
            self.visited.append(url)
            headers = {
                "Accept": "text/html,application/xhtml+xml",
                "Sec-Fetch-Site": site,
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
                "Sec-Fetch-User": "?1",
            }
            if method == "POST" and origin:
                headers["Origin"] = origin
            headers.update(self._cookie_header(url, method, same_site=site != "cross-site"))
            response = self.session.request(
                method, url,
                headers=headers,
                data=data if method == "POST" else None,
                params=data if method == "GET" else None,
                allow_redirects=False,
                timeout=30,
            )  # fmt: skip
            self._store(url, response)
            location = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or not follow or not location:
                return Page(url, response.status_code, response.headers, response.text)
            target = self.rewrite(urljoin(url, location))
            if response.status_code in (301, 302, 303):
                method, data = "GET", None
            # A chain stays cross-site once one hop of it was.
            if site != "none":
                site = _worse(site, _relation(url, target))
            url = target
        raise RuntimeError(f"too many redirects, last {url}")

    def _cookie_header(self, url: str, method: str, *, same_site: bool) -> dict[str, str]:
        parts = urlsplit(url)
        sent = []
        for cookie in self.cookies:
            if cookie.host != parts.hostname or not (parts.path or "/").startswith(cookie.path):
                continue
            if cookie.secure and not _trustworthy(url):
                continue
            if not same_site and cookie.same_site == "strict":
                continue
            if not same_site and cookie.same_site == "lax" and method != "GET":
                continue
            sent.append(f"{cookie.name}={cookie.value}")
        return {"Cookie": "; ".join(sent)} if sent else {}

    def _store(self, url: str, response: requests.Response) -> None:
        for line in response.raw.headers.getlist("Set-Cookie"):
            cookie, expired = _parse_cookie(line, url)
            if cookie is None:
                continue
            self.cookies = [
                kept for kept in self.cookies
                if (kept.name, kept.host, kept.path) != (cookie.name, cookie.host, cookie.path)
            ]  # fmt: skip
            if not expired:
                self.cookies.append(cookie)


def _parse_cookie(line: str, url: str) -> tuple[Cookie | None, bool]:
    pair, *rest = [part.strip() for part in line.split(";")]
    name, _, value = pair.partition("=")
    attributes = {}
    for part in rest:
        key, _, text = part.partition("=")
        attributes[key.strip().lower()] = text.strip()
    secure = "secure" in attributes
    same_site = attributes.get("samesite", "lax").lower()
    if secure and not _trustworthy(url):
        return None, False
    if same_site == "none" and not secure:
        return None, False
    if name.startswith("__Secure-") and not secure:
        return None, False
    if name.startswith("__Host-") and (
        not secure or "domain" in attributes or attributes.get("path") != "/"
    ):
        return None, False
    if "max-age" in attributes:
        expired = int(attributes["max-age"]) <= 0
    elif "expires" in attributes:
        expired = parsedate_to_datetime(attributes["expires"]).timestamp() <= time()
    else:
        expired = False
    cookie = Cookie(
        name, value, urlsplit(url).hostname, attributes.get("path") or "/",
        secure, "httponly" in attributes, same_site,
    )  # fmt: skip
    return cookie, expired


def _trustworthy(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or host == "localhost" or host.startswith("127.") or host == "::1"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _relation(source: str, target: str) -> str:
    """Sec-Fetch-Site for a request; between addresses the site is the whole address."""
    if _origin(source) == _origin(target):
        return "same-origin"
    one, other = urlsplit(source), urlsplit(target)
    same = (one.scheme, one.hostname) == (other.scheme, other.hostname)
    return "same-site" if same else "cross-site"


def _worse(one: str, other: str) -> str:
    order = ["same-origin", "same-site", "cross-site"]
    return max(one, other, key=order.index)


def _form_action(page: Page) -> tuple[str, list[str]] | None:
    policy = page.headers.get("Content-Security-Policy", "")
    for directive in policy.split(";"):
        words = directive.split()
        if words and words[0].lower() == "form-action":
            return page.url, words[1:]
    return None


def _source_matches(allowed: tuple[str, list[str]], url: str) -> bool:
    own, sources = allowed
    for source in sources:
        if source == "'self'" and _origin(own) == _origin(url):
            return True
        if source.endswith(":") and urlsplit(url).scheme == source[:-1]:
            return True
        if "://" in source and _origin(source) == _origin(url):
            return True
    return False


class _FormReader(HTMLParser):
    def __init__(self, url: str):
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select: str | None = None

    def handle_starttag(self, tag, attrs):
        attributes = {key: value or "" for key, value in attrs}
        if tag == "form":
            action = urljoin(self.url, attributes.get("action", ""))
            self._open = Form(action, attributes.get("method", "get").upper())
            self.forms.append(self._open)
        elif self._open is None:
            return
        elif tag == "input" and "name" in attributes:
            if attributes.get("type") in ("submit", "button", "image"):
                return
            if attributes.get("type") in ("checkbox", "radio") and "checked" not in attributes:
                return
            self._open.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "textarea" and "name" in attributes:
            self._open.fields[attributes["name"]] = ""
        elif tag == "select":
            self._select = attributes.get("name")
        elif tag == "option" and self._select and "selected" in attributes:
            self._open.fields[self._select] = attributes.get("value", "")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None


class _LinkReader(HTMLParser):
    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.address: str | None = None

    def handle_starttag(self, tag, attrs):
        attributes = {key: value or "" for key, value in attrs}
        if tag == "a" and self.kind in attributes.get("class", "").split():
            self.address = attributes.get("href")
