//! A user as a client sent it: POST, PUT, and the outcome of a PATCH.

use serde_json::{Map, Value};

use super::error::ScimError;
use super::json;
use super::schema::USER;
use super::validate::{self, is_primary, text};

/// What stands in `active`. Who has none may not sign in: nobody said that they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Active {
    /// `true` or `false`.
    Given(bool),
    /// A client removed it (RFC 7644 section 3.5.2.2), so that none is shown and filters find none.
    Unassigned,
}

impl Active {
    /// Whether the user may sign in.
    pub fn is_on(self) -> bool {
        self == Self::Given(true)
    }

    /// The value to show, if there is one.
    pub fn shown(self) -> Option<bool> {
        match self {
            Self::Given(active) => Some(active),
            Self::Unassigned => None,
        }
    }
}

/// A validated user, RFC 7643 section 4.1.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDraft {
    /// `userName` as received.
    pub user_name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// `active`; `None` when the request says nothing about it, which must change nothing.
    pub active: Option<Active>,
    /// The primary e-mail address, else the first.
    pub email: Option<String>,
    /// The name to show: `displayName`, else `name.formatted`, else given and family name, else
    /// `userName`; one line of at most 256 characters. The resource itself is not altered by this.
    pub display_name: Option<String>,
    /// `name.givenName`
    pub given_name: Option<String>,
    /// `name.familyName`
    pub family_name: Option<String>,
    /// The whole resource to keep, in canonical spelling, without `id`, `meta`, `groups` and
    /// `password`. Without `active` too: that has one home, the directory's column, so that a
    /// PATCH of something else can't bring back a state that has changed since.
    pub resource: Map<String, Value>,
    /// What was forgiven, see [`super::forgive`].
    pub notes: Vec<&'static str>,
}

impl UserDraft {
    /// Parses the body of a POST or PUT. 400 `invalidSyntax` if it isn't a JSON object,
    /// `invalidValue` if an attribute has the wrong type, 413 if the resource is too large.
    pub fn parse(body: &[u8]) -> Result<Self, ScimError> {
        Self::from_resource(json::object(body, json::MAX_VALUES)?, Vec::new())
    }

    /// The same from an object. `notes` are those collected on the way to it.
    pub fn from_resource(
        received: Map<String, Value>,
        mut notes: Vec<&'static str>,
    ) -> Result<Self, ScimError> {
        let mut resource = validate::resource(received, &USER, &mut notes)?;
        let active = resource
            .shift_remove("active")
            .and_then(|value| value.as_bool())
            .map(Active::Given);
        validate::size(&resource)?;

        let user_name = validate::required_name(&resource, "userName")?;
        let external_id = validate::optional_name(&resource, "externalId")?;
        let email = email(&resource)
            .map(|email| validate::name(email, "emails.value").map(str::to_owned))
            .transpose()?;
        let no_name = Map::new();
        let name = resource
            .get("name")
            .and_then(Value::as_object)
            .unwrap_or(&no_name);
        let given_name = text(name, "givenName").map(str::to_owned);
        let family_name = text(name, "familyName").map(str::to_owned);
        let display_name = display_name(&resource, name, &user_name);
        Ok(Self {
            user_name,
            external_id,
            active,
            email,
            display_name: Some(display_name),
            given_name,
            family_name,
            resource,
            notes,
        })
    }

    /// Refuses extensions that we don't know, for organizations that want it so: 400
    /// `invalidValue` with the URN. `kept` is the stored resource; what is in it just so may stay.
    pub fn only_known_extensions(
        &self,
        kept: Option<&Map<String, Value>>,
    ) -> Result<(), ScimError> {
        validate::only_known_extensions(&self.resource, &USER, kept)
    }
}

fn email(resource: &Map<String, Value>) -> Option<&str> {
    let emails = resource.get("emails")?.as_array()?;
    let address = |email: &'_ &Value| email.get("value").is_some_and(Value::is_string);
    emails
        .iter()
        .filter(address)
        .find(|email| is_primary(email))
        .or_else(|| emails.iter().find(address))?
        .get("value")?
        .as_str()
}

