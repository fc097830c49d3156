//! `portcullis org`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{CliError, Global, output};
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::directory::organization::{self, Change, Organization};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level};
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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Org {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        match self {
            Self::Create { slug, name, json } => {
                let store = global.open_or_create()?;
                let now = clock::now();
                let name = name.unwrap_or_else(|| slug.to_string());
                let (made, public) = store.write(move |tx| {
                    let made =
                        organization::create(tx, &slug, &name, &Author::command_line(), now)?;
                    Ok::<_, DirectoryError>((made, PublicUrl::load(tx)?))
                })?;
                show(&made, &public, json)
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
                let (found, public) = global.open()?.read(|conn| {
                    let found = organization::find(conn, slug.as_str())?;
                    Ok::<_, DirectoryError>((found, PublicUrl::load(conn)?))
                })?;
                show(&found, &public, json)
            }
            Self::Set {
                slug,
                name,
                default_group_level,
                default_user_level,
                json,
            } => {
                let change = Change {
                    name,
                    default_group_level,
                    default_user_level,
                };
                let (by, now) = (Author::command_line(), clock::now());
                let (changed, public) = global.open()?.write(move |tx| {
                    let changed = organization::change(tx, slug.as_str(), &change, &by, now)?;
                    Ok::<_, DirectoryError>((changed, PublicUrl::load(tx)?))
                })?;
                show(&changed, &public, json)
            }
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

fn show(organization: &Organization, public: &PublicUrl, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&as_json(organization, public));
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
        ("SCIM endpoint", public.scim(&organization.slug)),
    ])
}
