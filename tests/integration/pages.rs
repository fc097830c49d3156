//! The embedded files and the pages the server makes.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::app::TestApp;
use crate::http::{Answer, Ask};

fn embedded() -> Vec<(String, PathBuf)> {
    fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => collect(&path, found),
                false => found.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            (
                path.strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
                path,
            )
        })
        .collect()
}

#[test]
fn every_file_is_served_but_the_templates() {
    let app = TestApp::start();
    for (name, path) in embedded() {
        let answer = app.ask(Ask::get(format!("/static/{name}")));
        if name.starts_with("pages/") {
            answer.expect(404);
            continue;
        }
        let answer = answer.expect(200);
        assert_eq!(answer.body, fs::read(&path).unwrap(), "{name}");
        assert!(answer.header("content-encoding").is_none());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let kind = answer.header("content-type").unwrap();
        let wanted = match name.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "css" => "text/css",
            "html" => "text/html",
            "svg" => "image/svg+xml",
            other => panic!("a file of a new kind: {other}"),
        };
        assert!(kind.starts_with(wanted), "{name}: {kind}");
    }
    for name in [
        "pages%2Flogin.html",
        "./pages/login.html",
        "console/../pages/login.html",
        "%2e%2e/pages/login.html",
        "/pages/login.html",
        "pages/",
        "pages",
        "",
        "Pages/login.html",
        "..%2f..%2fCargo.toml",
    ] {
        let answer = app.ask(Ask::get(format!("/static/{name}")));
        assert!(
            (400..500).contains(&answer.status),
            "{name}: {}",
            answer.status
        );
    }
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let app = TestApp::start();
    let path = "/static/style/base.css";
    let ask = |headers: &[(&str, &str)]| -> Answer {
        let ask = Ask::get(path);
        app.ask(
            headers
                .iter()
                .fold(ask, |ask, (name, value)| ask.header(name, value)),
        )
    };
    let plain = ask(&[]).expect(200);
    let packed = ask(&[("Accept-Encoding", "gzip")]).expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.body)
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body);
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let (plain, packed) = (tag(&plain), tag(&packed));
    for strong in [&plain, &packed] {
        assert!(strong.starts_with('"') && strong.ends_with('"'), "{strong}");
    }
    assert_ne!(plain, packed);
    for (tags, encoding, status) in [
        (plain.as_str(), "identity", 304),
        (&packed, "gzip", 304),
        (&packed, "identity", 200),
        (&plain, "gzip", 200),
        (&format!("\"x\", {plain}"), "identity", 304),
        (&format!("W/{plain}"), "identity", 304),
        ("*", "identity", 304),
        ("\"x\"", "identity", 200),
        (plain.trim_matches('"'), "identity", 200),
    ] {
        let answer = ask(&[("If-None-Match", tags), ("Accept-Encoding", encoding)]);
        assert_eq!(answer.status, status, "{tags} {encoding}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert!(answer.header("etag").is_some());
        assert_eq!(answer.body.is_empty(), status == 304);
    }
    for (accepted, is_packed) in [
        ("gzip, deflate, br", true),
        ("br;q=1.0, GZIP;q=0.8", true),
        ("*", true),
        ("gzip;q=0", false),
        ("identity", false),
        ("xgzip", false),
    ] {
        let answer = ask(&[("Accept-Encoding", accepted)]);
        assert_eq!(
            answer.header("content-encoding").is_some(),
            is_packed,
            "{accepted}"
        );
    }
}

#[test]
fn every_answer_forbids_what_no_page_needs() {
    let app = TestApp::start();
    for path in [
        "/",
        "/login",
        "/break-glass",
        "/console",
        "/console/acme/users/1",
        "/static/theme.js",
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/ca.pem",
        "/nothing",
        "/saml/x/login",
        "/api/v1/session",
        "/api/v1/nothing",
        "/scim/v2/acme/Users",
        "/scim/nothing",
    ] {
        let answer = app.ask(Ask::get(path));
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.split("; ").any(|p| p.trim() == part),
                "{path}: {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert!(policy.contains("form-action 'self'"), "{path}");
        assert_eq!(answer.all("content-security-policy").count(), 1);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        assert!(answer.header("server").is_none(), "{path}");
        let file =
            path.starts_with("/static/") || path.starts_with("/console") || path == "/favicon.ico";
        let kept = if file { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), Some(kept), "{path}");
    }
    let plain = app.ask(Ask::get("/login"));
    assert!(plain.header("strict-transport-security").is_none());
    let by_tls = app.ask(Ask::get("/login").header("X-Forwarded-Proto", "https"));
    assert!(by_tls.header("strict-transport-security").is_some());
}