fn display_name(
    resource: &Map<String, Value>,
    name: &Map<String, Value>,
    user_name: &str,
) -> String {
    let both = [text(name, "givenName"), text(name, "familyName")];
    let both = both.into_iter().flatten().collect::<Vec<_>>().join(" ");
    [
        text(resource, "displayName"),
        text(name, "formatted"),
        Some(&both),
    ]
    .into_iter()
    .flatten()
    .map(validate::line)
    .find(|name| !name.is_empty())
    .unwrap_or_else(|| user_name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::forgive;

    fn parse(value: Value) -> Result<UserDraft, ScimError> {
        UserDraft::parse(value.to_string().as_bytes())
    }

    fn refused(value: Value) -> String {
        let error = parse(value).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some("invalidValue")));
        error.detail
    }

    #[test]
    fn takes_oktas_user() {
        let draft = parse(json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "x", "meta": {"created": "04-12-2018 00:00:00"},
            "userName": "joiner@example.test", "name": {"givenName": "test", "familyName": "joiner"},
            "emails": [{"primary": true, "value": "joiner@example.test"}],
            "externalId": "00u1", "groups": [{"value": "g"}], "password": "secret", "active": true
        }))
        .unwrap();
        assert_eq!(draft.user_name, "joiner@example.test");
        assert_eq!(draft.email.as_deref(), Some("joiner@example.test"));
        assert_eq!(draft.display_name.as_deref(), Some("test joiner"));
        assert_eq!(draft.external_id.as_deref(), Some("00u1"));
        assert_eq!(draft.active, Some(Active::Given(true)));
        let keys: Vec<_> = draft.resource.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["schemas", "userName", "name", "emails", "externalId"]
        );
        assert_eq!(draft.notes, [forgive::PASSWORD_DISCARDED]);
        assert!(!format!("{draft:?}").contains("secret"));
    }

    #[test]
    fn names_have_no_case_and_nothing_is_lost() {
        let draft = parse(json!({
            "USERNAME": "a", "Name": {"GIVENNAME": "G", "nick": 7},
            "EMAILS": [{"Value": "a@b.test", "TYPE": "work", "x": [1]}],
            "favouriteColour": "blue", "honorific": {"a": [1]},
            "urn:example:custom:1.0:User": {"badge": 7},
            "URN:IETF:params:scim:schemas:extension:enterprise:2.0:USER": {"Department": "R&D"}
        }))
        .unwrap();
        let expected = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:example:custom:1.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            ],
            "userName": "a", "name": {"givenName": "G", "nick": 7},
            "emails": [{"value": "a@b.test", "type": "work", "x": [1]}],
            "favouriteColour": "blue", "honorific": {"a": [1]},
            "urn:example:custom:1.0:User": {"badge": 7},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"}
        });
        assert_eq!(Value::Object(draft.resource), expected);
        for twice in [
            json!({"userName": "a", "USERNAME": "b"}),
            json!({"userName": "a", "badge": 1, "Badge": 2}),
            json!({"userName": "a", "urn:x:y": {}, "URN:X:Y": {}}),
        ] {
            assert_eq!(parse(twice).unwrap_err().scim_type, Some("invalidSyntax"));
        }
    }

    #[test]
    fn empty_is_absent() {
        let draft = parse(json!({
            "userName": "a", "title": "", "nickName": null, "name": {"givenName": ""},
            "emails": [], "phoneNumbers": [null, {}], "active": null, "externalId": ""
        }))
        .unwrap();
        assert_eq!(draft.resource.len(), 2);
        assert_eq!(draft.active, None);
        assert_eq!(draft.external_id, None);
        assert_eq!(draft.display_name.as_deref(), Some("a"));
    }

    #[test]
    fn the_name_to_show_is_a_line() {
        let shown = |name: &str| {
            let draft = parse(json!({"userName": "a", "displayName": name})).unwrap();
            assert_eq!(draft.resource["displayName"], name);
            draft.display_name.unwrap()
        };
        assert_eq!(shown(" Eva\nSmith\u{1b}[2J "), "Eva Smith [2J");
        assert_eq!(shown(&"é".repeat(10_000)), "é".repeat(256));
        assert_eq!(shown("\u{7}\u{0}"), "a");
    }

    #[test]
    fn checks_the_user_name() {
        for name in [
            json!(""),
            json!("  "),
            json!("a\u{7}b"),
            json!("a\nb"),
            json!(7),
            json!(null),
        ] {
            assert!(
                refused(json!({"userName": name})).contains("userName"),
                "{name}"
            );
        }
        assert!(refused(json!({"name": {}})).contains("required"));
        assert!(refused(json!({"userName": "é".repeat(257)})).contains("longer"));
        assert!(parse(json!({"userName": "é".repeat(256)})).is_ok());
        assert!(parse(json!({"userName": "q\"\\✓ x"})).is_ok());
    }

    #[test]
    fn checks_types() {
        for (key, value) in [
            ("active", json!("perhaps")),
            ("active", json!(1)),
            ("externalId", json!(7)),
            ("title", json!({})),
            ("name", json!("Eva")),
            ("emails", json!("a@b.test")),
            ("emails", json!(["a@b.test"])),
            ("emails", json!([{"value": 1}])),
            (
                "emails",
                json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]),
            ),
            ("emails", json!([{"value": "a\u{0}"}])),
            ("x509Certificates", json!([{"value": "no base64!"}])),
            ("x509Certificates", json!([{"value": 7}])),
            ("schemas", json!("x")),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                json!([]),
            ),
        ] {
            let mut user = json!({"userName": "a"});
            user[key] = value;
            assert!(refused(user).contains(key), "{key}");
        }
    }

    #[test]
    fn forgives_entras_forms() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let mut user = json!({
            "userName": "a", "active": "False",
            "emails": [{"value": "x@b.test"}, {"value": "y@b.test", "primary": "True"}]
        });
        user[urn] = json!({"manager": "m1"});
        let draft = parse(user).unwrap();
        assert_eq!(draft.active, Some(Active::Given(false)));
        assert_eq!(draft.email.as_deref(), Some("y@b.test"));
        assert_eq!(draft.resource[urn], json!({"manager": {"value": "m1"}}));
        assert_eq!(
            draft.notes,
            [forgive::BOOLEAN_AS_TEXT, forgive::MANAGER_AS_TEXT]
        );
    }

    #[test]
    fn is_bounded() {
        let large = parse(json!({"userName": "a", "title": "x".repeat(70_000)})).unwrap_err();
        assert_eq!(large.status, 413);
        let parts: Map<String, Value> = (0..40_000)
            .map(|n| (format!("urn:{n}"), json!({})))
            .chain([("userName".to_owned(), json!("a"))])
            .collect();
        assert_eq!(parse(Value::Object(parts)).unwrap_err().status, 413);
        let values = parse(json!({"userName": "a", "x": vec![0; 50_000]})).unwrap_err();
        assert_eq!(values.scim_type, Some("tooMany"));
        let many = vec![json!({"value": "a"}); 501];
        let many = parse(json!({"userName": "a", "emails": many})).unwrap_err();
        assert_eq!(many.scim_type, Some("tooMany"));
    }
}
