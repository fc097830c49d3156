//! `portcullis user create`: a user as an identity provider would push them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Map, Value, json};

use super::error::read_file;
use super::user::{as_json, show};
use super::{CliError, output};
use crate::clock;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization, provisioning, user};
use crate::observe::audit::Author;
use crate::scim::schema::USER;
use crate::scim::user::UserDraft;
use crate::store::Store;

/// Bytes of a file with one user; more than a resource may have.
const MOST: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum UserPushCommand {
    /// Make a user as an identity provider would push them
    ///
    /// They sign in through their identity provider. For somebody with a password of their own, see
    /// `user invite`.
    Create(Box<Create>),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("who").required(true).args(["user_name", "resource"])))]
pub(super) struct Create {
    /// What the identity provider calls them, mostly their address
    user_name: Option<String>,
    /// The organization's slug
    #[arg(long)]
    org: Slug,
    /// Their e-mail address [default: the user name, if it is one]
    #[arg(long)]
    email: Option<String>,
    /// Their given name
    #[arg(long)]
    given_name: Option<String>,
    /// Their family name
    #[arg(long)]
    family_name: Option<String>,
    /// Their name on screen [default: given and family name]
    #[arg(long)]
    name: Option<String>,
    /// The identity provider's own id of them
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Make them, but let them not sign in yet
    #[arg(long)]
    inactive: bool,
    /// A SCIM user as JSON in place of the options; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "email", "given_name", "family_name", "name", "external_id", "inactive"
    ])]
    resource: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl UserPushCommand {
    pub(super) fn run(self, store: &Store) -> Result<(), CliError> {
        let Self::Create(command) = self;
        let draft = match &command.resource {
            Some(path) => UserDraft::parse(&content(path)?)?,
            None => UserDraft::from_resource(command.resource(), Vec::new())?,
        };
        for note in &draft.notes {
            output::note(note);
        }
        let org = command.org;
        let now = clock::now();
        let value = store.write(move |tx| {
            let organization = organization::find(tx, org.as_str())?;
            let by = Author::command_line();
            let made = provisioning::create_user(tx, &organization, &draft, &by, now)?;
            let made = user::find_in(tx, &organization.id, &made.value.id)?;
            let view = user::view(tx, &made, now).map(as_json)?;
            Ok::<_, CliError>(view)
        })?;
        if command.json {
            output::json(&value)
        } else {
            show(&value, false)
        }
    }
}

impl Create {
    fn resource(&self) -> Map<String, Value> {
        let mut resource = Map::new();
        let mut put = |key: &str, value: Option<&String>| {
            if let Some(value) = value {
                resource.insert(key.to_owned(), json!(value));
            }
        };
        put("userName", self.user_name.as_ref());
        put("externalId", self.external_id.as_ref());
        put("displayName", self.name.as_ref());
        let mut name = Map::new();
        for (key, value) in [
            ("givenName", &self.given_name),
            ("familyName", &self.family_name),
        ] {
            if let Some(value) = value {
                name.insert(key.to_owned(), json!(value));
            }
        }
        if !name.is_empty() {
            resource.insert("name".into(), Value::Object(name));
        }
        let user_name = self.user_name.as_ref().filter(|name| name.contains('@'));
        if let Some(email) = self.email.as_ref().or(user_name) {
            let email = json!([{ "value": email, "primary": true, "type": "work" }]);
            resource.insert("emails".into(), email);
        }
        resource.insert("schemas".into(), json!([USER.schema.id]));
        resource.insert("active".into(), json!(!self.inactive));
        resource
    }
}

fn content(path: &Path) -> Result<Vec<u8>, CliError> {
    if path.as_os_str() != "-" {
        return read_file(path, MOST);
    }
    let mut content = Vec::new();
    io::stdin()
        .take(MOST + 1)
        .read_to_end(&mut content)
        .map_err(|source| CliError::File {
            path: "standard input".to_owned(),
            source,
        })?;
    if content.len() as u64 > MOST {
        return Err(
            DirectoryError::invalid("resource", format!("larger than {MOST} bytes")).into(),
        );
    }
    Ok(content)
}
