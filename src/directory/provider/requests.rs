//! What requests to an identity provider ask for beyond a sign-in (SAML core section 3.4.1), as
//! somebody chose it for a provider. Nothing by default: whatever is asked for is a reason to fail.

use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::{Kind, Provider};
use crate::directory::DirectoryError;
use crate::saml::asked::{Asked, Comparison, Identifier, MOST_CONTEXTS};

/// How the address that a person typed before is handed on, so that they don't type it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginHint {
    /// Not at all.
    #[default]
    None,
    /// The parameter `login_hint`, as Entra and Google document it.
    LoginHint,
    /// The parameter `LoginHint`, as Okta spells it.
    OktaLoginHint,
    /// The request's Subject. Entra refuses a request that has one, and Google doesn't look at it.
    Subject,
}

impl LoginHint {
    /// The word in the database, the API and on the command line: the parameter's own name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LoginHint => "login_hint",
            Self::OktaLoginHint => "LoginHint",
            Self::Subject => "subject",
        }
    }

    /// The name of the query parameter, where it goes as one.
    pub const fn parameter(self) -> Option<&'static str> {
        match self {
            Self::LoginHint | Self::OktaLoginHint => Some(self.word()),
            Self::None | Self::Subject => None,
        }
    }
}

impl FromStr for LoginHint {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::None,
            Self::LoginHint,
            Self::OktaLoginHint,
            Self::Subject,
        ]
        .into_iter()
        .find(|hint| hint.word() == text)
        .ok_or_else(|| {
            DirectoryError::invalid(
                "login_hint",
                "expected none, login_hint, LoginHint or subject",
            )
        })
    }
}

impl Serialize for LoginHint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl FromSql for LoginHint {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|_| FromSqlError::InvalidType)
    }
}

/// What one provider is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Each sign-in is a new one, whatever session the person has there (ForceAuthn).
    pub force_authn: bool,
    /// Classes of authentication (RequestedAuthnContext); none asks for none.
    pub contexts: Vec<Identifier>,
    /// How the answer's class compares with them.
    pub comparison: Comparison,
    /// The format of the NameID; `None` sends no NameIDPolicy.
    pub name_id_format: Option<Identifier>,
    /// How a typed address is handed on.
    pub login_hint: LoginHint,
    /// Whether it can have a person sign in again before something dangerous.
    pub step_up: bool,
}

impl Requests {
    fn of_kind(kind: Kind) -> Self {
        Self {
            force_authn: false,
            contexts: Vec::new(),
            comparison: Comparison::Exact,
            name_id_format: None,
            login_hint: LoginHint::None,
            step_up: kind.signs_in_again(),
        }
    }

    /// What a request says; `hint` is what the person typed before.
    pub fn asked<'r>(&'r self, hint: Option<&'r str>) -> Asked<'r> {
        Asked {
            force_authn: self.force_authn,
            subject: hint.filter(|_| self.login_hint == LoginHint::Subject),
            name_id_format: self.name_id_format.as_ref(),
            contexts: &self.contexts,
            comparison: self.comparison,
        }
    }
}

/// What can be chosen; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct RequestsChange {
    /// ForceAuthn.
    pub force_authn: Option<bool>,
    /// RequestedAuthnContext, at most [`MOST_CONTEXTS`].
    pub contexts: Option<Vec<Identifier>>,
    /// Its Comparison.
    pub comparison: Option<Comparison>,
    /// The Format of NameIDPolicy, or to send none.
    pub name_id_format: Option<Option<Identifier>>,
    /// The login hint.
    pub login_hint: Option<LoginHint>,
    /// Whether it can step up.
    pub step_up: Option<bool>,
}

