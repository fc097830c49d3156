//! `/Me` (RFC 7644 section 3.11): the user whose own API token it is, under the permanent address.
//! It can be read and no more: the profile belongs to whoever keeps it.

use super::{
    Answer, authenticate, conditions, exchange, projection, resource, scim, shown_user, unmodified,
};
use crate::access::api_token::{self, Presented, Scope};
use crate::directory::organization::Organization;
use crate::directory::{Action, Decision, Target, may, provisioning, way_in};
use crate::scim::error::ScimError;
use crate::scim::schema::USER;
use crate::web::route::Call;
use crate::web::signed_in::{self, SignedIn, TokenOwner, Who};
use crate::web::{App, Problem, bearer};

/// From a user's API token to the user and the organization in the address, of which they must be.
pub(in crate::web) fn authenticate_person(
    app: &App,
    call: &Call<'_>,
) -> Result<(Organization, SignedIn), Problem> {
    let request = call.request;
    let Presented::Token(token) = api_token::presented(request.headers.all("authorization")) else {
        // An organization's token is told so, any other what is wrong with it.
        let (organization, token) = authenticate(app, call)?;
        let problem = nobody("a SCIM token stands for an organization");
        exchange::of_token(app, call, &organization, &token, &problem);
        return Err(problem);
    };
    let now = call.now;
    let found = app
        .store
        .read(|conn| signed_in::of_token(conn, token, now))?;
    let Some(found) = found else {
        return Err(bearer::refused(app, request, now));
    };
    signed_in::touch(app, &found, request.client.address, now);
    let Who::Token {
        owner: TokenOwner::User { organization, .. },
        ..
    } = &found.who
    else {
        return Err(nobody("this API token is nobody's own"));
    };
    if organization.slug != call.parameter("org") {
        return Err(Problem::new(
            403,
            "token-of-another-organization",
            "This API token belongs to a user of another organization than the address.",
        ));
    }
    let own = Target::Organization(&organization.id);
    if may(&found.actor(), Action::OwnProfile, own) != Decision::Allowed {
        return Err(Problem::scope_missing(Scope::Read));
    }
    let organization = organization.as_ref().clone();
    Ok((organization, found))
}

fn nobody(why: &str) -> Problem {
    Problem::new(
        501,
        "not-supported",
        format!("/Me is a user's own resource, and {why}: ask with the user's own API token."),
    )
}

pub(in crate::web) fn read_me(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?;
        let id = call.signed_in()?.user_id().unwrap_or_default();
        let user = app
            .store
            .read(|conn| provisioning::read_user(conn, organization, id))?;
        if !conditions.allow_read(&user.tag())? {
            return Ok(unmodified(user.tag()));
        }
        let shown = shown_user(app, organization, &user);
        Ok(resource(200, shown, &query, &USER))
    })
}

/// PUT, PATCH and DELETE.
pub(in crate::web) fn leave_me(_: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let on_their_own = match &call.signed_in()?.who {
            Who::Token {
                owner: TokenOwner::User { user, .. },
                ..
            } => way_in::is_on_their_own(user),
            _ => false,
        };
        let detail = if on_their_own {
            "Your profile isn't changed here: sign in and open /account."
        } else {
            "Your profile belongs to your identity provider: change it there, and it is pushed \
             here."
        };
        Err(ScimError::new(403, detail).into())
    })
}
