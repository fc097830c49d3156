"""What a finished or refused sign-in must look like from outside."""

from lib.appliance import Appliance
from lib.browser import Browser, Page

SESSION_COOKIE = "__Host-portcullis"


def assert_signed_in(appliance: Appliance, browser: Browser, provider: dict, **expected) -> dict:
    """The browser has a session that names the user; returns what the API says about it."""
    cookie = browser.cookie(SESSION_COOKIE)
    assert cookie is not None, f"no session cookie: {[c.name for c in browser.cookies]}"
    assert cookie.secure and cookie.http_only and cookie.same_site in ("lax", "strict"), cookie
    response = browser.fetch(f"{appliance.url}/api/v1/session")
    assert response.status_code == 200, response.text
    session = response.json()
    user = session["user"]
    assert user["userName"] == expected.get("user_name", "ada@acme.com"), session
    assert user["email"] == expected.get("email", "ada@acme.com"), session
    assert user["displayName"] == expected.get("display_name", "Ada Lovelace"), session
    assert user["origin"] == "saml", session
    assert session["organization"]["slug"] == provider.get("organization_slug", "acme"), session
    assert session["provider"]["id"] == provider["id"], session
    assert session["level"] == "viewer", session
    return session


def assert_refused(appliance: Appliance, browser: Browser, page: Page, *words: str) -> dict:
    """The browser got a page with a reference number and no session; returns the trace.

    `words` are looked for in the code of the check that failed.
    """
    assert 400 <= page.status < 500, f"{page.status} {page.text[:400]}"
    assert page.headers["Content-Type"].startswith("text/html"), page.headers
    trace = trace_of(appliance, page.reference)
    assert trace["outcome"] == "refused", trace
    if words:
        assert any(word in trace["code"] for word in words), trace
    assert browser.cookie(SESSION_COOKIE) is None
    assert browser.fetch(f"{appliance.url}/api/v1/session").status_code == 401
    return trace


def operator(appliance: Appliance) -> Browser:
    """A browser in which a break-glass account has signed in."""
    account = appliance.run("break-glass", "create", f"peer-{appliance.port}")
    browser = Browser()
    page = browser.open(f"{appliance.url}/break-glass")
    form = next(form for form in page.forms if "password" in form.fields)
    signed_in = browser.submit(
        page, form, username=account["username"], password=account["password"]
    )
    assert signed_in.status < 400, f"{signed_in.status} {signed_in.text[:400]}"
    return browser


def trace_of(appliance: Appliance, reference: str, slug: str = "acme") -> dict:
    """The trace that a reference number stands for, as the operator reads it."""
    reader = getattr(appliance, "operator", None)
    if reader is None:
        reader = appliance.operator = operator(appliance)
    response = reader.fetch(f"{appliance.url}/api/v1/organizations/{slug}/traces/{reference}")
    assert response.status_code == 200, f"{response.status_code} {response.text}"
    return response.json()
