//! `portcullis group`

use clap::Subcommand;
use serde_json::{Value, json};

use super::group_members::{self, Members};
use super::{CliError, Global, ListArgs, filtered, output};
use crate::clock;
use crate::directory::group::{self, Group};
use crate::directory::level_change::{self, Preview};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, organization, provisioning};
use crate::observe::audit::Author;
use crate::scim::group::GroupDraft;
use crate::scim::schema::GROUP;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// List the groups of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        #[command(flatten)]
        page: ListArgs,
        /// Only those that a SCIM filter matches, such as 'displayName eq "Engineering"'
        #[arg(long, conflicts_with = "prefix")]
        filter: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a group, as an identity provider would push it
    Create {
        /// Its name
        name: String,
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// What its members inherit: admin, editor, runner or viewer [default: the organization's]
        #[arg(long)]
        level: Option<Level>,
        /// The identity provider's own id of it
        #[arg(long, value_name = "ID")]
        external_id: Option<String>,
        /// Who is in it, by id or by userName; may be given more than once
        #[arg(long = "member", value_name = "USER")]
        members: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a group
    Show {
        /// Its id
        id: String,
        /// Print the group as a SCIM client reads it, with its members
        #[arg(long)]
        scim: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the level that a group's members inherit
    Set {
        /// Its id
        id: String,
        /// admin, editor, runner or viewer
        #[arg(long)]
        level: Level,
        /// Change nothing; say who would gain and who would lose
        #[arg(long)]
        preview: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a group another name; its members stay
    Rename {
        /// Its id
        id: String,
        /// The new name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a group; its members stay, without the level they had from it
    Delete {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Who is in a group
    #[command(subcommand)]
    Members(Members),
}

impl GroupCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::List {
                org,
                page,
                filter,
                json,
            } => {
                let page = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    match &filter {
                        Some(filter) => filtered::groups(conn, &organization, filter, &page),
                        None => Ok(group::list(conn, &organization.id, &page.request())?),
                    }
                })?;
                if json {
                    return output::json(&page);
                }
                let rows: Vec<Vec<String>> = page
                    .items
                    .iter()
                    .map(|g| {
                        vec![
                            g.id.clone(),
                            g.level.to_string(),
                            g.members.to_string(),
                            g.display_name.clone(),
                        ]
                    })
                    .collect();
                output::table(&["ID", "LEVEL", "MEMBERS", "NAME"], &rows)?;
                if let Some(next) = page.next {
                    output::note(&format!("more: --after {next}"));
                }
                Ok(())
            }
            Self::Create {
                name,
                org,
                level,
                external_id,
                members,
                json,
            } => {
                let mut resource = json!({ "schemas": [GROUP.schema.id], "displayName": name });
                if let (Some(external_id), Value::Object(resource)) = (external_id, &mut resource) {
                    resource.insert("externalId".into(), external_id.into());
                }
                let draft = GroupDraft::parse(resource.to_string().as_bytes())?;
                let made = create(&store, org, draft, level, members)?;
                show(&made, json)
            }
            Self::Rename { id, name, json } => {
                let now = clock::now();
                let changed = store.write(move |tx| {
                    let (organization, _) = group_members::of(tx, &id)?;
                    let rename = json!({ "op": "replace", "path": "displayName", "value": name });
                    group_members::patched(tx, &organization, &id, &rename, now)
                })?;
                show(&changed, json)
            }
            Self::Delete { id, json } => {
                let now = clock::now();
                let found = store.write(move |tx| {
                    let (organization, found) = group_members::of(tx, &id)?;
                    let by = Author::command_line();
                    provisioning::delete_group(tx, &organization, &found.id, &by, now)?;
                    Ok::<_, CliError>(found)
                })?;
                if json {
                    output::json(&json!({ "id": found.id, "deleted": true }))
                } else {
                    output::line(&format!("Deleted {} ({}).", found.display_name, found.id))
                }
            }
            Self::Members(command) => command.run(&store),
            Self::Show { id, scim: true, .. } => {
                let shown = store.read(|conn| filtered::as_scim_group(conn, &id))?;
                output::json(&shown)
            }
            Self::Show { id, json, .. } => {
                let found = store.read(|conn| {
                    group::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("group", id.clone()))
                })?;
                show(&found, json)
            }
            Self::Set {
                id,
                level,
                preview: true,
                json,
            } => {
                let preview = store.read(|conn| {
                    let found = group::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("group", id.clone()))?;
                    level_change::preview(conn, &found, level, None)
                })?;
                show_preview(&preview, json)
            }
            Self::Set {
                id, level, json, ..
            } => {
                let now = clock::now();
                let by = Author::command_line();
                let changed = store.write(move |tx| group::set_level(tx, &id, level, &by, now))?;
                show(&changed, json)
            }
        }
    }
}

/// Makes a group and gives it its level in one change.
fn create(
    store: &Store,
    org: Slug,
    mut draft: GroupDraft,
    level: Option<Level>,
    members: Vec<String>,
) -> Result<Group, CliError> {
    let now = clock::now();
    store.write(move |tx| {
        let organization = organization::find(tx, org.as_str())?;
        if !members.is_empty() {
            draft.members = Some(group_members::ids(tx, &organization, &members)?);
        }
        let by = Author::command_line();
        let made = provisioning::create_group(tx, &organization, &draft, &by, now)?;
        if let Some(level) = level {
            group::set_level(tx, &made.value.id, level, &by, now)?;
        }
        Ok::<_, CliError>(group::find_in(tx, &organization.id, &made.value.id)?)
    })
}

fn show_preview(preview: &Preview, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(preview);
    }
    for (word, people, total) in [
        ("gain", &preview.gains, preview.gains_total),
        ("lose", &preview.loses, preview.loses_total),
    ] {
        output::line(&format!("{total} would {word}"))?;
        for person in people {
            output::line(&format!("  {person}"))?;
        }
        if total > people.len() {
            output::line(&format!("  and {} more", total - people.len()))?;
        }
    }
    Ok(())
}

pub(super) fn show(group: &Group, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(group);
    }
    output::fields(&[
        ("Group", format!("{} ({})", group.display_name, group.id)),
        ("Level", group.level.to_string()),
        ("Members", group.members.to_string()),
    ])
}
