//! What we can do, told truthfully: ServiceProviderConfig, ResourceTypes and Schemas of RFC 7644
//! section 4, made from the tables that validation uses and the limits that requests meet.

use serde_json::{Map, Value, json};

use super::bulk;
use super::cursor;
use super::error::ScimError;
use super::query::{DEFAULT_COUNT, MAX_COUNT};
use super::render;
use super::schema::{
    self, Attribute, Mutability, RESOURCE_TYPES, ResourceType, Returned, SCHEMAS, Schema, Type,
    Uniqueness,
};

/// `/ServiceProviderConfig`. `base` is the address of the organization's SCIM endpoint.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": bulk::MAX_OPERATIONS,
            "maxPayloadSize": bulk::MAX_PAYLOAD,
        },
        "filter": {"supported": true, "maxResults": MAX_COUNT},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
            "cursorTimeout": cursor::LIFETIME.as_secs(),
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A SCIM token of the organization, in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta(base, "ServiceProviderConfig", "/ServiceProviderConfig"),
    })
}

/// `/ResourceTypes`
pub fn resource_types(base: &str) -> Value {
    whole_list(
        RESOURCE_TYPES
            .iter()
            .map(|kind| resource_type_of(kind, base))
            .collect(),
    )
}

/// `/ResourceTypes/{name}`
pub fn resource_type(name: &str, base: &str) -> Option<Value> {
    RESOURCE_TYPES
        .iter()
        .find(|kind| kind.name == name)
        .map(|kind| resource_type_of(kind, base))
}

/// `/Schemas`
pub fn schemas(base: &str) -> Value {
    whole_list(
        SCHEMAS
            .iter()
            .map(|schema| schema_of(schema, base))
            .collect(),
    )
}

/// `/Schemas/{id}`
pub fn schema(id: &str, base: &str) -> Option<Value> {
    schema::schema(id).map(|schema| schema_of(schema, base))
}

/// Refuses a filter on these endpoints with 403, RFC 7644 section 4. Other parameters mean nothing
/// here and are ignored, as the same section says.
pub fn refuse_filter(raw_query: Option<&str>) -> Result<(), ScimError> {
    let mut parameters = form_urlencoded::parse(raw_query.unwrap_or_default().as_bytes());
    if parameters.any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(ScimError::new(
            403,
            "This endpoint can't be filtered, RFC 7644 section 4.",
        ));
    }
    Ok(())
}

fn whole_list(resources: Vec<Value>) -> Value {
    render::list(resources.len(), 1, resources)
}

fn resource_type_of(kind: &ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> = kind
        .extensions
        .iter()
        .map(|schema| json!({"schema": schema.id, "required": false}))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "description": kind.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        "schemaExtensions": extensions,
        "meta": meta(base, "ResourceType", &format!("/ResourceTypes/{}", kind.name)),
    })
}

fn schema_of(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": meta(base, "Schema", &format!("/Schemas/{}", schema.id)),
    })
}

/// RFC 7643 section 7.
fn attribute(attribute: &Attribute) -> Value {
    let mut shown = Map::new();
    shown.insert("name".into(), attribute.name.into());
    shown.insert("type".into(), type_name(attribute.kind).into());
    shown.insert("multiValued".into(), attribute.multi_valued.into());
    shown.insert("description".into(), attribute.description.into());
    shown.insert("required".into(), attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        shown.insert("canonicalValues".into(), attribute.canonical_values.into());
    }
    if matches!(
        attribute.kind,
        Type::String | Type::Reference | Type::Binary
    ) {
        shown.insert("caseExact".into(), attribute.case_exact.into());
    }
    let mutability = match attribute.mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    };
    shown.insert("mutability".into(), mutability.into());
    let returned = match attribute.returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
        Returned::Request => "request",
    };
    shown.insert("returned".into(), returned.into());
    let uniqueness = match attribute.uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
    };
    shown.insert("uniqueness".into(), uniqueness.into());
    if !attribute.reference_types.is_empty() {
        shown.insert("referenceTypes".into(), attribute.reference_types.into());
    }
    if !attribute.sub_attributes.is_empty() {
        let subs = attribute.sub_attributes.iter().map(self::attribute);
        shown.insert("subAttributes".into(), subs.collect());
    }
    Value::Object(shown)
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Boolean => "boolean",
        Type::DateTime => "dateTime",
        Type::Reference => "reference",
        Type::Binary => "binary",
        Type::Complex => "complex",
    }
}

fn meta(base: &str, resource_type: &str, path: &str) -> Value {
    json!({
        "resourceType": resource_type,
        "location": format!("{}{path}", base.trim_end_matches('/')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://door.test/scim/v2/acme";

    #[test]
    fn config_tells_the_truth() {
        let config = service_provider_config(BASE);
        for (feature, supported) in [
            ("patch", true),
            ("filter", true),
            ("bulk", true),
            ("sort", true),
            ("etag", true),
            ("changePassword", false),
        ] {
            assert_eq!(config[feature]["supported"], supported, "{feature}");
        }
        assert_eq!(config["filter"]["maxResults"], MAX_COUNT);
        let pagination = &config["pagination"];
        assert_eq!(pagination["defaultPaginationMethod"], "index");
        assert_eq!(pagination["maxPageSize"], MAX_COUNT);
        assert_eq!(pagination["cursorTimeout"], cursor::LIFETIME.as_secs());
        assert_eq!(
            config["meta"]["location"],
            format!("{BASE}/ServiceProviderConfig")
        );
    }

    #[test]
    fn every_listed_resource_is_found_by_its_own_address() {
        for (list, folder) in [
            (resource_types(BASE), "/ResourceTypes/"),
            (schemas(BASE), "/Schemas/"),
        ] {
            let resources = list["Resources"].as_array().unwrap();
            assert_eq!(list["totalResults"], resources.len());
            for resource in resources {
                let id = resource["id"].as_str().unwrap();
                assert_eq!(resource["meta"]["location"], format!("{BASE}{folder}{id}"));
                let single = if folder == "/Schemas/" {
                    schema(id, BASE)
                } else {
                    resource_type(id, BASE)
                };
                assert_eq!(single.as_ref(), Some(resource));
            }
        }
        assert!(schema("urn:x", BASE).is_none() && resource_type("Robot", BASE).is_none());
    }

    #[test]
    fn schemas_are_of_rfc_7643_form() {
        let user = schema(schema::USER.schema.id, BASE).unwrap();
        let attributes = user["attributes"].as_array().unwrap();
        let find = |name: &str| attributes.iter().find(|a| a["name"] == name).unwrap();
        assert_eq!(find("userName")["uniqueness"], "server");
        assert_eq!(find("userName")["caseExact"], false);
        assert_eq!(find("password")["returned"], "never");
        assert_eq!(find("groups")["mutability"], "readOnly");
        assert_eq!(
            find("emails")["subAttributes"][2]["canonicalValues"][0],
            "work"
        );
        assert!(find("active").get("caseExact").is_none());
    }

    #[test]
    fn filters_are_refused() {
        assert_eq!(
            refuse_filter(Some("a=1&Filter=id%20pr"))
                .unwrap_err()
                .status,
            403
        );
        assert!(refuse_filter(Some("count=1")).is_ok() && refuse_filter(None).is_ok());
    }
}
