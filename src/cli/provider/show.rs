//! A provider on a terminal: what it is, and while it is a draft, what to do in the product.

use serde_json::Value;

use super::super::{CliError, output};
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::addresses::PublicUrl;
use crate::directory::provider::{self, Provider, State};
use crate::directory::provider_deletion::Preview;
use crate::directory::provider_kind::Here;
use crate::saml::mapping::Fact;
use crate::store::Store;

pub(super) fn view(
    conn: &rusqlite::Connection,
    provider: &Provider,
    public: &PublicUrl,
    now: Timestamp,
) -> Result<Value, DirectoryError> {
    let view = provider::view(conn, provider, public, now)?;
    Ok(serde_json::to_value(view).unwrap_or_default())
}

pub(super) fn show(
    store: &Store,
    provider: &Provider,
    now: Timestamp,
    json: bool,
) -> Result<(), CliError> {
    let value = store.read(|conn| view(conn, provider, &PublicUrl::load(conn)?, now))?;
    if json {
        return output::json(&value);
    }
    if let Some(until) = value.get("sha1_until").and_then(Value::as_str) {
        output::note(&format!(
            "Warning: SHA-1 signatures, which can be forged, are taken until {until}. Have the \
             identity provider sign with RSA-SHA256; then --allow-sha1-until none."
        ));
    }
    let is_on = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
    if is_on("unsigned_logout_requests") {
        output::note(
            "Warning: LogoutRequests without a signature are followed: whoever knows a person's \
             NameID can sign that person out.",
        );
    }
    if is_on("unsigned_logout_responses") {
        output::note(
            "Warning: LogoutResponses without a signature are believed: what a page says of a \
             sign-out at the identity provider may not be so.",
        );
    }
    let preset = provider.kind.preset();
    let required = if provider.enforced { "yes" } else { "no" };
    output::fields(&[
        (
            "Provider",
            format!("{} ({})", text(&value, "name"), text(&value, "id")),
        ),
        ("Product", preset.name.to_owned()),
        ("State", text(&value, "state")),
        ("Domains", domains(&value)),
        ("Require SSO", required.to_owned()),
        (preset.labels.acs_url, text(&value, "acs_url")),
        (preset.labels.entity_id, text(&value, "entity_id")),
        ("Sign-in starts at", text(&value, "login_url")),
        ("Its Issuer", text(&value, "issuer")),
        ("Its sign-on address", text(&value, "sso_url")),
        ("Our single logout", text(&value, "slo_url")),
        ("Its single logout", text(&value, "logout_url")),
        ("Clock may be off", format!("{} s", provider.skew.as_secs())),
        ("Requests", requests(&value)),
    ])?;
    output::line("")?;
    output::line("Taken from these attributes:")?;
    let mapping = provider.mapping()?;
    for fact in Fact::ALL {
        let names = match mapping.names(fact) {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        output::line(&format!("  {fact}: {names}"))?;
    }
    for (group, level) in &provider.groups.levels {
        output::line(&format!("  level of {group}: {level}"))?;
    }
    if provider.state == State::Draft {
        connect(provider, &value)?;
    }
    Ok(())
}

/// Its domains, and of those that don't count yet why.
fn domains(shown: &Value) -> String {
    let list = shown.get("domains").and_then(Value::as_array);
    let said = list.into_iter().flatten().map(|each| {
        let domain = text(each, "domain");
        match text(each, "state").as_str() {
            "active" => domain,
            state => format!("{domain} ({state})"),
        }
    });
    said.collect::<Vec<_>>().join(", ")
}

/// How requests go to it and what they ask for, in one line.
fn requests(shown: &Value) -> String {
    let on = |key: &str| shown.get(key).and_then(Value::as_bool) == Some(true);
    let mut said = vec![format!("by {}", text(shown, "request_binding"))];
    if on("sign_requests") {
        said.push("signed".to_owned());
    }
    if on("force_authn") {
        said.push("for a new sign-in each time".to_owned());
    }
    if let Some(Value::Array(classes)) = shown.get("authn_contexts")
        && !classes.is_empty()
    {
        let classes: Vec<_> = classes.iter().filter_map(Value::as_str).collect();
        let comparison = text(shown, "authn_comparison");
        said.push(format!("for {comparison} {}", classes.join(" or ")));
    }
    if let Some(format) = shown.get("name_id_format").and_then(Value::as_str) {
        said.push(format!("for a NameID of {format}"));
    }
    match text(shown, "login_hint").as_str() {
        "none" => {}
        way => said.push(format!("with the typed address as {way}")),
    }
    if !on("step_up") {
        said.push("its people need no recent sign-in".to_owned());
    }
    said.join(", ")
}

/// What to do in the product, as the console shows it.
fn connect(provider: &Provider, shown: &Value) -> Result<(), CliError> {
    let preset = provider.kind.preset();
    let filled = |line: &str| {
        let mut line = line.replace("**", "");
        for key in ["acs_url", "entity_id", "login_url", "metadata_url"] {
            line = line.replace(&format!("{{{key}}}"), &text(shown, key));
        }
        line
    };
    for (number, step) in (1..).zip(preset.steps) {
        output::line("")?;
        output::line(&format!("{number}. {}", step.title))?;
        for paragraph in step.text {
            output::line(&format!("   {}", filled(paragraph)))?;
        }
        if let Some(form) = &step.form {
            output::line(&format!("   {}", form.caption))?;
            for row in form.rows {
                output::line(&format!("     {}: {}", row.label, filled(row.value)))?;
            }
        }
        if let Some(table) = &step.table {
            output::line(&format!("   {}", table.caption))?;
            for cells in table.rows {
                output::line(&format!("     {}", cells.join(" | ")))?;
            }
        }
        if step.here == Some(Here::Metadata) {
            let way = match preset.metadata.url {
                Some(_) => "--metadata-url URL",
                None => "--metadata-file FILE",
            };
            output::line(&format!("   portcullis provider set {} {way}", provider.id))?;
        }
        if step.here == Some(Here::Test) {
            output::line(&format!("   Open {}", text(shown, "login_url")))?;
        }
    }
    output::line("")?;
    output::line("Worth knowing:")?;
    for trap in preset.traps {
        output::line(&format!("- {trap}"))?;
    }
    Ok(())
}

pub(super) fn show_deletion(preview: &Preview, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(preview);
    }
    let enforced = if preview.enforced {
        ", and may use no other way at present"
    } else {
        ""
    };
    output::line(&format!(
        "People who sign in through it: {}{enforced}.",
        preview.people
    ))?;
    output::line(&format!(
        "Sessions that would end: {}. SCIM tokens that would be revoked: {}.",
        preview.sessions, preview.scim_tokens
    ))?;
    if preview.groups > 0 {
        output::line(&format!(
            "Groups from its attribute that would go: {}.",
            preview.groups
        ))?;
    }
    if preview.other_ways_in.is_empty() {
        return output::line("There would be no other way in.");
    }
    output::line("What would let people in afterwards:")?;
    for way in &preview.other_ways_in {
        output::line(&format!("  {way}"))?;
    }
    Ok(())
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("-")
        .to_owned()
}
