//! Each product by its own words: its metadata is taken as it is, somebody signs in by a response
//! in its shape, and what its attributes say arrives without a setting.

use portcullis::directory::provider_kind::Kind;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::http::Ask;
use crate::saml::fixture::{IDP, IMPOSTOR, ISSUER};
use crate::shapes;

/// An active provider of this kind for `{kind}.example` in the tenant's organization, with a groups attribute.
fn connect(app: &TestApp, acme: &Tenant, kind: Kind) -> Tenant {
    let path = format!("{}/providers", acme.base);
    let body = json!({ "kind": kind, "domains": [format!("{kind}.example")] });
    let made = app.as_operator("POST", &path, &body).expect(201).json();
    assert_eq!(made["kind"], json!(kind));
    assert_eq!(
        made["skew_seconds"],
        json!(kind.preset().skew_seconds),
        "{kind}"
    );
    assert_eq!(
        made["mapping"]["email"],
        json!(kind.preset().attributes.email)
    );
    assert_eq!(made["mapping"]["groups"], json!([]));
    let tenant = Tenant {
        provider: made["id"].as_str().unwrap().to_owned(),
        ..acme.clone()
    };
    let body = json!({
        "metadata_xml": shapes::metadata(kind.word()),
        "mapping": { "groups": kind.preset().attributes.groups },
    });
    let shown = app.set_provider(&tenant, &body);
    assert_eq!(
        (&shown["state"], &shown["missing"]),
        (&json!("active"), &json!([]))
    );
    assert_eq!(shown["mapping_changed"], json!(["groups"]));
    tenant
}

#[test]
fn somebody_signs_in_by_the_shape_of_each() {
    let app = TestApp::start();
    for kind in Kind::ALL {
        let own = app.tenant(kind.word(), &format!("{kind}.other"));
        let tenant = connect(&app, &own, kind);
        let email = format!("ann@{kind}.example");
        let mut browser = Browser::new(&app);
        // Home-realm discovery: of all providers the domain's.
        let form = [("email", email.as_str())];
        let answer = browser
            .send(Ask::new("POST", "/login").form(&form))
            .expect(303);
        assert!(answer.location().contains(&tenant.provider), "{kind}");
        let start = answer.location().to_owned();
        let started = browser.start_at(&start);
        let xml = shapes::response(&app, kind.word(), &started, &email);
        let answer = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
        assert_eq!(answer.status, 303, "{kind}: {}", app.newest_trace(&own));
        let session = browser.session().unwrap();
        let user = &session["user"];
        assert_eq!(user["email"], json!(email), "{kind}");
        assert_eq!(user["displayName"], "Ann Other", "{kind}");
        let groups: Vec<&str> = session["groups"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|g| g["displayName"].as_str().or(g.as_str()))
            .collect();
        assert!(!groups.is_empty(), "{kind}: {session}");
        assert_eq!(session["level"], "viewer", "{kind}");
        // The same response once more is none.
        let again = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
        assert!(again.status >= 400, "{kind}");
    }
}

/// Whatever signs it, a changed response in any shape is refused.
#[test]
fn no_shape_is_taken_unsigned_or_changed() {
    let (app, acme) = TestApp::acme();
    for kind in Kind::ALL {
        let tenant = connect(&app, &acme, kind);
        let email = format!("ann@{kind}.example");
        let mut browser = Browser::new(&app);
        let started = browser.start(&tenant);
        let good = shapes::response(&app, kind.word(), &started, &email);
        let changed = match kind {
            Kind::Shibboleth => good.replacen("<xenc:CipherValue>", "<xenc:CipherValue>AAAA", 1),
            _ => good.replacen(">Ann<", ">Eve<", 1),
        };
        assert_ne!(changed, good, "{kind}");
        let answer = browser.post(
            &started.request.acs_url,
            &changed,
            Some(&started.relay_state),
        );
        assert!(answer.status >= 400, "{kind}");
        assert!(browser.session().is_none(), "{kind}");
    }
}

