//! `portcullis token`, beside a running server.

use serde_json::json;

use crate::cli::Shell;
use crate::http::Ask;

#[test]
fn tokens_by_the_command_line() {
    let shell = Shell::acme();
    let server = shell.serve(&["--tls", "off", "--public-url", "http://localhost:8080"]);
    let client = server.client();
    #[rustfmt::skip]
    let made = shell.json(&["token", "create", "--org", "acme", "--name", "CI", "--scope", "read", "--scope", "users", "--expires", "30d", "--json"]);
    assert_eq!(made["scopes"], json!(["read", "users"]));
    assert_eq!(made["owner"]["kind"], "organization");
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let session = || {
        let ask = Ask::get("/api/v1/session").bearer(token);
        client.send(&ask).unwrap()
    };
    assert_eq!(session().expect(200).json()["organization"]["slug"], "acme");
    #[rustfmt::skip]
    let appliance = shell.json(&["token", "create", "--operator", "--scope", "operate", "--json"]);
    assert_eq!(
        appliance["owner"],
        json!({ "kind": "appliance", "id": null })
    );
    let ids = |arguments: &[&str]| {
        let list = shell.json(arguments);
        assert!(!list.to_string().contains("ptc_api_"));
        let items = list["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .map(|t| t["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&["token", "list", "--org", "acme", "--json"]), [id]);
    assert_eq!(
        ids(&["token", "list", "--operator", "--json"]),
        [appliance["id"].clone()]
    );
    assert_eq!(ids(&["token", "list", "--json"]).len(), 2);
    let page = shell.json(&["token", "list", "--limit", "1", "--json"]);
    assert_eq!(
        (&page["total"], &page["next"]),
        (&json!(2), &appliance["id"])
    );
    assert_eq!(
        shell.json(&["token", "revoke", id, "--json"]),
        json!({ "id": id, "revoked": true })
    );
    session().expect(401);
    for (arguments, code, said) in [
        (vec!["token", "create", "--scope", "read"], 2, "--org"),
        (vec!["token", "create", "--org", "acme"], 2, "--scope"),
        (
            vec![
                "token",
                "create",
                "--org",
                "acme",
                "--operator",
                "--scope",
                "read",
            ],
            2,
            "cannot be used with",
        ),
        (
            vec!["token", "create", "--org", "acme", "--scope", "write"],
            2,
            "expected one of read",
        ),
        (
            vec![
                "token",
                "create",
                "--org",
                "acme",
                "--scope",
                "read",
                "--expires",
                "367d",
            ],
            2,
            "at most 366d",
        ),
        (
            vec!["token", "create", "--org", "acme", "--scope", "operate"],
            1,
            "operate",
        ),
        (
            vec!["token", "create", "--org", "nothing", "--scope", "read"],
            1,
            "nothing",
        ),
        (
            vec![
                "token", "create", "--org", "acme", "--scope", "read", "--name", "",
            ],
            1,
            "name",
        ),
        (
            vec!["token", "revoke", "nothing"],
            1,
            "there is no API token",
        ),
    ] {
        let complaint = shell.fail(&arguments, code);
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
    }
}
