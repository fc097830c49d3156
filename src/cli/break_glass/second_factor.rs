//! `portcullis break-glass second-factor`

use clap::Subcommand;
use serde_json::json;

use super::super::{CliError, Global, output};
use super::{exposed, show};
use crate::access::break_glass;
use crate::access::secret::Secret;
use crate::clock::Timestamp;
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SecondFactor {
    /// Offer a secret for an authenticator application; shown this once
    Begin {
        /// The account
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn it on with the first code; the recovery codes are shown this once
    Confirm {
        /// The account
        name: String,
        /// The code that the application shows
        code: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take it away: the password is enough again
    Remove {
        /// The account
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl SecondFactor {
    pub(super) fn run(self, global: &Global, by: Author, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::Begin { name, json } => {
                let (operator, offer) =
                    store.write(move |tx| break_glass::begin_second_factor(tx, &name, now))?;
                let uri = offer.uri("Portcullis", &operator.name);
                if json {
                    return output::json(&json!({
                        "username": operator.name,
                        "secret": offer.secret.expose(),
                        "uri": uri.expose(),
                    }));
                }
                output::fields(&[
                    ("Secret (shown this once)", offer.secret.expose().to_owned()),
                    ("The same as an address", uri.expose().to_owned()),
                ])?;
                output::line(&format!(
                    "Enter it in the application, then: portcullis break-glass second-factor \
                     confirm {} CODE",
                    operator.name
                ))
            }
            Self::Confirm { name, code, json } => {
                let codes = store.write(move |tx| {
                    break_glass::confirm_second_factor(tx, &name, &code, &by, now)
                })?;
                if json {
                    return output::json(&json!({ "recovery_codes": exposed(&codes) }));
                }
                output::line("From now on a code is needed. Recovery codes, shown this once:")?;
                for code in codes.iter().map(Secret::expose) {
                    output::line(&format!("  {code}"))?;
                }
                Ok(())
            }
            Self::Remove { name, json } => {
                let changed = store
                    .write(move |tx| break_glass::remove_second_factor(tx, &name, &by, now))?;
                show(&store, &changed, now, json)
            }
        }
    }
}
