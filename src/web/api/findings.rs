//! What is wrong or soon will be.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::directory::{Action, Decision, Target, findings, may};
use crate::edge::Response;

/// `GET /api/v1/findings`: everything for operators, their organization's for admins; nobody else
/// has any.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let signed_in = call.signed_in()?;
    let actor = signed_in.actor();
    let own = signed_in.organization().map(|own| own.id.clone());
    let administers = own.as_deref().is_some_and(|own| {
        may(&actor, Action::Administer, Target::Organization(own)) == Decision::Allowed
    });
    let items = if call.may_operate()? {
        app.store.read(|conn| findings::all(conn, None, call.now))?
    } else if administers {
        app.store
            .read(|conn| findings::all(conn, own.as_deref(), call.now))?
    } else {
        Vec::new()
    };
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}
