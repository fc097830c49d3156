//! `portcullis org`

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::domain::Domains;
use super::{CliError, Global, output};
use crate::access::session::Limits;
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::directory::organization::{self, Change, Organization};
use crate::directory::session_limits::{self, Change as LimitChange};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, UnknownExtensions};
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// Make an organization
    Create {
        /// Its name in addresses: a-z, 0-9 and -
        slug: Slug,
        /// Its name on screen [default: the slug]
        #[arg(long)]
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the organizations
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an organization
    Show {
        /// Its slug
        slug: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change an organization
    Set {
        /// Its slug
        slug: Slug,
        /// Its name on screen
        #[arg(long)]
        name: Option<String>,
        /// What a newly pushed group gets: admin, editor, runner or viewer
        #[arg(long, value_name = "LEVEL")]
        default_group_level: Option<Level>,
        /// What a new user gets: admin, editor, runner or viewer
        #[arg(long, value_name = "LEVEL")]
        default_user_level: Option<Level>,
        /// Whether its local users may sign in with their passwords; off ends their sessions
        #[arg(long, value_name = "BOOL")]
        local_sign_in: Option<bool>,
        /// Let its admins have metadata fetched from this site's private networks, too, for an
        /// identity provider that stands there [default: false]
        #[arg(long, value_name = "BOOL")]
        internal_metadata: Option<bool>,
        /// What becomes of pushed SCIM extensions that aren't known here: keep or refuse
        #[arg(long, value_name = "WHAT")]
        unknown_extensions: Option<UnknownExtensions>,
        /// Leave out members of a pushed group who aren't here, with a note in the trace, instead of
        /// refusing the push [default: false]
        #[arg(long, value_name = "BOOL")]
        skip_unknown_members: Option<bool>,
        /// Keep the responses behind sign-ins, sealed, for `trace show --raw` and `trace replay`;
        /// false forgets those there are [default: true]
        #[arg(long, value_name = "BOOL")]
        keep_documents: Option<bool>,
        /// How long sessions of a level last without a request, such as admin=30m; `ordinary`
        /// instead of a duration takes the level's limits away
        #[arg(long, value_name = "LEVEL=DURATION", value_parser = limit)]
        session_idle: Vec<(Level, Option<Duration>)>,
        /// How long sessions of a level last in all, such as admin=8h
        #[arg(long, value_name = "LEVEL=DURATION", value_parser = limit)]
        session_absolute: Vec<(Level, Option<Duration>)>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// E-mail domains of all organizations: what an admin of one has added waits for approval
    #[command(subcommand)]
    Domains(Domains),
}

impl Org {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        match self {
            Self::Create { slug, name, json } => {
                let store = global.open_or_create()?;
                let now = clock::now();
                let name = name.unwrap_or_else(|| slug.to_string());
                let (made, public, limits) = store.write(move |tx| {
                    let made =
                        organization::create(tx, &slug, &name, &Author::command_line(), now)?;
                    let limits = session_limits::of_organization(tx, &made.id)?;
                    Ok::<_, DirectoryError>((made, PublicUrl::load(tx)?, limits))
                })?;
                show(&made, &public, &limits, json)
            }
            Self::List { json } => {
                let (all, public) = global.open()?.read(|conn| {
                    Ok::<_, DirectoryError>((organization::list(conn)?, PublicUrl::load(conn)?))
                })?;
                if json {
                    let items: Vec<Value> = all.iter().map(|o| as_json(o, &public)).collect();
                    return output::json(&json!({ "items": items }));
                }
                let rows: Vec<Vec<String>> = all
                    .iter()
                    .map(|o| {
                        vec![
                            o.slug.clone(),
                            o.users.to_string(),
                            o.groups.to_string(),
                            o.name.clone(),
                        ]
                    })
                    .collect();
                output::table(&["SLUG", "USERS", "GROUPS", "NAME"], &rows)
            }
            Self::Show { slug, json } => {
                let (found, public, limits) = global.open()?.read(|conn| {
                    let found = organization::find(conn, slug.as_str())?;
                    let limits = session_limits::of_organization(conn, &found.id)?;
                    Ok::<_, DirectoryError>((found, PublicUrl::load(conn)?, limits))
                })?;
                show(&found, &public, &limits, json)
            }
            Self::Set {
                slug,
                name,
                default_group_level,
                default_user_level,
                local_sign_in,
                internal_metadata,
                unknown_extensions,
                skip_unknown_members,
                keep_documents,
                session_idle,
                session_absolute,
                json,
            } => {
                let limits = limit_changes(&session_idle, &session_absolute);
                let change = Change {
                    name,
                    default_group_level,
                    default_user_level,
                    local_sign_in,
                    internal_metadata,
                    unknown_extensions,
                    skip_unknown_members,
                    keep_documents,
                };
                let (by, now) = (Author::command_line(), clock::now());
                let (changed, public, limits) = global.open()?.write(move |tx| {
                    let changed = organization::change(tx, slug.as_str(), &change, &by, now)?;
                    session_limits::change(tx, &changed, &limits, &by, now)?;
                    let limits = session_limits::of_organization(tx, &changed.id)?;
                    Ok::<_, DirectoryError>((changed, PublicUrl::load(tx)?, limits))
                })?;
                show(&changed, &public, &limits, json)
            }
            Self::Domains(domains) => domains.run(global),
        }
    }
}

fn as_json(organization: &Organization, public: &PublicUrl) -> Value {
    let mut value = serde_json::to_value(organization).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert(
            "scim_endpoint".into(),
            public.scim(&organization.slug).into(),
        );
    }
    value
}

