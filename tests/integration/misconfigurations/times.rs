//! Clocks and ends.

use std::time::Duration;

use portcullis::demo::identity_provider::ResponseSpec;
use serde_json::json;

use super::scene::{ANN, Seen, assertion_without, at};
use super::{Misconfiguration, row};
use crate::browser::Browser;
use crate::saml::fixture::IDP;

const AN_HOUR: Duration = Duration::from_secs(3600);

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "the identity provider's clock is fast",
        "not-yet-valid",
        &[("okta", "NTP"), ("saml", "raise the allowed clock skew")],
        |scene| {
            scene.answer(|spec| {
                spec.issue_instant = spec.issue_instant.plus(AN_HOUR);
                spec.not_before = spec.not_before.plus(AN_HOUR);
                spec.not_on_or_after = spec.not_on_or_after.plus(AN_HOUR);
            })
        },
    ),
    row(
        "the identity provider's clock is slow",
        "expired",
        &[("okta", "NTP"), ("google", "the person waited too long")],
        |scene| {
            scene.answer(|spec| {
                spec.issue_instant = spec.issue_instant.minus(AN_HOUR);
                spec.not_before = spec.not_before.minus(AN_HOUR);
                spec.not_on_or_after = spec.not_on_or_after.minus(AN_HOUR);
            })
        },
    ),
    row(
        "valid from this moment, and no skew allowed",
        "not-yet-valid",
        &[("adfs", "raise the allowed clock skew")],
        |scene| {
            scene.set(&json!({ "skew_seconds": 0 }));
            scene.answer(|spec| spec.not_before = at(30))
        },
    ),
    row(
        "the session there is over",
        "session-expired",
        &[
            ("okta", "\"Maximum app session lifetime\""),
            ("entra", "\"Sign-in frequency\""),
            ("google", "\"Google session control\""),
            ("onelogin", "\"Session lifetime\""),
        ],
        |scene| {
            let over = format!("SessionNotOnOrAfter=\"{}\" SessionIndex=", at(-3600));
            scene.assertion("SessionIndex=", &over)
        },
    ),
    row(
        "no end on the confirmation",
        "confirmation-expiry-missing",
        &[("okta", "\"SAML 2.0\"")],
        |scene| scene.document(|started| assertion_without(started, " NotOnOrAfter=\"", "\"")),
    ),
    row(
        "a time that is none",
        "time-malformed",
        &[("keycloak", "custom claims, hooks or scripts")],
        |scene| {
            scene.assertion(
                "AuthnInstant=",
                "SessionNotOnOrAfter=\"tomorrow\" AuthnInstant=",
            )
        },
    ),
    row(
        "started at the identity provider, an hour ago",
        "expired",
        &[("onelogin", "the person waited too long")],
        |scene| {
            scene.set(&json!({ "idp_initiated": true }));
            scene.answer(|spec| {
                spec.in_response_to = None;
                spec.issue_instant = spec.issue_instant.minus(AN_HOUR);
            })
        },
    ),
    row(
        "the same answer twice",
        "replayed",
        &[("jumpcloud", "reloaded the page")],
        |scene| {
            scene.set(&json!({ "idp_initiated": true }));
            let mut browser = Browser::new(&scene.app);
            let started = browser.start(&scene.acme);
            let spec = ResponseSpec {
                in_response_to: None,
                ..started.spec(ANN)
            };
            let xml = IDP.issue(&spec).unwrap();
            let acs = &started.request.acs_url;
            browser.post(acs, &xml, None).expect(303);
            Seen::Refused(browser.post(acs, &xml, None))
        },
    ),
];
