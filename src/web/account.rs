//! The page of the own account. The shell is made here; what it shows and does is the API's.

use super::route::Call;
use super::signed_in::Who;
use super::template::page;
use super::{App, Problem};
use crate::edge::Response;

/// `GET /account`
pub(super) fn show(_: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let Who::User {
        user, organization, ..
    } = &call.signed_in()?.who
    else {
        return Ok(Response::new(303).header("Location", "/console"));
    };
    let values = [
        (
            "display_name",
            user.display_name.as_deref().unwrap_or(&user.user_name),
        ),
        ("email", user.email.as_deref().unwrap_or(&user.user_name)),
        ("organization", &organization.name),
    ];
    Ok(page(200, "account.html", &values))
}
