//! What whoever looks at the console should know.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::access::break_glass::notice;
use crate::directory::{Action, Decision, Target, may};
use crate::edge::Response;

/// `GET /api/v1/notices`: for operators and admins; nobody else has any.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let signed_in = call.signed_in()?;
    let actor = signed_in.actor();
    let allowed = |action, target| may(&actor, action, target) == Decision::Allowed;
    let administers = signed_in
        .organization()
        .is_some_and(|own| allowed(Action::Administer, Target::Organization(&own.id)));
    let items = if allowed(Action::Operate, Target::Appliance) {
        app.store
            .read(|conn| notice::for_operators(conn, call.now))?
    } else if administers {
        app.store.read(|conn| notice::for_admins(conn, call.now))?
    } else {
        Vec::new()
    };
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}
