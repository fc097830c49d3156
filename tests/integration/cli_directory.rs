//! Users and groups from the command line, and a whole directory as a file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Shell;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|i| i[key].as_str().unwrap()).collect()
}

#[test]
fn a_user_from_create_to_delete() {
    let shell = Shell::acme();
    let user = shell.json(&[
        "user",
        "create",
        "ann@acme.com",
        "--org",
        "acme",
        "--given-name",
        "Ann",
        "--family-name",
        "Lee",
        "--external-id",
        "00u1",
        "--json",
    ]);
    assert_eq!(
        (&user["userName"], &user["origin"]),
        (&json!("ann@acme.com"), &json!("scim"))
    );
    assert_eq!(user["displayName"], "Ann Lee");
    assert_eq!(user["email"], "ann@acme.com");
    let scim = shell.json(&["user", "show", id(&user), "--scim"]);
    assert_eq!(
        (&scim["schemas"], &scim["externalId"], &scim["active"]),
        (&json!([USER]), &json!("00u1"), &json!(true))
    );
    assert_eq!(scim["name"]["familyName"], "Lee");
    assert!(
        scim["meta"]["location"]
            .as_str()
            .unwrap()
            .ends_with(id(&user))
    );

    let taken = shell.fail(&["user", "create", "ANN@acme.com", "--org", "acme"], 1);
    assert!(
        taken.contains("userName") && taken.contains("taken"),
        "{taken}"
    );
    let nobody = shell.fail(&["user", "create", "--org", "acme"], 2);
    assert!(nobody.contains("<USER_NAME|--resource <FILE>>"), "{nobody}");
    let blank = shell.fail(&["user", "create", " ", "--org", "acme"], 1);
    assert!(blank.contains("userName"), "{blank}");

    let file = shell.write(
        "bob.json",
        json!({ "schemas": [USER], "userName": "bob", "active": false, "title": "Dr" }).to_string(),
    );
    let bob = shell.json(&[
        "user",
        "create",
        "--org",
        "acme",
        "--resource",
        &file,
        "--json",
    ]);
    assert_eq!(bob["active"], false);
    assert_eq!(
        shell.json(&["user", "show", id(&bob), "--scim"])["title"],
        "Dr"
    );
    let wrong = shell.write("wrong.json", r#"{"userName": 7}"#);
    let refused = shell.fail(
        &["user", "create", "--org", "acme", "--resource", &wrong],
        1,
    );
    assert!(refused.contains("userName"), "{refused}");

    let kept = shell.fail(&["user", "delete", id(&user)], 1);
    assert!(kept.contains("identity provider"), "{kept}");
    let deleted = shell.json(&["user", "delete", id(&user), "--pushed", "--json"]);
    assert_eq!(deleted, json!({ "id": id(&user), "deleted": true }));
    shell.fail(&["user", "show", id(&user)], 1);
}

#[test]
fn names_do_nothing_to_the_terminal() {
    let shell = Shell::acme();
    let file = shell.write(
        "eve.json",
        json!({ "schemas": [USER], "userName": "eve", "displayName": "\u{1b}[2JEve\nState  x" })
            .to_string(),
    );
    let eve = shell.json(&[
        "user",
        "create",
        "--org",
        "acme",
        "--resource",
        &file,
        "--json",
    ]);
    let shown = shell.run(&["user", "show", id(&eve)]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(" [2JEve State  x\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn a_group_from_create_to_delete() {
    let shell = Shell::acme();
    let mut ids = Vec::new();
    for name in ["ann@acme.com", "bob@acme.com", "cid@acme.com"] {
        let user = shell.json(&["user", "create", name, "--org", "acme", "--json"]);
        ids.push(id(&user).to_owned());
    }
    let group = shell.json(&[
        "group",
        "create",
        "Engineers",
        "--org",
        "acme",
        "--level",
        "viewer",
        "--external-id",
        "00g1",
        "--member",
        "ANN@acme.com",
        "--member",
        &ids[1],
        "--json",
    ]);
    assert_eq!(
        (&group["level"], &group["members"], &group["externalId"]),
        (&json!("viewer"), &json!(2), &json!("00g1"))
    );
    let group = id(&group);
    let members = ["group", "members", "list", group, "--json"];
    assert_eq!(
        names(&shell.json(&members), "userName"),
        ["ann@acme.com", "bob@acme.com"]
    );
    let page = shell.json(&["group", "members", "list", group, "--limit", "1", "--json"]);
    assert_eq!((&page["total"], &page["next"]), (&json!(2), &json!(ids[0])));

    let added = shell.json(&[
        "group",
        "members",
        "add",
        group,
        "cid@acme.com",
        &ids[0],
        "--json",
    ]);
    assert_eq!(added["members"], 3);
    let unknown = shell.fail(&["group", "members", "add", group, "dan@acme.com"], 1);
    assert!(unknown.contains("no user `dan@acme.com`"), "{unknown}");
    let removed = shell.json(&["group", "members", "remove", group, &ids[1], "--json"]);
    assert_eq!(removed["members"], 2);

    let renamed = shell.json(&["group", "rename", group, "Makers", "--json"]);
    assert_eq!(
        (&renamed["displayName"], &renamed["members"]),
        (&json!("Makers"), &json!(2))
    );
    let other = shell.json(&["group", "create", "Others", "--org", "acme", "--json"]);
    assert_eq!(other["level"], "admin", "the organization's default");
    let taken = shell.fail(&["group", "rename", id(&other), "MAKERS"], 1);
    assert!(taken.contains("displayName"), "{taken}");
    let scim = shell.json(&["group", "show", group, "--scim"]);
    assert_eq!(scim["members"].as_array().unwrap().len(), 2);

    let deleted = shell.json(&["group", "delete", group, "--json"]);
    assert_eq!(deleted["deleted"], true);
    shell.fail(&["group", "show", group], 1);
    assert_eq!(
        shell.json(&["user", "list", "--org", "acme", "--json"])["total"],
        3,
        "its members stay"
    );
}

#[test]
fn lists_by_a_scim_filter() {
    let shell = Shell::acme();
    for name in ["ann@acme.com", "bob@acme.com"] {
        shell.json(&["user", "create", name, "--org", "acme", "--json"]);
    }
    shell.json(&["group", "create", "Makers", "--org", "acme", "--json"]);
    let found = |what: &str, filter: &str, more: &[&str]| {
        let mut arguments = vec![what, "list", "--org", "acme", "--filter", filter, "--json"];
        arguments.extend(more);
        shell.json(&arguments)
    };
    let one = found("user", r#"userName eq "BOB@acme.com""#, &[]);
    assert_eq!(names(&one, "userName"), ["bob@acme.com"]);
    assert_eq!((&one["total"], &one["next"]), (&json!(1), &Value::Null));
    let both = r#"userName eq "ann@acme.com" or userName eq "bob@acme.com""#;
    let first = found("user", both, &["--limit", "1"]);
    assert_eq!((&first["total"], &first["next"]), (&json!(2), &json!("2")));
    let second = found("user", both, &["--limit", "1", "--after", "2"]);
    assert_eq!(second["next"], Value::Null);
    assert_ne!(first["items"], second["items"]);
    let group = found("group", r#"displayName eq "makers""#, &[]);
    assert_eq!(names(&group, "displayName"), ["Makers"]);
    for (filter, more) in [
        ("userName", vec![]),
        ("colour eq 1", vec![]),
        (both, vec!["--after", "x"]),
    ] {
        let mut arguments = vec!["user", "list", "--org", "acme", "--filter", filter];
        arguments.extend(more);
        let refused = shell.fail(&arguments, 1);
        assert!(
            refused.contains("--filter") || refused.contains("--after"),
            "{refused}"
        );
    }
}

#[test]
fn the_endpoint_as_it_is_filled_in() {
    let shell = Shell::acme();
    let endpoint = shell.json(&["scim", "endpoint", "--org", "acme", "--json"]);
    let organization = shell.json(&["org", "show", "acme", "--json"]);
    assert_eq!(endpoint["endpoint"], organization["scim_endpoint"]);
    assert_eq!(endpoint["active_tokens"], 0);
    let shown = shell.run(&["scim", "endpoint", "--org", "acme"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("scim token create --org acme"), "{shown}");
    shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    let endpoint = shell.json(&["scim", "endpoint", "--org", "acme", "--json"]);
    assert_eq!(endpoint["active_tokens"], 1);
}

#[test]
fn every_place_says_the_same_unique_identifier() {
    const FIELD: &str = "Unique identifier field for users";
    let shell = Shell::acme();
    let shown = shell.run(&["scim", "endpoint", "--org", "acme"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    let guide = include_str!("../../docs/okta.md");
    let console = include_str!("../../static/console/scim.js");
    for (text, front, back) in [
        (shown.as_str(), "", "\n"),
        (guide, "** | `", "`"),
        (
            console,
            "', copyable('Unique identifier field for users', '",
            "'",
        ),
    ] {
        let (_, behind) = text.split_once(FIELD).unwrap();
        let value = behind.strip_prefix(front).unwrap().split(back).next();
        assert_eq!(value.unwrap().trim(), "email", "{front}");
    }
}

/// A small directory with everything that a line has to carry.
fn lines() -> String {
    let mut lines = Vec::new();
    for number in 0..700 {
        lines.push(json!({
            "schemas": [USER, "urn:example:extension:User"],
            "userName": format!("user{number}@acme.com"),
            "externalId": format!("00u{number}"),
            "active": number % 7 != 0,
            "name": { "givenName": "Zoë", "familyName": "O'Hara \"Z\"" },
            "emails": [{ "value": format!("user{number}@acme.com"), "primary": true }],
            "urn:example:extension:User": { "shoe size": number, "list": [1, { "a": null }] },
        }));
    }
    let members = |every: usize| -> Vec<Value> {
        (0..700)
            .step_by(every)
            .map(|n| json!({ "display": format!("USER{n}@acme.com") }))
            .collect()
    };
    for (name, members) in [("Everyone", members(1)), ("Some", members(9))] {
        lines.push(json!({
            "schemas": [GROUP], "displayName": name, "externalId": name, "members": members,
        }));
    }
    lines.push(json!({ "schemas": [GROUP], "displayName": "Nobody", "members": [] }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Resources by name, less what another appliance can't have alike: ids and times.
fn comparable(export: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for line in export.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let resource = line.as_object_mut().unwrap();
        assert!(resource.remove("id").is_some() && resource.remove("meta").is_some());
        if let Some(members) = resource.get_mut("members") {
            let mut names: Vec<&str> = members
                .as_array()
                .unwrap()
                .iter()
                .map(|member| member["display"].as_str().unwrap())
                .collect();
            names.sort_unstable();
            *members = json!(names);
        }
        let name = resource.get("userName").or(resource.get("displayName"));
        let name = name.unwrap().as_str().unwrap().to_owned();
        assert!(found.insert(name, line).is_none(), "twice");
    }
    found
}

fn summary(value: &Value, kind: &str) -> [u64; 3] {
    ["created", "changed", "unchanged"].map(|key| value[kind][key].as_u64().unwrap())
}

#[test]
fn a_directory_goes_out_and_comes_back() {
    let shell = Shell::acme();
    let file = shell.write("in.jsonl", lines());
    let import = ["scim", "import", "--org", "acme", &file, "--json"];
    let dry = shell.json(&[
        "scim",
        "import",
        "--org",
        "acme",
        &file,
        "--dry-run",
        "--json",
    ]);
    let done = shell.json(&import);
    for (value, dry_run) in [(&dry, true), (&done, false)] {
        assert_eq!(value["dry_run"], dry_run);
        assert_eq!(value["lines"], 703);
        assert_eq!(summary(value, "users"), [700, 0, 0]);
        assert_eq!(summary(value, "groups"), [3, 0, 0]);
        assert_eq!(value["refused"], 0);
    }
    let again = shell.json(&import);
    assert_eq!(summary(&again, "users"), [0, 0, 700], "the second time");
    assert_eq!(summary(&again, "groups"), [0, 0, 3]);

    let out = shell.directory.file("out.jsonl");
    let written = shell.json(&[
        "scim",
        "export",
        "--org",
        "acme",
        "--output",
        out.to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(
        [&written["users"], &written["groups"], &written["members"]],
        [&json!(700), &json!(3), &json!(778)]
    );
    let first = fs::read_to_string(&out).unwrap();
    assert!(!shell.directory.file("out.jsonl.part").exists());

    // Into another organization, where every id is another.
    shell.json(&["org", "create", "globex", "--json"]);
    let there = [
        "scim",
        "import",
        "--org",
        "globex",
        out.to_str().unwrap(),
        "--json",
    ];
    assert_eq!(summary(&shell.json(&there), "users"), [700, 0, 0]);
    let second = shell.run(&["scim", "export", "--org", "globex"]);
    let second = String::from_utf8(second.stdout).unwrap();
    assert_eq!(comparable(&first), comparable(&second));
    assert!(!comparable(&first).is_empty());
    let users_end = first.lines().position(|line| line.contains(GROUP)).unwrap();
    assert_eq!(users_end, 700, "users come first");

    // An export read back where it came from changes nothing, and one changed line changes one.
    let back = [
        "scim",
        "import",
        "--org",
        "acme",
        out.to_str().unwrap(),
        "--json",
    ];
    assert_eq!(summary(&shell.json(&back), "users"), [0, 0, 700]);
    let changed = first.replacen("Zoë", "Chloë", 1);
    let changed = shell.write("changed.jsonl", changed);
    let one = shell.json(&["scim", "import", "--org", "acme", &changed, "--json"]);
    assert_eq!(summary(&one, "users"), [0, 1, 699]);
    assert_eq!(summary(&one, "groups"), [0, 0, 3]);
}

#[test]
fn a_bad_line_is_named_and_the_others_are_done() {
    let shell = Shell::acme();
    let user = |name: &str| json!({ "schemas": [USER], "userName": name }).to_string();
    let long = format!("\"{}\"", "x".repeat(33 << 20));
    let lines = [
        user("ann"),
        "nonsense".to_owned(),
        String::new(),
        json!({ "userName": "no schema" }).to_string(),
        long,
        user(&"x".repeat(300)),
        json!({ "schemas": [GROUP], "displayName": "G",
                "members": [{ "display": "ann" }, { "display": "nobody" }, { "value": "x" }] })
        .to_string(),
        // The last line has no end.
        user("bob"),
    ]
    .join("\n");
    let file = shell.write("bad.jsonl", lines);
    let wanted = [
        (2, "not valid JSON"),
        (4, "`schemas`: expected"),
        (5, "longer than"),
        (6, "`userName` is longer than 256"),
        (7, "no user `nobody`, `x` here"),
    ];
    for dry_run in [true, false] {
        let mut arguments = vec!["scim", "import", "--org", "acme", &file, "--json"];
        arguments.extend(dry_run.then_some("--dry-run"));
        let output = shell.run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary(&found, "users"), [2, 0, 0]);
        assert_eq!(summary(&found, "groups"), [0, 0, 0]);
        let errors = found["errors"].as_array().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((errors.len(), &found["refused"]), (5, &json!(5)), "{said}");
        for ((line, reason), error) in wanted.iter().zip(errors) {
            assert_eq!(&error["line"], line, "{error}");
            let told = error["reason"].as_str().unwrap();
            assert!(told.contains(reason), "{told}");
            assert!(said.contains(&format!("line {line}: {told}\n")), "{said}");
        }
        assert!(said.contains("5 lines were refused"), "{said}");
    }
    let users = shell.json(&["user", "list", "--org", "acme", "--json"]);
    assert_eq!(names(&users, "userName"), ["ann", "bob"]);

    let missing = shell.fail(&["scim", "import", "--org", "acme", "nowhere.jsonl"], 1);
    assert!(missing.contains("nowhere.jsonl"), "{missing}");
    shell.fail(&["scim", "import", "--org", "globex", &file], 1);
    let refused = shell.fail(
        &["scim", "export", "--org", "acme", "--output", "no/where"],
        1,
    );
    assert!(refused.contains("no/where"), "{refused}");
}

/// A power cut in the middle of an import, with a server on the same file: what was told as done is
/// there, nothing is there by half, and the same command goes on from there.
#[test]
fn an_import_that_is_cut_off_goes_on() {
    let shell = Shell::acme();
    let file = shell.write("in.jsonl", lines());
    let import = ["scim", "import", "--org", "acme", &file, "--json"];
    let mut server = shell.serve(&["--tls", "off"]);
    let count = || {
        let users = shell.json(&["user", "list", "--org", "acme", "--limit", "1", "--json"]);
        users["total"].as_u64().unwrap()
    };
    // Cut off once some of it is there.
    let mut running = shell
        .command(&import)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while count() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let before = count();
    assert!(before > 0);

    let mut running = shell
        .command(&import)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut out = BufReader::new(running.stdout.take().unwrap());
    out.read_line(&mut told).unwrap();
    // The moment it is told, both processes are gone.
    let _ = running.kill();
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    running.wait().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(summary(&told, "users"), [700 - before, 0, before]);
    let export = shell.run(&["scim", "export", "--org", "acme"]);
    let export = String::from_utf8(export.stdout).unwrap();
    assert_eq!(comparable(&export).len(), 703);
    assert_eq!(shell.json(&import)["users"]["unchanged"], 700);
    shell.json(&["audit", "verify", "--json"]);
}