/// What a page may not hold under our policy, and would silently not do.
fn inline(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in html
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
    {
        let (tag, content) = tag;
        let lower = tag.to_ascii_lowercase();
        let name = lower.split([' ', '\n', '/']).next().unwrap_or_default();
        if name == "script" && (!lower.contains("src=") || !content.trim().is_empty()) {
            found.push(format!("<{tag}>"));
        }
        if name == "style" {
            found.push(format!("<{tag}>"));
        }
        for attribute in lower.split_ascii_whitespace().skip(1) {
            if attribute.starts_with("style=")
                || (attribute.starts_with("on") && attribute.contains('='))
                || attribute.contains("javascript:")
                || ((attribute.starts_with("src=") || attribute.starts_with("href="))
                    && attribute.contains("//"))
            {
                found.push(format!("<{tag}>"));
            }
        }
    }
    found
}

#[test]
fn no_page_has_anything_inline_or_from_elsewhere() {
    assert_eq!(inline("<p style=\"x\"><a onclick=x>").len(), 2);
    assert_eq!(inline("<script>x</script><style>y</style>").len(), 2);
    assert_eq!(inline("<script src=\"https://x/y.js\"></script>").len(), 1);
    let mut pages = 0;
    for (name, path) in embedded() {
        if name.ends_with(".html") {
            pages += 1;
            let found = inline(&fs::read_to_string(path).unwrap());
            assert!(found.is_empty(), "{name}: {found:?}");
        }
        if name.ends_with(".js") {
            let source = fs::read_to_string(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("static")
                    .join(&name),
            )
            .unwrap();
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
    assert!(pages >= 6);
    let app = TestApp::start();
    for path in ["/login", "/break-glass", "/console", "/nothing"] {
        let page = app.ask(Ask::get(path)).text();
        let found = inline(&page);
        assert!(found.is_empty(), "{path}: {found:?}");
        assert!(!page.contains("{{"), "{path}");
    }
}

#[test]
fn what_a_page_refers_to_is_there() {
    let app = TestApp::start();
    for (name, path) in embedded()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".html"))
    {
        let html = fs::read_to_string(path).unwrap();
        for part in html
            .split(['"', '\''])
            .filter(|part| part.starts_with("/static/"))
        {
            let answer = app.ask(Ask::get(part));
            assert_eq!(answer.status, 200, "{name} refers to {part}");
        }
    }
}

#[test]
fn the_console_answers_at_every_depth() {
    let app = TestApp::start();
    let page = app.ask(Ask::get("/console")).expect(200);
    for path in [
        "/console/",
        "/console/acme",
        "/console/acme/providers/x?tab=y",
        "/console/%3Cscript%3E",
    ] {
        let deep = app.ask(Ask::get(path)).expect(200);
        assert_eq!(deep.body, page.body, "{path}");
        assert_eq!(deep.header("etag"), page.header("etag"), "{path}");
    }
    app.ask(Ask::get("/consoles")).expect(404);
    app.ask(Ask::new("POST", "/console/acme").form(&[]))
        .expect(405);
}

#[test]
fn values_on_pages_are_text() {
    let (app, acme) = TestApp::acme();
    let mut evil = crate::app::user("<img src=x>@acme.com");
    evil["displayName"] = "<script>alert(1)</script>".into();
    let made = app.scim(&acme, "POST", "/Users", &evil).expect(201).json();
    let id = made["id"].as_str().unwrap();
    app.push_group(&acme, "<b>\"&'", &[id]);
    let page = app
        .ask(Ask::get("/").with(&app.session(id)))
        .expect(200)
        .text();
    assert!(
        page.contains("&lt;script&gt;") && page.contains("&lt;b&gt;"),
        "{page}"
    );
    assert!(
        !page.contains("<script>alert") && !page.contains("<b>") && !page.contains("<img src=x")
    );
    let answer = app
        .ask(Ask::get("/login?return_to=%22%3E%3Cb%3E"))
        .expect(200)
        .text();
    assert!(!answer.contains("<b>"));
}
