//! The definitions themselves, in the order of RFC 7643.

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};

/// The core user, RFC 7643 section 4.1.
pub static USER_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &USER_ATTRIBUTES,
};

/// The group, RFC 7643 section 4.2.
pub static GROUP_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group",
    attributes: &GROUP_ATTRIBUTES,
};

/// The enterprise extension of the user, RFC 7643 section 4.3.
pub static ENTERPRISE_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &ENTERPRISE_ATTRIBUTES,
};

/// Attributes of every resource, RFC 7643 section 3.1; not part of any schema.
pub(super) static COMMON: [Attribute; 4] = [
    text("schemas", "The URNs of the schemas that the resource uses.")
        .exact()
        .list()
        .always(),
    text("id", "Our identifier; never changes, never given again.")
        .exact()
        .read_only()
        .always()
        .unique(),
    text("externalId", "The identity provider's identifier.").exact(),
    complex("meta", "What we know about the resource itself.", &META).read_only(),
];

static META: [Attribute; 5] = [
    text("resourceType", "The resource type's name.")
        .exact()
        .read_only(),
    of("created", Type::DateTime, "When it was made.").read_only(),
    of("lastModified", Type::DateTime, "When it was last changed.").read_only(),
    of("location", Type::Reference, "Its address.")
        .exact()
        .read_only(),
    text("version", "Its version.").exact().read_only(),
];

static USER_ATTRIBUTES: [Attribute; 21] = [
    text(
        "userName",
        "The name to sign in with, unique in the organization without case.",
    )
    .required()
    .unique(),
    complex("name", "The parts of the person's name.", &NAME),
    text("displayName", "The name to show."),
    text("nickName", "The casual name."),
    reference("profileUrl", "A page about the person.", &["external"]),
    text("title", "The job title."),
    text(
        "userType",
        "The relation to the organization, such as Contractor.",
    ),
    text(
        "preferredLanguage",
        "Preferred languages, as in Accept-Language.",
    ),
    text("locale", "For dates and numbers, such as en-US."),
    text("timezone", "The time zone by its IANA name."),
    of(
        "active",
        Type::Boolean,
        "Whether the person may sign in; false ends every session at once.",
    ),
    text(
        "password",
        "Accepted and discarded: people sign in through their identity provider.",
    )
    .exact()
    .write_only(),
    complex("emails", "E-mail addresses.", &EMAIL).list(),
    complex("phoneNumbers", "Telephone numbers.", &PHONE).list(),
    complex("ims", "Instant messaging addresses.", &PLAIN_VALUE).list(),
    complex("photos", "Addresses of pictures.", &PHOTO).list(),
    complex("addresses", "Postal addresses.", &ADDRESS).list(),
    complex(
        "groups",
        "The groups the person belongs to, 1,000 of them at most; changed through Groups.",
        &USER_GROUP,
    )
    .list()
    .read_only(),
    complex(
        "entitlements",
        "What the person is entitled to.",
        &PLAIN_VALUE,
    )
    .list(),
    complex(
        "roles",
        "The person's roles at the identity provider; they grant nothing here.",
        &PLAIN_VALUE,
    )
    .list(),
    complex(
        "x509Certificates",
        "The person's certificates.",
        &CERTIFICATE,
    )
    .list(),
];

static NAME: [Attribute; 6] = [
    text("formatted", "The whole name."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
    text("middleName", "Middle names."),
    text("honorificPrefix", "Such as Dr."),
    text("honorificSuffix", "Such as III."),
];

static EMAIL: [Attribute; 4] = [
    text("value", "The address."),
    DISPLAY,
    of_type(&["work", "home", "other"]),
    PRIMARY,
];

static PHONE: [Attribute; 4] = [
    text("value", "The number."),
    DISPLAY,
    of_type(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

static PHOTO: [Attribute; 4] = [
    reference("value", "The picture's address.", &["external"]),
    DISPLAY,
    of_type(&["photo", "thumbnail"]),
    PRIMARY,
];

static PLAIN_VALUE: [Attribute; 4] = [text("value", "The value."), DISPLAY, of_type(&[]), PRIMARY];

static CERTIFICATE: [Attribute; 4] = [
    of("value", Type::Binary, "The certificate, DER as base64.").exact(),
    DISPLAY,
    of_type(&[]),
    PRIMARY,
];

static ADDRESS: [Attribute; 8] = [
    text("formatted", "The whole address."),
    text("streetAddress", "Street and number."),
    text("locality", "City."),
    text("region", "State or region."),
    text("postalCode", "Postal code."),
    text("country", "Country, as two letters of ISO 3166-1."),
    of_type(&["work", "home", "other"]),
    PRIMARY,
];

static USER_GROUP: [Attribute; 4] = [
    text("value", "The group's id.").exact().read_only(),
    reference("$ref", "The group's address.", &["Group"]).read_only(),
    text("display", "The group's name.").read_only(),
    of_type(&["direct"]).read_only(),
];

static GROUP_ATTRIBUTES: [Attribute; 2] = [
    text(
        "displayName",
        "The group's name, unique in the organization without case.",
    )
    .required()
    .unique(),
    complex("members", "The group's members, who are users.", &MEMBER).list(),
];

static MEMBER: [Attribute; 4] = [
    text("value", "The user's id.").exact().immutable(),
    reference("$ref", "The user's address.", &["User"]).immutable(),
    text(
        "display",
        "The user's name; what a client sends is ignored.",
    )
    .read_only()
    .on_request(),
    of_type(&["User"]).immutable(),
];

static ENTERPRISE_ATTRIBUTES: [Attribute; 6] = [
    text("employeeNumber", "The number at the employer."),
    text("costCenter", "The cost center."),
    text("organization", "The organization's name."),
    text("division", "The division's name."),
    text("department", "The department's name."),
    complex("manager", "The person's manager.", &MANAGER),
];

static MANAGER: [Attribute; 3] = [
    text(
        "value",
        "The manager's id, as the identity provider sends it.",
    ),
    reference("$ref", "The manager's address.", &["User"]),
    text(
        "displayName",
        "The manager's name, as the identity provider sends it.",
    ),
];

const DISPLAY: Attribute = text("display", "For people to read.");

const PRIMARY: Attribute = of(
    "primary",
    Type::Boolean,
    "Whether this is the preferred one; at most one is.",
);

const fn text(name: &'static str, description: &'static str) -> Attribute {
    of(name, Type::String, description)
}

const fn of_type(canonical_values: &'static [&'static str]) -> Attribute {
    let mut attribute = text("type", "What it is for.");
    attribute.canonical_values = canonical_values;
    attribute
}

const fn reference(
    name: &'static str,
    description: &'static str,
    to: &'static [&'static str],
) -> Attribute {
    let mut attribute = of(name, Type::Reference, description);
    attribute.reference_types = to;
    attribute.case_exact = true;
    attribute
}

const fn complex(
    name: &'static str,
    description: &'static str,
    sub_attributes: &'static [Attribute],
) -> Attribute {
    let mut attribute = of(name, Type::Complex, description);
    attribute.sub_attributes = sub_attributes;
    attribute
}

const fn of(name: &'static str, kind: Type, description: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        multi_valued: false,
        description,
        required: false,
        canonical_values: &[],
        case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        uniqueness: Uniqueness::None,
        reference_types: &[],
        sub_attributes: &[],
    }
}

impl Attribute {
    const fn list(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    const fn on_request(mut self) -> Self {
        self.returned = Returned::Request;
        self
    }

    const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    const fn write_only(mut self) -> Self {
        self.mutability = Mutability::WriteOnly;
        self.returned = Returned::Never;
        self
    }
}
