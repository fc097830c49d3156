//! The identity provider products that we know: their words, their names for attributes, the steps.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::directory::provider_kind::Kind;
use crate::edge::Response;

/// `GET /api/v1/provider-kinds`: the same for everybody, and the same until the next release.
pub(in crate::web) fn list(_: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let items = Kind::ALL.map(Kind::preset);
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}
