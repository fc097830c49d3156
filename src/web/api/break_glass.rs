//! Break-glass accounts and their drills. Passwords are reset and accounts are armed on the machine
//! itself, so there is no address for either.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem, qr_code};
use super::{Body, json as answer};
use crate::access::break_glass::{self, BreakGlassError, Change, Networks, Operator, drill};
use crate::access::second_factor::SecondFactorError;
use crate::access::secret::Secret;
use crate::edge::Response;

/// Characters of a password or a code that are read.
const LONGEST: usize = 1_024;

/// `GET /api/v1/break-glass-accounts`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let now = call.now;
    let items = app.store.read(|conn| {
        break_glass::list(conn)?
            .iter()
            .map(|operator| break_glass::view(conn, operator, now))
            .collect::<Result<Vec<_>, _>>()
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST /api/v1/break-glass-accounts`: the only answer that ever holds a generated password.
pub(in crate::web) fn create(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["username", "password"])?;
    let name = body.required_text("username")?;
    let password = body.text("password")?.map(Secret::new);
    let by = call.author()?;
    let (made, generated) =
        break_glass::create(&app.store, &app.gate, name, password, &by, call.now)
            .map_err(in_field("username"))?;
    let mut value = shown(app, call, &made)?;
    if let Some(object) = value.as_object_mut() {
        let password = generated.as_ref().map(Secret::expose);
        object.insert("password".into(), password.into());
    }
    answer(201, &value)
}

/// `PATCH /api/v1/break-glass-accounts/{name}`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["networks", "needs_arming", "disabled"])?;
    let networks = body
        .texts("networks")?
        .map(Networks::parse)
        .transpose()
        .map_err(in_field("networks"))?;
    let wanted = Change {
        networks,
        needs_arming: body.flag("needs_arming")?,
    };
    let disabled = body.flag("disabled")?;
    let client = call.request.client.address;
    let outside = wanted
        .networks
        .as_ref()
        .filter(|networks| !networks.allow(client))
        .map(|networks| format!("You come from {client}, which is not within {networks}."));
    let (name, by, now) = (call.parameter("name").to_owned(), call.author()?, call.now);
    let (changed, mut warnings) = app
        .store
        .write(move |tx| {
            let mut changed = break_glass::change(tx, &name, &wanted, &by, now)?;
            match disabled {
                Some(true) => changed = break_glass::disable(tx, &name, false, &by, now)?,
                Some(false) => changed = break_glass::enable(tx, &name, &by, now)?,
                None => {}
            }
            Ok::<_, BreakGlassError>((changed, break_glass::warnings(tx)?))
        })
        .map_err(in_field("disabled"))?;
    warnings.extend(outside);
    let mut value = shown(app, call, &changed)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("warnings".into(), warnings.into());
    }
    answer(200, &value)
}

/// `POST /api/v1/break-glass-accounts/{name}/second-factor`: offers a secret, shown this once.
pub(in crate::web) fn begin(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (name, now) = (call.parameter("name").to_owned(), call.now);
    let (operator, offer) = app
        .store
        .write(move |tx| break_glass::begin_second_factor(tx, &name, now))
        .map_err(in_field("name"))?;
    let uri = offer.uri("Portcullis", &operator.name);
    answer(
        201,
        &json!({
            "secret": offer.secret.expose(),
            "uri": uri.expose(),
            "qr_svg": qr_code::svg(uri.expose()),
        }),
    )
}

/// `POST /api/v1/break-glass-accounts/{name}/second-factor/confirm`: from now on a code is needed.
pub(in crate::web) fn confirm(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["code"])?;
    let code = body.required_text("code")?;
    if code.len() > LONGEST {
        return Err(Problem::field("code", "expected the six digits of a code"));
    }
    let code = Secret::new(code);
    let (name, by, now) = (call.parameter("name").to_owned(), call.author()?, call.now);
    let codes = app
        .store
        .write(move |tx| break_glass::confirm_second_factor(tx, &name, code.expose(), &by, now))
        .map_err(in_field("code"))?;
    let codes: Vec<&str> = codes.iter().map(Secret::expose).collect();
    answer(200, &json!({ "recovery_codes": codes }))
}

/// `DELETE /api/v1/break-glass-accounts/{name}/second-factor`
pub(in crate::web) fn remove(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (name, by, now) = (call.parameter("name").to_owned(), call.author()?, call.now);
    app.store
        .write(move |tx| break_glass::remove_second_factor(tx, &name, &by, now))
        .map_err(in_field("name"))?;
    Ok(Response::new(204))
}

/// `GET /api/v1/drills`: the newest 200.
pub(in crate::web) fn drills(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let items = app.store.read(drill::list)?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

fn shown(app: &App, call: &Call<'_>, operator: &Operator) -> Result<Value, Problem> {
    let view = app
        .store
        .read(|conn| break_glass::view(conn, operator, call.now))?;
    serde_json::to_value(view).map_err(|e| Problem::new(500, "internal", e.to_string()))
}

/// The answer to what was refused; `field` where the error itself names none.
fn in_field(field: &'static str) -> impl Fn(BreakGlassError) -> Problem {
    move |error| {
        let text = error.to_string();
        let conflict = |field| Problem {
            field: Some(field),
            ..Problem::new(409, "conflict", text.clone())
        };
        match error {
            BreakGlassError::Unknown => Problem::new(404, "not-found", text),
            BreakGlassError::Name => Problem::field("username", text),
            BreakGlassError::TooShort => Problem::field("password", text),
            BreakGlassError::Network(_) | BreakGlassError::TooManyNetworks => {
                Problem::field("networks", text)
            }
            BreakGlassError::Taken | BreakGlassError::TooMany => conflict("username"),
            BreakGlassError::Last => Problem {
                detail: "This is the last enabled break-glass account; enable another one first."
                    .to_owned(),
                ..conflict("disabled")
            },
            BreakGlassError::Disabled | BreakGlassError::Hours | BreakGlassError::NeedsNoArming => {
                conflict(field)
            }
            BreakGlassError::SecondFactor(SecondFactorError::Store(error))
            | BreakGlassError::Store(error) => error.into(),
            BreakGlassError::SecondFactor(SecondFactorError::Wrong) => Problem::field("code", text),
            BreakGlassError::SecondFactor(_) => conflict("code"),
            BreakGlassError::Gate(crate::access::password::GateError::TooLong) => {
                Problem::field("password", text)
            }
            BreakGlassError::Gate(error) => error.into(),
        }
    }
}
