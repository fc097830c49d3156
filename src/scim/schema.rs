//! The attributes we know: core User and Group, the enterprise extension, RFC 7643 sections 3.1, 4
//! and 8.7.1. Discovery publishes these tables and validation obeys them, so that the two can't
//! disagree.

use super::path::AttributePath;

mod tables;

pub use tables::{ENTERPRISE_USER, GROUP_SCHEMA, USER_SCHEMA};

/// A data type of RFC 7643 section 2.3; the ones our tables use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `string`
    String,
    /// `boolean`
    Boolean,
    /// `dateTime`
    DateTime,
    /// `reference`
    Reference,
    /// `binary`, as base64
    Binary,
    /// `complex`
    Complex,
}

/// Who may change an attribute, RFC 7643 section 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// `readOnly`
    ReadOnly,
    /// `readWrite`
    ReadWrite,
    /// `immutable`
    Immutable,
    /// `writeOnly`
    WriteOnly,
}

/// When an attribute is returned, RFC 7643 section 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// `always`
    Always,
    /// `never`
    Never,
    /// `default`
    Default,
    /// `request`
    Request,
}

/// Over what an attribute's values are unique, RFC 7643 section 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// `none`
    None,
    /// `server`; within one organization's endpoint
    Server,
}

/// The definition of an attribute, RFC 7643 section 7.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The canonical spelling.
    pub name: &'static str,
    /// The data type.
    pub kind: Type,
    /// Whether the value is an array.
    pub multi_valued: bool,
    /// For people who read `/Schemas`.
    pub description: &'static str,
    /// Whether a resource must have it.
    pub required: bool,
    /// Suggested values.
    pub canonical_values: &'static [&'static str],
    /// Whether strings are compared with case.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Over what it is unique.
    pub uniqueness: Uniqueness,
    /// What a reference points to.
    pub reference_types: &'static [&'static str],
    /// Parts of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

impl Attribute {
    /// The part called `name`, without case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }
}

/// A schema of RFC 7643 section 7.
#[derive(Debug)]
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// For people who read `/Schemas`.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

/// A resource type of RFC 7643 section 6.
#[derive(Debug)]
pub struct ResourceType {
    /// Its name, which is also its id.
    pub name: &'static str,
    /// For people who read `/ResourceTypes`.
    pub description: &'static str,
    /// Its path below the base address.
    pub endpoint: &'static str,
    /// Its core schema.
    pub schema: &'static Schema,
    /// Its extensions; none is required.
    pub extensions: &'static [&'static Schema],
}

/// The `User` resource type.
pub static USER: ResourceType = ResourceType {
    name: "User",
    description: "People of the organization.",
    endpoint: "/Users",
    schema: &USER_SCHEMA,
    extensions: &[&ENTERPRISE_USER],
};

/// The `Group` resource type.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    description: "Groups of people, which carry permission levels.",
    endpoint: "/Groups",
    schema: &GROUP_SCHEMA,
    extensions: &[],
};

/// All resource types.
pub static RESOURCE_TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// All schemas.
pub static SCHEMAS: [&Schema; 3] = [&USER_SCHEMA, &GROUP_SCHEMA, &ENTERPRISE_USER];

/// The schema of this URN. URNs are compared without case.
pub fn schema(id: &str) -> Option<&'static Schema> {
    SCHEMAS
        .iter()
        .copied()
        .find(|schema| schema.id.eq_ignore_ascii_case(id))
}

/// Where a path leads.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The extension it lies in; `None` for core and common attributes.
    pub extension: Option<&'static Schema>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it.
    pub sub: Option<&'static Attribute>,
}

impl Target {
    /// What is compared when the path stands in a filter: the part named, else the `value` of a
    /// multi-valued complex attribute, else the attribute.
    pub fn compared(&self) -> &'static Attribute {
        self.sub
            .or_else(|| default_part(self.attribute))
            .unwrap_or(self.attribute)
    }

    /// The path in canonical spelling.
    pub fn path(&self) -> AttributePath {
        AttributePath {
            urn: self.extension.map(|schema| schema.id.to_owned()),
            name: self.attribute.name.to_owned(),
            sub: self.sub.map(|sub| sub.name.to_owned()),
        }
    }
}

impl ResourceType {
    /// A core or common attribute by its name, without case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.schema.attributes, name).or_else(|| find(&tables::COMMON, name))
    }

    /// The extension of this URN, if this type has it.
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions
            .iter()
            .copied()
            .find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Where `path` leads; `None` if we don't know it, or if it names a whole extension.
    pub fn target(&self, path: &AttributePath) -> Option<Target> {
        let (extension, attribute) = match &path.urn {
            None => (None, self.attribute(&path.name)?),
            Some(urn) if urn.eq_ignore_ascii_case(self.schema.id) => {
                (None, self.attribute(&path.name)?)
            }
            Some(urn) => {
                let extension = self.extension(urn)?;
                (Some(extension), find(extension.attributes, &path.name)?)
            }
        };
        let sub = match &path.sub {
            None => None,
            Some(name) => Some(attribute.sub(name)?),
        };
        Some(Target {
            extension,
            attribute,
            sub,
        })
    }
}

/// The attribute called `name` among `attributes`, without case.
pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The part that stands for a multi-valued complex attribute in a comparison, RFC 7644 section
/// 3.4.2.2 on `emails co "example.com"`.
pub(super) fn default_part(attribute: &Attribute) -> Option<&'static Attribute> {
    if attribute.multi_valued && attribute.kind == Type::Complex {
        attribute.sub("value")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_without_case_and_with_urn() {
        let target = |text: &str| USER.target(&AttributePath::parse(text).unwrap());
        assert_eq!(target("USERNAME").unwrap().attribute.name, "userName");
        let long = "urn:ietf:params:scim:schemas:core:2.0:user:Name.GIVENNAME";
        assert_eq!(target(long).unwrap().path().to_string(), "name.givenName");
        let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";
        assert_eq!(target(manager).unwrap().path().to_string(), manager);
        assert_eq!(target("emails").unwrap().compared().name, "value");
        assert_eq!(
            target("meta.created").unwrap().compared().kind,
            Type::DateTime
        );
        for unknown in [
            "email",
            "name.nick",
            "userName.value",
            "urn:x:y:userName",
            "members",
        ] {
            assert!(target(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn tables_hold_together() {
        fn check(attributes: &'static [Attribute], depth: usize) {
            for attribute in attributes {
                assert!(!attribute.description.is_empty(), "{}", attribute.name);
                let complex = attribute.kind == Type::Complex;
                assert_eq!(
                    complex,
                    !attribute.sub_attributes.is_empty(),
                    "{}",
                    attribute.name
                );
                let same = attributes
                    .iter()
                    .filter(|a| a.name.eq_ignore_ascii_case(attribute.name));
                assert_eq!(same.count(), 1, "{}", attribute.name);
                assert!(depth < 2, "RFC 7643 section 2.3.8: no complex in complex");
                check(attribute.sub_attributes, depth + 1);
            }
        }
        for schema in SCHEMAS {
            check(schema.attributes, 0);
        }
    }
}