/// Reads what a provider is asked for.
pub fn requests(conn: &Connection, provider: &Provider) -> Result<Requests, DirectoryError> {
    let found = conn
        .prepare_cached(
            "SELECT force_authn, contexts, comparison, name_id_format, login_hint, step_up
             FROM provider_requests WHERE provider_id = ?1",
        )?
        .query_row([&provider.id], |row| {
            let wrong = |column, error: Box<dyn std::error::Error + Send + Sync>| {
                rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
            };
            let contexts = serde_json::from_str(row.get_ref(1)?.as_str()?)
                .map_err(|error| wrong(1, error.into()))?;
            let comparison = row
                .get_ref(2)?
                .as_str()?
                .parse()
                .map_err(|error: crate::saml::asked::AskedError| wrong(2, error.into()))?;
            let format: Option<String> = row.get(3)?;
            let format = format.map(|text| text.parse()).transpose();
            let format =
                format.map_err(|error: crate::saml::asked::AskedError| wrong(3, error.into()))?;
            let step_up: Option<bool> = row.get(5)?;
            Ok(Requests {
                force_authn: row.get(0)?,
                contexts,
                comparison,
                name_id_format: format,
                login_hint: row.get(4)?,
                step_up: step_up.unwrap_or_else(|| provider.kind.signs_in_again()),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_else(|| Requests::of_kind(provider.kind)))
}

/// Keeps what was chosen.
pub(super) fn choose(
    tx: &Connection,
    provider: &Provider,
    change: &RequestsChange,
) -> Result<(), DirectoryError> {
    let RequestsChange {
        force_authn,
        contexts,
        comparison,
        name_id_format,
        login_hint,
        step_up,
    } = change;
    if force_authn.is_none()
        && contexts.is_none()
        && comparison.is_none()
        && name_id_format.is_none()
        && login_hint.is_none()
        && step_up.is_none()
    {
        return Ok(());
    }
    check(provider, change)?;
    let before = requests(tx, provider)?;
    let contexts = contexts.as_ref().unwrap_or(&before.contexts);
    let format = name_id_format.as_ref().unwrap_or(&before.name_id_format);
    tx.prepare_cached(
        "INSERT INTO provider_requests (provider_id, force_authn, contexts, comparison,
             name_id_format, login_hint, step_up)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (provider_id) DO UPDATE SET force_authn = excluded.force_authn,
             contexts = excluded.contexts, comparison = excluded.comparison,
             name_id_format = excluded.name_id_format, login_hint = excluded.login_hint,
             step_up = coalesce(excluded.step_up, step_up)",
    )?
    .execute(params![
        provider.id,
        force_authn.unwrap_or(before.force_authn),
        json!(contexts).to_string(),
        comparison.unwrap_or(before.comparison).word(),
        format.as_ref().map(Identifier::as_str),
        login_hint.unwrap_or(before.login_hint).word(),
        step_up,
    ])?;
    Ok(())
}

fn check(provider: &Provider, change: &RequestsChange) -> Result<(), DirectoryError> {
    if let Some(contexts) = &change.contexts {
        let twice = contexts
            .iter()
            .enumerate()
            .any(|(at, class)| contexts.iter().take(at).any(|other| other == class));
        if twice || contexts.len() > MOST_CONTEXTS {
            return Err(DirectoryError::invalid(
                "authn_contexts",
                "expected at most 10 classes, each once",
            ));
        }
    }
    let refuses = matches!(provider.kind, Kind::Entra | Kind::Google);
    if change.login_hint == Some(LoginHint::Subject) && refuses {
        return Err(DirectoryError::invalid(
            "login_hint",
            "Entra refuses a Subject in the request, and Google doesn't look at it; choose \
             login_hint",
        ));
    }
    Ok(())
}

/// A response that answers no request can't have been asked to sign the person in anew.
pub(super) fn demand_consistent(
    tx: &Connection,
    provider: &Provider,
) -> Result<(), DirectoryError> {
    if provider.idp_initiated && requests(tx, provider)?.force_authn {
        return Err(DirectoryError::conflict(
            "force_authn",
            "a sign-in that starts at the identity provider can't be asked to be a new one: switch \
             idp_initiated off, or leave force_authn off",
        ));
    }
    Ok(())
}