/// `admin=30m`; seconds, minutes and hours.
fn limit(text: &str) -> Result<(Level, Option<Duration>), String> {
    let wrong = || {
        "expected a level and a duration in s, m or h, such as admin=30m, or admin=ordinary"
            .to_owned()
    };
    let (level, duration) = text.split_once('=').ok_or_else(wrong)?;
    let level = level.parse().map_err(|_| wrong())?;
    if duration == "ordinary" {
        return Ok((level, None));
    }
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3600)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((duration.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let duration = Duration::from_secs(number.saturating_mul(seconds));
    Ok((level, Some(duration)))
}

/// One change a level, so that both of its limits are judged together.
fn limit_changes(
    idle: &[(Level, Option<Duration>)],
    absolute: &[(Level, Option<Duration>)],
) -> Vec<LimitChange> {
    let given = |from: &[(Level, Option<Duration>)], level: Level| {
        let found = from.iter().rev().find(|(named, _)| *named == level);
        found.map(|(_, duration)| *duration)
    };
    Level::ALL
        .into_iter()
        .filter_map(|level| match (given(idle, level), given(absolute, level)) {
            (None, None) => None,
            (Some(None), _) | (_, Some(None)) => Some(LimitChange::Ordinary(level)),
            (idle, absolute) => Some(LimitChange::Set {
                level,
                idle: idle.flatten(),
                absolute: absolute.flatten(),
            }),
        })
        .collect()
}

fn show(
    organization: &Organization,
    public: &PublicUrl,
    limits: &[(Level, Limits); 4],
    json: bool,
) -> Result<(), CliError> {
    if json {
        let mut value = as_json(organization, public);
        if let Some(object) = value.as_object_mut() {
            let limits = session_limits::view(limits);
            object.insert("session_limits".into(), Value::Object(limits));
        }
        return output::json(&value);
    }
    output::fields(&[
        (
            "Organization",
            format!("{} ({})", organization.name, organization.slug),
        ),
        ("Users", organization.users.to_string()),
        ("Groups", organization.groups.to_string()),
        (
            "New groups get",
            organization.default_group_level.to_string(),
        ),
        ("New users get", organization.default_user_level.to_string()),
        (
            "Local sign-in",
            if organization.local_sign_in {
                "on"
            } else {
                "off"
            }
            .to_owned(),
        ),
        (
            "Metadata from this site's networks",
            if organization.internal_metadata {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ),
        (
            "Unknown SCIM extensions",
            match organization.unknown_extensions {
                UnknownExtensions::Keep => "are kept",
                UnknownExtensions::Refuse => "are refused",
            }
            .to_owned(),
        ),
        (
            "Unknown SCIM members",
            if organization.skip_unknown_members {
                "are left out"
            } else {
                "are refused"
            }
            .to_owned(),
        ),
        (
            "Responses of sign-ins",
            if organization.keep_documents {
                "are kept, sealed"
            } else {
                "are not kept"
            }
            .to_owned(),
        ),
        ("SCIM endpoint", public.scim(&organization.slug)),
    ])?;
    let minutes = |duration: Duration| duration.as_secs() / 60;
    for (level, limits) in limits.iter().rev() {
        output::line(&format!(
            "Sessions of {level}: {} min without a request, {} min in all",
            minutes(limits.idle),
            minutes(limits.absolute)
        ))?;
    }
    Ok(())
}
