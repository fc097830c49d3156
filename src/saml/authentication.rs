//! How the person signed in, held against what was asked for: how lately, and by which class (SAML
//! core sections 2.7.2, 3.3.2.2.1 and 3.4.1).

use std::time::Duration;

use crate::clock::Timestamp;
use crate::saml::asked::{Comparison, Identifier};
use crate::saml::assertion::AuthnStatement;
use crate::saml::refusal::{Ledger, Reason, Refusal};

/// What is expected of the authentication itself (SAML core section 2.7.2); by default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Authentication<'a> {
    /// The person was to prove who they are again, in answer to a request made then. AuthnInstant
    /// may be earlier by the skew.
    pub since: Option<Timestamp>,
    /// The classes that were asked for.
    pub contexts: &'a [Identifier],
    /// How the answer's class compares with them. Only `Exact` can be checked: what is stronger
    /// than what, only the identity provider knows.
    pub comparison: Comparison,
}

impl Authentication<'_> {
    /// Compares the statement that the session is made of.
    pub(super) fn check(
        &self,
        statement: &AuthnStatement,
        skew: Duration,
        now: Timestamp,
        ledger: &mut Ledger,
    ) -> Result<(), Refusal> {
        if let Some(since) = self.since {
            check_instant(statement, since, skew, now, ledger)?;
        }
        if self.contexts.is_empty() {
            return Ok(());
        }
        check_class(statement, self.contexts, self.comparison, ledger)
    }
}

/// ForceAuthn means that the person is authenticated anew (core section 3.4.1), so AuthnInstant is
/// not before the request. It says so in signed bytes; that the attribute was in the request doesn't.
fn check_instant(
    statement: &AuthnStatement,
    since: Timestamp,
    skew: Duration,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let seconds = skew.as_secs();
    let wanted = format!("an AuthnInstant since the request, {since}, {seconds} s of skew allowed");
    let Some(instant) = statement.authn_instant else {
        return Err(ledger.refuse(Reason::AuthnInstantMissing, wanted, "none"));
    };
    let got = format!("AuthnInstant {instant}");
    if instant > now.plus(skew) {
        return Err(ledger.refuse(Reason::NotYetValid, wanted, got));
    }
    if instant.plus(skew) < since {
        return Err(ledger.refuse(Reason::AuthnInstantOld, wanted, got));
    }
    ledger.pass("authn-instant", wanted, got);
    Ok(())
}

fn check_class(
    statement: &AuthnStatement,
    contexts: &[Identifier],
    comparison: Comparison,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let classes: Vec<_> = contexts.iter().map(Identifier::as_str).collect();
    let classes = classes.join(", ");
    let class = statement.context_class.as_deref();
    let got = class.unwrap_or("no AuthnContextClassRef");
    if comparison != Comparison::Exact {
        let wanted = format!(
            "{}: {classes}; only the identity provider can compare",
            comparison.word()
        );
        ledger.pass("authn-context", wanted, got);
        return Ok(());
    }
    if !contexts.iter().any(|wanted| Some(wanted.as_str()) == class) {
        return Err(ledger.refuse(Reason::AuthnContextMismatch, classes, got));
    }
    ledger.pass("authn-context", classes, got);
    Ok(())
}
