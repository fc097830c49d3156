"""The SCIM server as scim2-tester and scim2-client see it: their checks, none of ours."""

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


def test_every_check(appliance, capsys):
    """Each check of scim2-tester against the discovered server."""
    token = appliance.scim_token()
    # The tester makes a dozen people and takes their access again, nearly all that there are.
    appliance.run("scim", "brake", "set", "--org", "acme", "--armed", "false")
    assert token["endpoint"] == f"{appliance.url}/scim/v2/acme"
    headers = {"Authorization": f"Bearer {token['token']}"}
    with httpx2.Client(base_url=token["endpoint"], headers=headers, timeout=30) as http:
        client = SyncSCIMClient(http)
        client.discover()
        names = {resource_type.name for resource_type in client.provider.resource_types}
        assert {"User", "Group"} <= names, names
        results = check_server(client)
    wrong = [
        f"{result.status.name} {result.title} of {result.resource_type}: {result.reason}"
        for result in results
        if result.status not in GOOD
    ]
    counts = {status.name: sum(r.status is status for r in results) for status in Status}
    with capsys.disabled():
        print(f"\nscim2-tester: {counts}")
    assert len(results) > 40, "scim2-tester found next to nothing to try"
    assert not wrong, "\n".join(wrong)


def scim_users(http, query=""):
    """One page of users, by userName."""
    answer = http.get(f"/Users?{query}")
    assert answer.status_code == 200, answer.text
    return [user["userName"] for user in answer.json()["Resources"]]


def test_what_discovery_promises(appliance, capsys):
    """Each feature of ServiceProviderConfig does what it says, or says no and is refused."""
    token = appliance.scim_token()
    headers = {
        "Authorization": f"Bearer {token['token']}",
        "Content-Type": "application/scim+json",
    }
    with httpx2.Client(base_url=token["endpoint"], headers=headers, timeout=30) as http:
        config = http.get("/ServiceProviderConfig").json()
        promised = {name: config[name]["supported"] for name in FEATURES}
        made = {}
        for name in ("b@acme.com", "c@acme.com", "a@acme.com"):
            user = {"schemas": [USER], "userName": name, "password": "not kept"}
            answer = http.post("/Users", json=user)
            assert answer.status_code == 201, answer.text
            assert "password" not in answer.json()
            made[name] = answer.json()
        for name, check in FEATURES.items():
            check(http, config[name], made["a@acme.com"])
    with capsys.disabled():
        print(f"\npromised: {promised}")


def patches(http, config, user):
    """RFC 7644 section 3.5.2."""
    assert config["supported"] is True
    operation = {"op": "replace", "path": "title", "value": "Dr"}
    body = {"schemas": [PATCH], "Operations": [operation]}
    assert http.patch(f"/Users/{user['id']}", json=body).status_code in (200, 204)
    assert http.get(f"/Users/{user['id']}").json()["title"] == "Dr"


def filters(http, config, user):
    """RFC 7644 section 3.4.2.2."""
    assert config["supported"] is True and config["maxResults"] > 0
    assert scim_users(http, 'filter=userName eq "B@acme.com"') == ["b@acme.com"]
    assert http.get("/Users?filter=colour eq 1").json()["scimType"] == "invalidFilter"
    assert len(scim_users(http, f"count={config['maxResults'] + 1}")) == 3


def sorts(http, config, user):
    """RFC 7644 section 3.4.2.3."""
    if not config["supported"]:
        assert http.get("/Users?sortBy=userName").status_code == 400
        return
    ordered = ["a@acme.com", "b@acme.com", "c@acme.com"]
    assert scim_users(http, "sortBy=userName") == ordered
    assert scim_users(http, "sortBy=userName&sortOrder=descending") == ordered[::-1]


def tags(http, config, user):
    """RFC 7644 section 3.14."""
    answer = http.get(f"/Users/{user['id']}")
    if not config["supported"]:
        assert "etag" not in answer.headers
        return
    tag = answer.headers["etag"]
    assert answer.json()["meta"]["version"] == tag
    same = http.get(f"/Users/{user['id']}", headers={"If-None-Match": tag})
    assert same.status_code == 304
    whole = {"schemas": [USER], "userName": user["userName"]}
    stale = http.put(f"/Users/{user['id']}", json=whole, headers={"If-Match": 'W/"stale"'})
    assert stale.status_code == 412, stale.text
    fresh = http.put(f"/Users/{user['id']}", json=whole, headers={"If-Match": tag})
    assert fresh.status_code == 200 and fresh.headers["etag"] != tag


def bulks(http, config, user):
    """RFC 7644 section 3.7."""
    operation = {
        "method": "POST", "path": "/Users", "bulkId": "one",
        "data": {"schemas": [USER], "userName": "d@acme.com"},
    }  # fmt: skip
    body = {"schemas": [BULK], "Operations": [operation]}
    answer = http.post("/Bulk", json=body)
    if not config["supported"]:
        assert answer.status_code == 501
        return
    assert config["maxOperations"] > 0 and config["maxPayloadSize"] > 0
    assert answer.status_code == 200, answer.text
    assert answer.json()["Operations"][0]["status"] == "201"
    assert scim_users(http, 'filter=userName eq "d@acme.com"') == ["d@acme.com"]
    too_many = {"schemas": [BULK], "Operations": [operation] * (config["maxOperations"] + 1)}
    assert http.post("/Bulk", json=too_many).status_code in (400, 413)


def changes_no_password(http, config, user):
    """People sign in at their identity provider: a password is discarded."""
    assert config["supported"] is False


FEATURES = {
    "patch": patches,
    "filter": filters,
    "sort": sorts,
    "etag": tags,
    "bulk": bulks,
    "changePassword": changes_no_password,
}


def test_foreign_token(appliance):
    """A token is good for its own organization only."""
    appliance.organization("globex")
    acme, globex = appliance.scim_token("acme"), appliance.scim_token("globex")
    headers = {"Authorization": f"Bearer {acme['token']}"}
    with httpx2.Client(headers=headers, timeout=30) as http:
        assert http.get(f"{acme['endpoint']}/Users").status_code == 200
        answer = http.get(f"{globex['endpoint']}/Users")
        assert answer.status_code in (401, 403, 404)
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