#[test]
fn a_table_of_kinds_for_whoever_is_signed_in() {
    let (app, acme) = TestApp::acme();
    let (_, viewer) = app.person(&acme, "viewer");
    let kinds = app
        .ask(Ask::get("/api/v1/provider-kinds").with(&viewer))
        .expect(200)
        .json();
    assert_eq!(kinds["total"], 10);
    let google = kinds["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["kind"] == "google")
        .unwrap();
    assert_eq!(google["metadata"]["url"], Value::Null);
    assert_eq!(google["labels"]["acs_url"], "ACS URL");
    let unknown = json!({ "kind": "azure", "domains": ["x.example"] });
    let path = format!("{}/providers", acme.base);
    let problem = app.as_operator("POST", &path, &unknown).expect(400).json();
    assert_eq!(problem["field"], "kind");
    assert!(problem["detail"].as_str().unwrap().contains("entra"));
}

/// JumpCloud's entity ID is a word that anybody may choose.
#[test]
fn an_entity_id_may_stand_in_several_organizations() {
    let (app, acme) = TestApp::acme();
    let rival = app.tenant("rival", "rival.example");
    let sign_in = |tenant: &Tenant,
                   idp: &portcullis::demo::identity_provider::IdentityProvider,
                   name: &str| {
        let mut browser = Browser::new(&app);
        let started = browser.start(tenant);
        let xml = idp.issue(&started.spec(name)).unwrap();
        browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
        browser.session()
    };
    // The same Issuer, another key.
    let body = json!({ "metadata_xml": IMPOSTOR.metadata() });
    app.force("DELETE FROM provider_certificates");
    app.set_provider(&rival, &body);
    app.set_provider(&acme, &json!({ "metadata_xml": IDP.metadata() }));
    let both: Vec<Value> = [&acme, &rival]
        .map(|tenant| app.set_provider(tenant, &json!({ "jit": true }))["issuer"].clone())
        .to_vec();
    assert_eq!(both, [json!(ISSUER), json!(ISSUER)]);
    let ann = sign_in(&acme, &IDP, "ann@acme.com").unwrap();
    assert_eq!(ann["organization"]["slug"], "acme");
    let eve = sign_in(&rival, &IMPOSTOR, "eve@rival.example").unwrap();
    assert_eq!(eve["organization"]["slug"], "rival");
    // Neither speaks for the other's, in the name that both have.
    assert!(sign_in(&acme, &IMPOSTOR, "ann@acme.com").is_none());
    assert!(sign_in(&rival, &IDP, "eve@rival.example").is_none());
    assert!(sign_in(&rival, &IMPOSTOR, "ann@acme.com").is_none());
}

/// Several providers, each with several domains: each answers for its own.
#[test]
fn several_providers_with_several_domains() {
    let (app, acme) = TestApp::acme();
    let second = connect(&app, &acme, Kind::Entra);
    let domains = json!({ "domains": ["entra.example", "sub.acme.com", "acme.org"] });
    app.set_provider(&second, &domains);
    app.set_provider(&acme, &json!({ "domains": ["acme.com", "acme.net"] }));
    let led_to = |email: &str| {
        let form = [("email", email)];
        let answer = app.ask(Ask::new("POST", "/login").form(&form));
        (answer.status == 303).then(|| answer.location().to_owned())
    };
    for (email, tenant) in [
        ("ann@acme.com", &acme),
        ("ann@ACME.net", &acme),
        ("ann@sub.acme.com", &second),
        ("ann@acme.org", &second),
    ] {
        let path = format!("/saml/{}/login", tenant.provider);
        assert!(led_to(email).unwrap().starts_with(&path), "{email}");
    }
    assert_eq!(led_to("ann@other.acme.com"), None);
    // One provider's people are no other's, in the same organization.
    let mut browser = Browser::new(&app);
    let started = browser.start(&second);
    let xml = shapes::response(&app, "entra", &started, "ann@acme.com");
    browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
    assert!(browser.session().is_none());
    assert_eq!(app.newest_trace(&acme)["code"], "email-domain");
    app.set_provider(&second, &json!({ "state": "disabled" }));
    assert_eq!(led_to("ann@acme.org"), None);
}

#[test]
fn a_mapping_can_be_changed_and_taken_back() {
    let (app, acme) = TestApp::acme();
    let sign_in = |email: &str, name_id: &str, attribute: &str| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let mut spec = started.spec(name_id);
        spec.attributes = vec![(attribute, vec![email]), ("fn", vec!["Ann"])];
        browser.answer(&started, &spec);
        browser.session()
    };
    assert!(sign_in("a@acme.com", "a", "workMail").is_none());
    assert_eq!(app.newest_trace(&acme)["code"], "email-missing");
    let mapping = json!({ "mapping": { "email": ["workMail", "other"], "displayName": ["fn"] } });
    let shown = app.set_provider(&acme, &mapping);
    assert_eq!(shown["mapping"]["email"], json!(["workMail", "other"]));
    assert_eq!(shown["mapping"]["firstName"][0], "firstName");
    assert_eq!(shown["mapping_changed"], json!(["email", "displayName"]));
    let session = sign_in("a@acme.com", "a", "workMail").unwrap();
    assert_eq!(session["user"]["email"], "a@acme.com");
    assert_eq!(session["user"]["displayName"], "Ann");
    // Without NameID in the list it is no address, but it still has to be the provider's.
    let session = sign_in("b@acme.com", "b.nameid@acme.com", "other").unwrap();
    assert_eq!(session["user"]["email"], "b@acme.com");
    assert!(sign_in("b@acme.com", "b@evil.example", "other").is_none());
    let back = app.set_provider(&acme, &json!({ "mapping": { "email": null } }));
    assert_eq!(back["mapping"]["email"][0], "email");
    let logged = app.text(
        "SELECT detail FROM audit WHERE action = 'provider.changed' ORDER BY seq LIMIT 1 OFFSET 1",
    );
    assert!(logged.contains("workMail"), "{logged}");
}

