//! `portcullis org domains`

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Global, ListArgs, output};
use crate::clock;
use crate::directory::domain::{self, Claim, DomainState, EmailDomain};
use crate::directory::domain_proof;
use crate::observe::audit::Author;
use crate::outbound::dns::Resolvers;

#[derive(Debug, Subcommand)]
pub(super) enum Domains {
    /// List the domains that wait for approval
    List {
        /// pending, or active for those that count
        #[arg(long, default_value = "pending")]
        state: DomainState,
        #[command(flatten)]
        list: ListArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a domain count: people with addresses in it sign in through its provider
    Approve {
        /// The domain
        domain: EmailDomain,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look for the DNS record that proves a domain; where it is there, the domain counts
    Verify {
        /// The domain
        domain: EmailDomain,
        /// The DNS server to ask [default: those in /etc/resolv.conf]
        #[arg(long, env = "PORTCULLIS_RESOLVER", value_name = "ADDRESS")]
        resolver: Option<Resolvers>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take away a domain that waits, so that whose it is can add it
    Refuse {
        /// The domain
        domain: EmailDomain,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Domains {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        match self {
            Self::List { state, list, json } => {
                let request = list.request();
                let page = global
                    .open()?
                    .read(|conn| domain::list(conn, state, &request))?;
                if json {
                    return output::json(&page);
                }
                let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
                output::table(&["DOMAIN", "ORGANIZATION", "PROVIDER", "SINCE"], &rows)?;
                if let Some(next) = page.next {
                    output::note(&format!("more: --after {next}"));
                }
                Ok(())
            }
            Self::Approve { domain, json } => {
                let approved = global
                    .open()?
                    .write(move |tx| domain::approve(tx, &domain, &Author::command_line(), now))?;
                if json {
                    return output::json(&approved);
                }
                let Claim {
                    domain,
                    organization,
                    ..
                } = approved;
                output::line(&format!("{domain} counts for {}.", organization.slug))
            }
            Self::Verify {
                domain,
                resolver,
                json,
            } => {
                let store = global.open()?;
                let challenge = store.read(|conn| domain_proof::challenge(conn, &domain, None))?;
                let claim = match challenge {
                    None => store.read(|conn| domain::find(conn, &domain))?,
                    Some(challenge) => {
                        challenge.look_up(&resolver.unwrap_or_else(Resolvers::system))?;
                        let by = Author::command_line();
                        store.write(move |tx| {
                            domain_proof::proved(tx, &domain, &challenge, &by, now)
                        })?
                    }
                };
                if json {
                    return output::json(&claim);
                }
                let slug = &claim.organization.slug;
                output::line(&format!("{} counts for {slug}.", claim.domain))
            }
            Self::Refuse { domain, json } => {
                let name = domain.to_string();
                global
                    .open()?
                    .write(move |tx| domain::refuse(tx, &domain, &Author::command_line(), now))?;
                if json {
                    output::json(&json!({ "domain": name, "refused": true }))
                } else {
                    output::line(&format!("{name} is free again."))
                }
            }
        }
    }
}

fn row(claim: &Claim) -> Vec<String> {
    let provider = claim.provider.as_ref().map_or("-", |p| p.id.as_str());
    vec![
        claim.domain.clone(),
        claim.organization.slug.clone(),
        provider.to_owned(),
        claim.created_at.to_string(),
    ]
}
