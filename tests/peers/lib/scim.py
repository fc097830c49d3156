"""A plain SCIM client on one connection, for load and for crashes; knows nothing of schemas."""

import http.client
import json

from lib.appliance import Appliance

MEDIA = "application/scim+json"


class ScimConnection:
    """One keep-alive connection with a bearer token."""

    def __init__(self, appliance: Appliance, token: str, slug: str = "acme", timeout: float = 30):
        self.base = f"/scim/v2/{slug}"
        self.headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA}
        self.http = http.client.HTTPConnection("127.0.0.1", appliance.port, timeout=timeout)

    def request(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        """Send one request; returns status and the answer's JSON."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = MEDIA
        data = None if body is None else json.dumps(body)
        self.http.request(method, self.base + path, data, headers)
        response = self.http.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}

    def close(self) -> None:
        """Close the connection."""
        self.http.close()


def user(name: str) -> dict:
    """A user as Okta pushes one."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "Given", "familyName": "Family"},
        "emails": [{"primary": True, "value": name, "type": "work"}],
        "displayName": "Given Family",
        "externalId": f"00u{name.partition('@')[0]}",
        "groups": [],
        "active": True,
    }
