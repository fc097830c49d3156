//! What each identity provider does in its own way, one recorded sequence each.

use crate::app::TestApp;
use crate::http::Ask;
use crate::scim_wire::runner;

#[test]
fn every_quirk() {
    let (app, acme) = TestApp::acme();
    let suite =
        runner::Suite::parse(include_str!("../../fixtures/scim-cases/quirks.json")).unwrap();
    let mut send = |request: &runner::Request| {
        let answer = app.send(&Ask {
            method: request.method.clone(),
            path: format!("/scim/v2/{}{}", acme.slug, request.path_and_query),
            headers: request.headers.clone(),
            body: request.body.clone(),
        })?;
        Ok(runner::Answer {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    };
    let outcome = suite.play(&[], &acme.token, &mut send);
    assert!(outcome.failed.is_empty(), "{:#?}", outcome.failed);
    assert_eq!(outcome.passed.len(), 27);
}
