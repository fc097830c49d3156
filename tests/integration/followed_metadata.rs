//! When followed metadata is looked at, and the folder of `serve --metadata-dir`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use portcullis::clock::{self, Timestamp};
use portcullis::demo::identity_provider::IdentityProvider;
use portcullis::directory::metadata_poll::{self, EVERY, Mode};
use portcullis::directory::provider;
use portcullis::observe::audit::Author;
use portcullis::store::StoreError;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::cli::Shell;
use crate::saml::fixture::{IDP, ISSUER};

fn due(app: &TestApp, at: Timestamp) -> usize {
    let found = app.store.write(move |tx| metadata_poll::due(tx, at));
    found.unwrap().len()
}

#[test]
fn an_address_is_looked_at_every_six_hours_or_up_to_seven() {
    let (app, acme) = TestApp::acme();
    let now = clock::now();
    // Set up by a file, there is nothing to look at.
    assert_eq!(due(&app, now), 0);
    app.store
        .write(|tx| {
            let url = "UPDATE providers SET metadata_url = 'https://idp.example/metadata'";
            Ok::<_, StoreError>(tx.execute(url, [])?)
        })
        .unwrap();
    assert_eq!(due(&app, now), 1);
    // It has its next time before anybody waits for the network.
    assert_eq!(due(&app, now), 0);
    assert_eq!(due(&app, now.plus(EVERY - Duration::from_secs(1))), 0);
    let later = now.plus(EVERY + Duration::from_secs(3600));
    assert_eq!(due(&app, later), 1);
    let id = acme.provider.clone();
    app.store
        .write(move |tx| {
            let found = provider::find(tx, &id)?;
            let by = Author::command_line();
            metadata_poll::set(tx, &found, Some(Mode::Off), None, &by, clock::now())
        })
        .unwrap();
    assert_eq!(due(&app, later.plus(EVERY * 2)), 0);
}

/// Until it is so, for at most twenty seconds.
fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < end, "not within 20 s: {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_good_file_in_the_folder_is_taken_while_the_server_runs() {
    let shell = Shell::acme();
    let kind = ["--kind", "okta", "--domain", "acme.com"];
    let added = shell.json(&[&["provider", "add", "--org", "acme", "--json"], &kind[..]].concat());
    let id = added["id"].as_str().unwrap();
    let file = shell.write("first.xml", IDP.metadata());
    shell.json(&["provider", "set", id, "--metadata-file", &file, "--json"]);
    let folder = shell.directory.file("folder");
    fs::create_dir(&folder).unwrap();
    let _server = shell.serve(&["--tls", "off", "--metadata-dir", folder.to_str().unwrap()]);
    let watched = || shell.json(&["provider", "metadata", "show", id, "--json"]);
    let waiting = |shown: &Value| shown["additions"].as_array().unwrap().len();
    assert_eq!(waiting(&watched()), 0);

    let next = IdentityProvider::generate(ISSUER, "https://acme.okta.com/app/x/sso/saml").unwrap();
    let published = folder.join(format!("{id}.xml"));
    fs::write(&published, next.metadata()).unwrap();
    wait_until("the new certificate waits", || waiting(&watched()) == 1);

    // A bad one changes nothing, and is told.
    fs::write(&published, "<html></html>").unwrap();
    wait_until("the failure is told", || {
        watched()["failure"] != json!(null)
    });
    assert_eq!(waiting(&watched()), 1);
}
