//! The executable itself: what scripts rely on, what it refuses, and how it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portcullis::clock;
use portcullis::edge::self_signed::Authority;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::app::{Directory, user};
use crate::http::{Ask, Client};
use crate::saml::fixture::{IDP, ISSUER, SSO};

/// The executable of this build, or the one that PORTCULLIS_BIN names (the release's, say).
pub(crate) fn executable() -> PathBuf {
    std::env::var_os("PORTCULLIS_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_portcullis").into(), PathBuf::from)
}

/// A directory with a database in it and the executable to work on it.
pub(crate) struct Shell {
    pub(crate) directory: Directory,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self {
            directory: Directory::new(),
        }
    }

    /// With the organization acme.
    pub(crate) fn acme() -> Self {
        let shell = Self::new();
        shell.json(&["org", "create", "acme", "--name", "Acme", "--json"]);
        shell
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command
            .args(arguments)
            .current_dir(&self.directory.0)
            .env_clear();
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The JSON a command prints: one document on one line, and nothing else.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {err}");
        assert_eq!(out.matches('\n').count(), 1, "{out}");
        assert_eq!(err, "");
        serde_json::from_str(&out).unwrap()
    }

    /// What a command says when it fails with this code.
    #[track_caller]
    pub(crate) fn fail(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(!err.contains("panicked"), "{err}");
        err
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.directory.file(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The server, once it says that it accepts.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut events = Vec::new();
        loop {
            let Some(Ok(line)) = lines.next() else {
                let mut err = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut err)
                    .unwrap();
                panic!("the server ended: {err}");
            };
            let event: Value = serde_json::from_str(&line).unwrap();
            let listening = event["event"] == "listening";
            events.push(event);
            if listening {
                break;
            }
        }
        let url = events.last().unwrap()["url"].as_str().unwrap();
        let (_, port) = url.rsplit_once(':').unwrap();
        // Nobody may have to wait for us to read the log.
        let stderr = child.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Server {
            log,
            port: port.parse().unwrap(),
            events,
            child,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[track_caller]
fn has(value: &Value, wanted: &[&str]) {
    for key in wanted {
        assert!(value.get(key).is_some(), "no {key} in {:?}", keys(value));
    }
}

/// A running server, killed when the test is done with it.
pub(crate) struct Server {
    pub(crate) port: u16,
    log: Arc<Mutex<String>>,
    pub(crate) events: Vec<Value>,
    pub(crate) child: Child,
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        Client::new(([127, 0, 0, 1], self.port).into())
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The memory it takes now, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    }

    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_keys_that_scripts_rely_on() {
    let shell = Shell::new();
    let org = shell.json(&["org", "create", "acme", "--name", "Acme", "--json"]);
    has(&org, &["id", "slug", "name", "scim_endpoint"]);
    assert_eq!(
        (&org["slug"], &org["name"]),
        (&json!("acme"), &json!("Acme"))
    );
    assert_eq!(shell.json(&["org", "show", "acme", "--json"]), org);
    // A list leaves out what costs a query for each.
    let mut listed = org.clone();
    listed.as_object_mut().unwrap().remove("session_limits");
    let list = shell.json(&["org", "list", "--json"]);
    assert_eq!(list["items"][0], listed);
    let set = shell.json(&[
        "org",
        "set",
        "acme",
        "--default-group-level",
        "viewer",
        "--json",
    ]);
    assert_eq!(set["default_group_level"], "viewer");

    let provider = shell.json(&[
        "provider", "add", "--org", "acme", "--kind", "okta", "--domain", "acme.com", "--json",
    ]);
    has(
        &provider,
        &[
            "id",
            "state",
            "acs_url",
            "entity_id",
            "login_url",
            "metadata_url",
        ],
    );
    assert_eq!(
        (&provider["state"], &provider["missing"]),
        (&json!("draft"), &json!(["metadata"]))
    );
    let id = provider["id"].as_str().unwrap();
    assert_eq!(
        keys(&shell.json(&["provider", "show", id, "--json"])),
        keys(&provider)
    );
    let metadata = shell.write("metadata.xml", IDP.metadata());
    let set = shell.json(&[
        "provider",
        "set",
        id,
        "--metadata-file",
        &metadata,
        "--json",
    ]);
    assert_eq!(
        (&set["state"], &set["missing"]),
        (&json!("active"), &json!([]))
    );
    let certificate = shell.write("certificate.der", IDP.certificate());
    let by_hand = [
        "provider",
        "set",
        id,
        "--sso-url",
        SSO,
        "--issuer",
        ISSUER,
        "--certificate-file",
        &certificate,
        "--idp-initiated",
        "true",
        "--jit",
        "false",
        "--json",
    ];
    let set = shell.json(&by_hand);
    assert_eq!(
        (&set["idp_initiated"], &set["jit"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        shell.json(&["provider", "list", "--org", "acme", "--json"])["items"][0]["id"],
        id
    );

    let token = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    has(&token, &["id", "endpoint", "token"]);
    assert_eq!(token["endpoint"], org["scim_endpoint"]);
    let list = shell.json(&["scim", "token", "list", "--org", "acme", "--json"]);
    assert!(!list.to_string().contains(token["token"].as_str().unwrap()));
    let revoke = [
        "scim",
        "token",
        "revoke",
        token["id"].as_str().unwrap(),
        "--org",
        "acme",
        "--json",
    ];
    assert_eq!(shell.json(&revoke)["revoked"], true);
    let users = shell.json(&["user", "list", "--org", "acme", "--json"]);
    assert_eq!(users, json!({ "items": [], "total": 0, "next": null }));
    assert_eq!(
        shell.json(&["group", "list", "--org", "acme", "--json"])["items"],
        json!([])
    );
    assert_eq!(
        shell.json(&["trace", "list", "--org", "acme", "--json"])["items"],
        json!([])
    );

    let account = shell.json(&["break-glass", "create", "ada", "--json"]);
    assert_eq!(keys(&account), ["username", "password"]);
    assert!(account["password"].as_str().unwrap().len() >= 20);
    let file = shell.write("password", "a password from a file\nsecond line");
    let other = shell.json(&[
        "break-glass",
        "create",
        "bob",
        "--password-file",
        &file,
        "--json",
    ]);
    assert_eq!(
        other["password"],
        Value::Null,
        "what was given is not shown"
    );
    let accounts = shell.json(&["break-glass", "list", "--json"]);
    assert_eq!(accounts["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        shell.json(&["break-glass", "disable", "ada", "--json"])["state"],
        "disabled"
    );
    shell.fail(&["break-glass", "disable", "bob"], 1);
    assert_eq!(
        shell.json(&["break-glass", "enable", "ada", "--json"])["state"],
        "enabled"
    );
    assert_eq!(
        shell.json(&["provider", "delete", id, "--json"])["deleted"],
        true
    );
    let mode = fs::metadata(shell.directory.file("portcullis.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "the database is its owner's alone");
}

#[test]
fn an_operator_judges_domains_and_where_metadata_comes_from() {
    let shell = Shell::acme();
    let add = [
        "provider",
        "add",
        "--org",
        "acme",
        "--domain",
        "a.example",
        "--domain",
        "b.example",
        "--json",
    ];
    let provider = shell.json(&add);
    // As an admin of the organization would have added them.
    let file = shell.directory.file("portcullis.db");
    let conn = rusqlite::Connection::open(file).unwrap();
    conn.execute("UPDATE domains SET state = 'pending'", [])
        .unwrap();
    let list = |more: &[&str]| {
        let mut arguments = vec!["org", "domains", "list", "--json"];
        arguments.extend(more);
        shell.json(&arguments)
    };
    let first = list(&["--limit", "1"]);
    assert_eq!(
        (&first["total"], &first["next"]),
        (&json!(2), &json!("a.example"))
    );
    assert_eq!(first["items"][0]["organization"]["slug"], "acme");
    assert_eq!(first["items"][0]["provider"]["id"], provider["id"]);
    let rest = list(&["--after", "a.example"]);
    assert_eq!(rest["items"][0]["domain"], "b.example");
    let approved = shell.json(&["org", "domains", "approve", "a.example", "--json"]);
    assert_eq!(approved["state"], "active");
    shell.json(&["org", "domains", "refuse", "b.example", "--json"]);
    assert_eq!(list(&[])["items"], json!([]));
    assert_eq!(
        list(&["--state", "active"])["items"][0]["domain"],
        "a.example"
    );
    let told = shell.fail(&["org", "domains", "refuse", "a.example"], 1);
    assert!(told.contains("counts already"), "{told}");
    shell.fail(&["org", "domains", "approve", "b.example"], 1);
    shell.fail(&["org", "domains", "list", "--state", "refused"], 2);
    for on in ["true", "false"] {
        let set = ["org", "set", "acme", "--internal-metadata", on, "--json"];
        assert_eq!(shell.json(&set)["internal_metadata"], json!(on == "true"));
    }
    let lines: i64 = conn
        .query_row(
            "SELECT count(*) FROM audit WHERE action IN
                 ('domain.approved', 'domain.refused') OR detail LIKE '%internal_metadata%'
                 AND action = 'organization.changed'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(lines, 4);
}

#[test]
fn commands_work_beside_a_running_server() {
    let shell = Shell::acme();
    let server = shell.serve(&["--tls", "off", "--public-url", "https://sso.acme.com"]);
    let client = server.client();
    assert_eq!(client.send(&Ask::get("/readyz")).unwrap().status, 200);
    let first = server.events.first().unwrap();
    assert_eq!(first["event"], "break_glass_created");
    let form = [
        ("username", first["username"].as_str().unwrap()),
        ("password", first["password"].as_str().unwrap()),
    ];
    let signed_in = client
        .send(&Ask::new("POST", "/break-glass").form(&form))
        .unwrap();
    let cookie = signed_in
        .expect(303)
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let token = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    assert_eq!(token["endpoint"], "https://sso.acme.com/scim/v2/acme");
    let token = token["token"].as_str().unwrap();
    let push = |path: &str, body: &Value| {
        let ask = Ask::new("POST", format!("/scim/v2/acme{path}"))
            .bearer(token)
            .scim(body);
        client.send(&ask).unwrap().expect(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let ann = push("/Users", &user("ann@acme.com"));
    let group = push(
        "/Groups",
        &json!({ "displayName": "Ops", "members": [{ "value": ann }] }),
    );
    let users = shell.json(&["user", "list", "--org", "acme", "--json"]);
    has(
        &users["items"][0],
        &[
            "id",
            "userName",
            "email",
            "displayName",
            "origin",
            "active",
            "level",
        ],
    );
    assert_eq!(users["items"][0]["level"], "admin");
    let set = shell.json(&["group", "set", &group, "--level", "viewer", "--json"]);
    assert_eq!(
        (&set["level"], &set["members"]),
        (&json!("viewer"), &json!(1))
    );
    assert_eq!(
        shell.json(&["user", "show", &ann, "--json"])["level"],
        "viewer"
    );
    assert_eq!(
        shell.json(&["user", "deactivate", &ann, "--json"])["active"],
        false
    );
    let ask = Ask::get(format!("/scim/v2/acme/Users/{ann}")).bearer(token);
    assert_eq!(
        client.send(&ask).unwrap().expect(200).json()["active"],
        false
    );
    // A refused request leaves a trace that the command line reads, too.
    let duplicate = Ask::new("POST", "/scim/v2/acme/Users")
        .bearer(token)
        .scim(&user("ANN@acme.com"));
    client.send(&duplicate).unwrap().expect(409);
    let traces = loop {
        let traces = shell.json(&[
            "trace",
            "list",
            "--org",
            "acme",
            "--outcome",
            "refused",
            "--json",
        ]);
        if traces["items"] != json!([]) {
            break traces;
        }
    };
    let reference = traces["items"][0]["reference"].as_str().unwrap();
    assert_eq!(
        shell.json(&["trace", "show", reference, "--json"])["code"],
        "uniqueness"
    );
    // What an account loses, it loses at the next request.
    let session = Ask::get("/api/v1/session").with(&cookie);
    client.send(&session).unwrap().expect(200);
    let name = first["username"].as_str().unwrap();
    assert!(name.starts_with("break-glass-"), "{name}");
    shell.json(&["break-glass", "disable", name, "--force", "--json"]);
    client.send(&session).unwrap().expect(401);
}

#[test]
fn wrong_input_is_told_with_its_field() {
    let shell = Shell::acme();
    let provider = shell.json(&[
        "provider", "add", "--org", "acme", "--domain", "acme.com", "--json",
    ]);
    let id = provider["id"].as_str().unwrap();
    let page = shell.write("page.html", "<html><body>Sign in</body></html>");
    let short = shell.write("short", "short\n");
    let empty = shell.write("empty", "");
    for (arguments, code, word) in [
        (vec!["org", "create", "A_B"], 2, "slug"),
        (vec!["org", "create", "acme"], 1, "slug"),
        (vec!["org", "create", "new", "--name", ""], 1, "name"),
        (vec!["org", "create"], 2, "<SLUG>"),
        (
            vec!["org", "create", "new", "--colour", "red"],
            2,
            "--colour",
        ),
        (vec!["org", "show", "nothing"], 1, "nothing"),
        (
            vec!["org", "set", "acme", "--default-user-level", "owner"],
            2,
            "--default-user-level",
        ),
        (vec!["nothing"], 2, "nothing"),
        (vec![], 2, "Usage"),
        (
            vec!["provider", "add", "--org", "acme", "--domain", "no domain"],
            2,
            "--domain",
        ),
        (
            vec!["provider", "add", "--org", "acme", "--domain", "acme.com"],
            1,
            "acme.com",
        ),
        (
            vec![
                "provider",
                "add",
                "--org",
                "acme",
                "--kind",
                "ldap",
                "--domain",
                "a.example",
            ],
            2,
            "--kind",
        ),
        (
            vec![
                "provider",
                "add",
                "--org",
                "nothing",
                "--domain",
                "a.example",
            ],
            1,
            "nothing",
        ),
        (vec!["provider", "show", "nothing"], 1, "nothing"),
        (
            vec!["provider", "set", id, "--metadata-file", "missing.xml"],
            1,
            "missing.xml",
        ),
        (
            vec!["provider", "set", id, "--metadata-file", &page],
            1,
            "--metadata-file",
        ),
        (
            vec![
                "provider",
                "set",
                id,
                "--metadata-url",
                "http://acme.okta.com/",
            ],
            1,
            "metadata_url",
        ),
        (
            vec![
                "provider",
                "set",
                id,
                "--metadata-url",
                "x",
                "--metadata-file",
                &page,
            ],
            2,
            "--metadata-file",
        ),
        (vec!["provider", "set", id, "--sso-url", SSO], 2, "--issuer"),
        (
            vec![
                "provider",
                "set",
                id,
                "--sso-url",
                SSO,
                "--issuer",
                ISSUER,
                "--certificate-file",
                &page,
            ],
            1,
            "--certificate-file",
        ),
        (vec!["provider", "set", id, "--state", "active"], 1, "draft"),
        (vec!["provider", "set", id, "--jit", "yes"], 2, "--jit"),
        (
            vec![
                "scim",
                "token",
                "create",
                "--org",
                "acme",
                "--expires-at",
                "yesterday",
            ],
            2,
            "--expires-at",
        ),
        (
            vec!["scim", "token", "revoke", "nothing", "--org", "acme"],
            1,
            "nothing",
        ),
        (vec!["user", "show", "nothing"], 1, "nothing"),
        (
            vec!["user", "list", "--org", "acme", "--limit", "0"],
            2,
            "--limit",
        ),
        (
            vec!["group", "set", "nothing", "--level", "viewer"],
            1,
            "nothing",
        ),
        (
            vec!["group", "set", "nothing", "--level", "owner"],
            2,
            "--level",
        ),
        (vec!["break-glass", "create", ""], 1, "name"),
        (
            vec!["break-glass", "create", "ada", "--password-file", &short],
            1,
            "12",
        ),
        (
            vec!["break-glass", "create", "ada", "--password-file", &empty],
            1,
            "empty",
        ),
        (vec!["break-glass", "disable", "nobody"], 1, "account"),
        (vec!["trace", "show", "nothing"], 1, "nothing"),
        (vec!["--data", "missing.db", "org", "list"], 1, "missing.db"),
        (
            vec!["--data", "missing/x.db", "org", "create", "a"],
            1,
            "missing",
        ),
        (vec!["--data", ".", "org", "list"], 1, "regular file"),
    ] {
        let said = shell.fail(&arguments, code);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert!(
        !shell.directory.file("missing.db").exists(),
        "a reading command makes nothing"
    );
    let list = shell.json(&["org", "list", "--json"]);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[test]
fn local_users_from_the_command_line() {
    let shell = Shell::acme();
    let made = shell.json(&[
        "user",
        "invite",
        "--org",
        "acme",
        "--email",
        "bob@local.example",
        "--name",
        "Bob",
        "--level",
        "editor",
        "--json",
    ]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["origin"], &made["level"]),
        (&json!("local"), &json!("editor"))
    );
    assert_eq!(made["invitation"]["kind"], "join");
    let url = made["invitation"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://localhost:8443/join/"), "{url}");
    assert_eq!(made["invitation"]["created_by"], "the command line");
    let again = shell.json(&["user", "join-link", id, "--json"]);
    assert_ne!(again["url"], made["invitation"]["url"]);
    let printed = text(&shell.run(&["user", "join-link", id]).stdout);
    assert!(
        printed.contains("shown this once") && printed.contains("/join/"),
        "{printed}"
    );
    let set = shell.json(&[
        "user",
        "set",
        id,
        "--name",
        "Robert",
        "--no-level",
        "--json",
    ]);
    assert_eq!(
        (&set["displayName"], &set["level"]),
        (&json!("Robert"), &Value::Null)
    );
    let set = shell.json(&["user", "set", id, "--level", "admin", "--json"]);
    assert_eq!(
        set["levels"],
        json!([{ "level": "admin", "from": "direct" }])
    );
    let links = shell.json(&["user", "links", id, "--json"]);
    let links = links["items"].as_array().unwrap();
    let newest = links[0]["id"].as_str().unwrap();
    assert!(links.len() == 3 && links[0]["revoked_at"].is_null());
    assert!(
        links[1]["revoked_at"].is_string(),
        "a newer one replaced it"
    );
    let revoked = shell.json(&["user", "revoke-link", id, newest, "--json"]);
    assert_eq!(revoked["revoked"], true);
    shell.fail(&["user", "revoke-link", id, "nothing"], 1);
    let printed = text(&shell.run(&["user", "links", id]).stdout);
    assert!(!printed.contains("open"), "{printed}");
    let off = ["org", "set", "acme", "--local-sign-in", "false", "--json"];
    assert_eq!(shell.json(&off)["local_sign_in"], false);
    for (arguments, code, word) in [
        (vec!["user", "join-link", id], 1, "switched off"),
        (vec!["user", "set", id], 1, "--name"),
        (vec!["user", "set", id, "--level", "owner"], 2, "--level"),
        (vec!["user", "set", id, "--email", "bob"], 1, "email"),
        (vec!["user", "remove-second-factor", id], 1, "second factor"),
        (vec!["user", "delete", "nothing"], 1, "nothing"),
        (
            vec![
                "user",
                "invite",
                "--org",
                "acme",
                "--email",
                "BOB@local.example",
            ],
            1,
            "email",
        ),
        (
            vec!["org", "set", "acme", "--local-sign-in", "maybe"],
            2,
            "--local-sign-in",
        ),
    ] {
        let said = shell.fail(&arguments, code);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    shell.json(&["org", "set", "acme", "--local-sign-in", "true", "--json"]);
    let early = shell.fail(&["user", "reset-link", id], 1);
    assert!(early.contains("join"), "{early}");
    assert_eq!(
        shell.json(&["user", "delete", id, "--json"])["deleted"],
        true
    );
    shell.fail(&["user", "show", id], 1);
}

#[test]
fn help_shows_the_environment_variables() {
    let shell = Shell::new();
    let help = |arguments: &[&str]| {
        let output = shell.run(arguments);
        assert!(output.status.success());
        text(&output.stdout)
    };
    let main = help(&["--help"]);
    let (_, commands) = main.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .map(|l| l.split_ascii_whitespace().next().unwrap())
        .collect();
    assert!(commands.len() >= 11, "{commands:?}");
    for command in commands {
        let help = help(&[command, "--help"]);
        // The demo has a database of its own.
        let has_data = command != "demo";
        assert_eq!(help.contains("PORTCULLIS_DATA"), has_data, "{command}");
        assert!(help.contains("PORTCULLIS_LOG_FORMAT"), "{command}");
    }
    for arguments in [
        &["demo", "--once", "--data", "my.db"][..],
        &["--data=my.db", "demo"],
    ] {
        let refused = shell.fail(arguments, 1);
        assert!(refused.contains("leave --data out"), "{refused}");
    }
    let serve = help(&["serve", "--help"]);
    let options = serve
        .lines()
        .map(str::trim)
        .filter(|l| l.starts_with("--"))
        .count();
    let variables = serve.matches("[env: PORTCULLIS_").count();
    assert!(options >= 9);
    assert_eq!(variables, options, "every option has its variable: {serve}");
    assert!(
        help(&["break-glass", "create", "--help"]).contains("PORTCULLIS_BREAK_GLASS_PASSWORD_FILE")
    );
    assert!(help(&["man"]).contains(".TH portcullis"));
    for kind in ["bash", "zsh", "fish"] {
        assert!(help(&["completions", kind]).contains("break-glass"));
    }
    // And they count.
    let other = shell.directory.file("other.db");
    let made = shell
        .command(&["org", "create", "acme", "--json"])
        .env("PORTCULLIS_DATA", &other)
        .output()
        .unwrap();
    assert!(made.status.success() && other.exists());
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let shell = Shell::acme();
    let foreign = shell.directory.file("foreign.db");
    let conn = rusqlite::Connection::open(&foreign).unwrap();
    conn.execute_batch("CREATE TABLE photos (id INTEGER); INSERT INTO photos VALUES (1)")
        .unwrap();
    drop(conn);
    let newer = shell.directory.file("newer.db");
    fs::copy(shell.directory.file("portcullis.db"), &newer).unwrap();
    let conn = rusqlite::Connection::open(&newer).unwrap();
    conn.pragma_update(None, "user_version", 9999).unwrap();
    drop(conn);
    let noise = shell.directory.file("noise.db");
    fs::write(
        &noise,
        "not a database at all, but longer than one hundred bytes ".repeat(20),
    )
    .unwrap();
    for (path, word) in [
        (&foreign, "another program"),
        (&newer, "newer version"),
        (&noise, "not a SQLite database"),
    ] {
        let before = fs::read(path).unwrap();
        let name = path.to_str().unwrap();
        for arguments in [
            ["--data", name, "org", "list", ""],
            ["--data", name, "org", "create", "new"],
            ["--data", name, "break-glass", "create", "ada"],
            ["--data", name, "serve", "--tls", "off"],
        ] {
            let arguments: Vec<&str> = arguments.into_iter().filter(|a| !a.is_empty()).collect();
            let said = shell.fail(&arguments, 1);
            assert!(said.contains(word) && said.contains(name), "{said}");
        }
        assert_eq!(fs::read(path).unwrap(), before, "{name}");
        assert!(!Path::new(&format!("{name}-wal")).exists());
    }
}

#[test]
fn serve_refuses_what_would_be_unsafe_or_half() {
    let shell = Shell::new();
    let said = shell.fail(&["serve", "--tls", "off", "--listen", "0.0.0.0:0"], 1);
    assert!(
        said.contains("--tls off") && said.contains("in the clear"),
        "{said}"
    );
    shell.fail(&["serve", "--tls", "off", "--listen", "[::]:0"], 1);
    let said = shell.fail(&["serve", "--tls", "files"], 2);
    assert!(said.contains("--tls-cert"), "{said}");
    shell.fail(
        &[
            "serve",
            "--tls",
            "files",
            "--tls-cert",
            "no.pem",
            "--tls-key",
            "no.pem",
            "--listen",
            "127.0.0.1:0",
            "--break-glass-password-file",
            "no",
        ],
        1,
    );
    for (arguments, word) in [
        (["--public-url", "sso.acme.com"], "--public-url"),
        (
            ["--public-url", "https://sso.acme.com/path"],
            "--public-url",
        ),
        (["--public-url", "https://so_so.acme.com"], "_"),
        (["--trusted-proxy", "everybody"], "--trusted-proxy"),
        (["--listen", "localhost"], "--listen"),
        (["--tls", "maybe"], "--tls"),
    ] {
        let said = shell.fail(&["serve", arguments[0], arguments[1]], 2);
        assert!(said.contains(word), "{said}");
    }
    assert!(
        !shell.directory.file("portcullis.db").exists(),
        "nothing was made"
    );
    // With an account there already: a first start shows the password it made whatever comes after.
    shell.json(&["break-glass", "create", "keeper", "--json"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = shell.fail(&["serve", "--tls", "off", "--listen", &address], 1);
    assert!(said.contains(&address), "{said}");
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let shell = Shell::acme();
    let password = shell.write("password", "correct horse battery staple");
    let serve = || shell.serve(&["--tls", "off", "--break-glass-password-file", &password]);
    let token = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    let token = token["token"].as_str().unwrap();
    let mut answered: Vec<String> = Vec::new();
    for round in 0..2 {
        let mut server = serve();
        assert!(server.events.iter().all(|e| e["password"].is_null()));
        let client = &server.client();
        let made = thread::scope(|scope| {
            let pushers: Vec<_> = (0..4)
                .map(|pusher| {
                    scope.spawn(move || {
                        let mut made = Vec::new();
                        for number in 0..10_000 {
                            let name = format!("r{round}p{pusher}n{number}@acme.com");
                            let ask = Ask::new("POST", "/scim/v2/acme/Users")
                                .bearer(token)
                                .scim(&user(&name));
                            match client.send(&ask) {
                                Ok(answer) => made.push(
                                    answer.expect(201).json()["id"].as_str().unwrap().to_owned(),
                                ),
                                Err(_) => break,
                            }
                        }
                        made
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(400));
            server.child.kill().unwrap();
            pushers
                .into_iter()
                .flat_map(|p| p.join().unwrap())
                .collect::<Vec<_>>()
        });
        server.child.wait().unwrap();
        assert!(made.len() > 4, "{}", made.len());
        answered.extend(made);
    }
    let server = serve();
    let client = server.client();
    for id in &answered {
        let ask = Ask::get(format!("/scim/v2/acme/Users/{id}")).bearer(token);
        client.send(&ask).unwrap().expect(200);
    }
    let list = client
        .send(&Ask::get("/scim/v2/acme/Users?count=0").bearer(token))
        .unwrap()
        .json();
    let total = list["totalResults"].as_u64().unwrap();
    let answered = answered.len() as u64;
    assert!(
        (answered..=answered + 8).contains(&total),
        "{answered} answered, {total} there"
    );
}

#[test]
fn a_stop_finishes_what_runs() {
    let shell = Shell::acme();
    let token = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    let token = token["token"].as_str().unwrap();
    let password = shell.write("password", "correct horse battery staple");
    let mut server = shell.serve(&["--tls", "off", "--break-glass-password-file", &password]);
    let client = &server.client();
    let made = thread::scope(|scope| {
        let pusher = scope.spawn(move || {
            let mut made = 0;
            loop {
                let ask = Ask::new("POST", "/scim/v2/acme/Users").bearer(token);
                match client.send(&ask.scim(&user(&format!("n{made}@acme.com")))) {
                    Ok(answer) => drop(answer.expect(201)),
                    Err(_) => return made,
                }
                made += 1;
            }
        });
        thread::sleep(Duration::from_millis(200));
        server.terminate();
        pusher.join().unwrap()
    });
    let status = server.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(made > 0);
    let list = shell.json(&["user", "list", "--org", "acme", "--json"]);
    let total = list["total"].as_u64().unwrap();
    assert!(
        (made..=made + 1).contains(&total),
        "{made} answered, {total} there"
    );
    for left in ["portcullis.db-wal", "portcullis.db-shm"] {
        assert!(!shell.directory.file(left).exists(), "{left}");
    }
}

#[test]
fn a_local_authority_vouches_for_the_server() {
    let shell = Shell::acme();
    let server = shell.serve(&["--public-url", "https://localhost:8443"]);
    assert!(
        server.events.last().unwrap()["url"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    let whoever = Client::over_tls(server.port, None);
    let ca = whoever.send(&Ask::get("/ca.pem")).unwrap().expect(200);
    assert_eq!(ca.header("content-type"), Some("application/x-pem-file"));
    assert!(!ca.text().contains("PRIVATE"));
    let trusting =
        |port: u16, pem: &[u8]| Client::over_tls(port, Some(pem)).send(&Ask::get("/healthz"));
    let answer = trusting(server.port, &ca.body).unwrap().expect(200);
    // On localhost it would force https onto every other port of this machine.
    assert!(answer.header("strict-transport-security").is_none());
    let stranger = Authority::generate("Stranger", clock::now()).unwrap();
    assert!(trusting(server.port, &pem("CERTIFICATE", &stranger.certificate)).is_err());
    // Plain HTTP on the TLS port gets nowhere and harms nobody.
    let mut plain = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut got = Vec::new();
    let _ = plain.read_to_end(&mut got);
    assert!(!got.starts_with(b"HTTP/1.1 200"));
    // The authority outlives a restart.
    let port = server.port;
    drop(server);
    let server = shell.serve(&[]);
    assert_ne!(server.port, port);
    trusting(server.port, &ca.body).unwrap().expect(200);
}

#[test]
fn certificates_of_ones_own() {
    let shell = Shell::acme();
    let authority = Authority::generate("Test", clock::now()).unwrap();
    let leaf = authority
        .issue(&["localhost".to_owned()], clock::now())
        .unwrap();
    let certificate = shell.write("chain.pem", pem("CERTIFICATE", &leaf.certificate));
    let key = shell.write("key.pem", pem("PRIVATE KEY", &leaf.key));
    let server = shell.serve(&[
        "--tls",
        "files",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ]);
    let ca = pem("CERTIFICATE", &authority.certificate);
    let client = Client::over_tls(server.port, Some(&ca));
    client.send(&Ask::get("/healthz")).unwrap().expect(200);
    client.send(&Ask::get("/ca.pem")).unwrap().expect(404);
    // A key that belongs to another certificate is refused at the start.
    let other = authority
        .issue(&["localhost".to_owned()], clock::now())
        .unwrap();
    let other = shell.write("other.pem", pem("PRIVATE KEY", &other.key));
    let half = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "files",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &other,
    ];
    shell.fail(&half, 1);
}

pub(crate) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
    .into_bytes()
}
