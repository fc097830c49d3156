//! What a copied link opens: the page on which somebody sets their password, to join or anew.
//!
//! Looking at it uses nothing up, since whatever carries links to people looks at them first. A
//! token that was used, revoked or never made gets one and the same answer, and counts against the
//! address it came from.

use super::route::Call;
use super::template::{message, page};
use super::{App, Problem, password};
use crate::access::invitation::{self, Invitation, Kind};
use crate::access::new_password;
use crate::access::second_factor;
use crate::access::secret::Secret;
use crate::access::throttle::{self, Key, ThrottleError};
use crate::directory::local_sign_in::{self, LocalSignInError};
use crate::directory::organization::{self, Organization};
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, way_in};
use crate::edge::Response;
use crate::store::StoreError;

/// A link that works.
struct Opened {
    invitation: Invitation,
    user: User,
    organization: Organization,
}

/// `GET /join/{token}`
pub(super) fn form(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    match open(app, call)? {
        Ok(opened) => Ok(shown(200, &opened, "")),
        Err(no) => Ok(no),
    }
}

/// `POST /join/{token}`
pub(super) fn set_password(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = super::login::form_values(call.request)?;
    let opened = match open(app, call)? {
        Ok(opened) => opened,
        Err(no) => return Ok(no),
    };
    let chosen = Secret::new(form.value("password").unwrap_or_default());
    let again = |text: &str| Ok(shown(400, &opened, &password::bad(text)));
    if form.value("again") != Some(chosen.expose()) {
        return again("The two are not the same. Type the password twice.");
    }
    if let Err(reason) = new_password::check(&chosen, &names(&opened.user, &opened.organization)) {
        return again(&format!("Not this one: {reason}."));
    }
    let hash = app.gate.hash(&chosen)?;
    let browser = password::browser(call);
    let (invitation, now) = (opened.invitation, call.now);
    let by = local_sign_in::person(&opened.user, browser.client);
    let done = app.store.write(move |tx| {
        let Some(user) = way_in::accept(tx, &invitation, &hash, &by, now)? else {
            return Ok(None);
        };
        // Who has a second factor shows it, link or not.
        if second_factor::is_confirmed(tx, &user.id).map_err(LocalSignInError::from)? {
            return Ok(Some(None));
        }
        Ok(Some(Some(local_sign_in::open(
            tx, &user, false, browser, now,
        )?)))
    });
    match done {
        Ok(Some(Some(session))) => Ok(password::welcome(&session, "/")),
        Ok(Some(None)) => {
            let notice = "<p class=\"notice good\">Your password is set. Sign in with it.</p>";
            let email = opened.user.email.unwrap_or(opened.user.user_name);
            Ok(password::shown(200, &email, "/", notice))
        }
        Ok(None) => Ok(no_such_link()),
        Err(LocalSignInError::Directory(error)) => Err(error.into()),
        Err(_) => Err(StoreError::Busy.into()),
    }
}

/// What a password of this user must not be made of.
pub(super) fn names<'a>(user: &'a User, organization: &'a Organization) -> Vec<&'a str> {
    [
        Some(user.user_name.as_str()),
        user.email.as_deref(),
        user.display_name.as_deref(),
        Some(organization.name.as_str()),
        Some(organization.slug.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn open(app: &App, call: &Call<'_>) -> Result<Result<Opened, Response>, Problem> {
    enum Failed {
        Throttle(ThrottleError),
        Directory(DirectoryError),
    }
    impl From<StoreError> for Failed {
        fn from(error: StoreError) -> Self {
            Self::Directory(error.into())
        }
    }
    let token = call.parameter("token").to_owned();
    let address = [Key::address(call.request.client.address)];
    let now = call.now;
    let found = app.store.write(move |tx| {
        throttle::attempt(tx, &address, now).map_err(Failed::Throttle)?;
        let Some(invitation) = invitation::find_open(tx, &token, now)? else {
            return Ok(None);
        };
        let Some(user) = user::find(tx, &invitation.user_id).map_err(Failed::Directory)? else {
            return Ok(None);
        };
        let allowed = way_in::no_password(tx, &user).map_err(Failed::Directory)?;
        if allowed.is_some() {
            return Ok(None);
        }
        throttle::given_back(tx, &address, now)?;
        let organization =
            organization::find_by_id(tx, &user.organization_id).map_err(Failed::Directory)?;
        Ok(Some(Opened {
            invitation,
            user,
            organization,
        }))
    });
    match found {
        Ok(Some(opened)) => Ok(Ok(opened)),
        Ok(None) => Ok(Err(no_such_link())),
        Err(Failed::Throttle(ThrottleError::Throttled { retry_after })) => {
            let seconds = retry_after.as_secs().max(1);
            let text = format!("Try again in {seconds} s.");
            let answer = message(429, "Too many attempts", &text, "/login", "To the sign-in");
            Ok(Err(password::with_wait(answer, Some(seconds))))
        }
        Err(Failed::Throttle(ThrottleError::Store(error))) => Err(error.into()),
        Err(Failed::Directory(error)) => Err(error.into()),
    }
}

fn no_such_link() -> Response {
    message(
        404,
        "This link doesn't work",
        "It may have been used, have expired, or have been replaced by a newer one. Ask whoever \
         gave it to you for another.",
        "/login",
        "To the sign-in",
    )
}

fn shown(status: u16, opened: &Opened, notice: &str) -> Response {
    let (title, action) = match opened.invitation.kind {
        Kind::Join => ("Welcome", "Set password and sign in"),
        Kind::Reset => ("A new password", "Set password"),
    };
    let user = &opened.user;
    let values = [
        ("title", title),
        ("action", action),
        ("organization", opened.organization.name.as_str()),
        ("email", user.email.as_deref().unwrap_or(&user.user_name)),
        ("notice", notice),
    ];
    page(status, "join.html", &values)
}
