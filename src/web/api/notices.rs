//! What whoever looks at the console should know.

use serde_json::json;

use super::super::route::Call;
use super::super::signed_in::Who;
use super::super::{App, Problem};
use super::json as answer;
use crate::access::break_glass::notice;
use crate::directory::Level;
use crate::edge::Response;

/// `GET /api/v1/notices`: for operators and admins; nobody else has any.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let now = call.now;
    let items = match &call.signed_in()?.who {
        Who::Operator { .. } => app.store.read(|conn| notice::for_operators(conn, now))?,
        Who::User {
            level: Some(Level::Admin),
            ..
        } => app.store.read(|conn| notice::for_admins(conn, now))?,
        Who::User { .. } => Vec::new(),
    };
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}