#[test]
fn what_can_be_no_mapping_is_said() {
    let (app, acme) = TestApp::acme();
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let levels: serde_json::Map<String, Value> =
        (0..201).map(|n| (n.to_string(), json!("viewer"))).collect();
    let before = app.contents();
    for (body, field) in [
        (json!({ "mapping": { "mail": ["x"] } }), "mapping"),
        (json!({ "mapping": { "email": "x" } }), "mapping"),
        (json!({ "mapping": { "email": [1] } }), "mapping"),
        (json!({ "mapping": { "email": [] } }), "mapping"),
        (json!({ "mapping": { "email": [""] } }), "mapping"),
        (json!({ "mapping": { "email": ["a", "a"] } }), "mapping"),
        (json!({ "mapping": { "email": many } }), "mapping"),
        (json!({ "mapping": { "lastName": ["NameID"] } }), "mapping"),
        (
            json!({ "mapping": { "groups": ["x".repeat(257)] } }),
            "mapping",
        ),
        (json!({ "mapping": ["email"] }), "mapping"),
        (
            json!({ "group_levels": { "staff": "owner" } }),
            "group_levels",
        ),
        (json!({ "group_levels": { "staff": 1 } }), "group_levels"),
        (json!({ "group_levels": { "": "viewer" } }), "group_levels"),
        (json!({ "group_levels": levels }), "group_levels"),
        (json!({ "groups_mapped_only": "yes" }), "groups_mapped_only"),
        (json!({ "skew_seconds": 601 }), "skew_seconds"),
        (json!({ "skew_seconds": -1 }), "skew_seconds"),
        (json!({ "skew_seconds": 1.5 }), "skew_seconds"),
    ] {
        let problem = app.as_operator("PATCH", &path, &body).expect(400).json();
        assert_eq!(problem["field"], field, "{body}");
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn the_clock_may_be_off_by_what_was_set() {
    let (app, acme) = TestApp::acme();
    let late_by = |seconds: u64| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let mut spec = started.spec("ann@acme.com");
        let end = portcullis::clock::now().minus(std::time::Duration::from_secs(seconds));
        spec.not_on_or_after = end;
        browser.answer(&started, &spec);
        browser.session().is_some()
    };
    assert!(late_by(100) && !late_by(300));
    let shown = app.set_provider(&acme, &json!({ "skew_seconds": 600 }));
    assert_eq!(shown["skew_seconds"], 600);
    assert!(late_by(300));
    app.set_provider(&acme, &json!({ "skew_seconds": 0 }));
    assert!(!late_by(5));
}

#[test]
fn the_command_line_sets_what_the_api_sets() {
    let (app, acme) = TestApp::acme();
    let id = acme.provider.as_str();
    let shown = app.portcullis(&[
        "provider",
        "set",
        id,
        "--skew",
        "240",
        "--map",
        "email=mail, NameID",
        "--map",
        "lastName=sn",
        "--groups-attribute",
        "memberOf",
        "--group-level",
        "CN=ops,DC=acme=editor",
        "--group-level",
        "staff=viewer",
        "--groups-mapped-only",
        "true",
    ]);
    assert_eq!(shown["skew_seconds"], 240);
    assert_eq!(shown["mapping"]["email"], json!(["mail", "NameID"]));
    assert_eq!(shown["mapping"]["groups"], json!(["memberOf"]));
    assert_eq!(
        shown["group_levels"],
        json!({ "CN=ops,DC=acme": "editor", "staff": "viewer" })
    );
    assert_eq!(shown["groups_mapped_only"], true);
    let back = app.portcullis(&[
        "provider",
        "set",
        id,
        "--map",
        "email=",
        "--groups-attribute",
        "",
        "--group-level",
        "staff=",
    ]);
    assert_eq!(back["mapping_changed"], json!(["lastName"]));
    assert_eq!(back["group_levels"], json!({ "CN=ops,DC=acme": "editor" }));
    for kind in Kind::ALL {
        let domain = format!("{kind}.example");
        let arguments = [
            "provider",
            "add",
            "--org",
            "acme",
            "--kind",
            kind.word(),
            "--domain",
            &domain,
        ];
        assert_eq!(app.portcullis(&arguments)["kind"], json!(kind));
    }
}
