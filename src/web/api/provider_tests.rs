//! Tests of a provider: a link that starts a sign-in which lets nobody in, and what came of it.

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::access::sign_in_test;
use crate::directory::{provider, provider_test};
use crate::edge::Response;

/// `POST .../providers/{provider}/tests`
pub(in crate::web) fn begin(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("provider").to_owned();
    let (by, now, public) = (call.author()?, call.now, app.public.clone());
    let begun = app.store.write(move |tx| {
        let found = provider::find_in(tx, &organization_id, &id)?;
        provider_test::begin(tx, &found, &public, sign_in_test::LONGEST, &by, now)
    })?;
    answer(201, &begun)
}

/// `GET .../providers/{provider}/tests/{test}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let progress = app.store.read(|conn| {
        let found = provider::find_in(conn, &organization.id, call.parameter("provider"))?;
        let id = call.parameter("test");
        provider_test::progress(conn, &found.id, id, call.now)
    })?;
    answer(200, &progress)
}
