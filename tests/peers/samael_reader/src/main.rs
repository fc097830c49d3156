//! Reads an AuthnRequest from a redirect's address, a service provider's metadata from a file, or
//! responses from a file, with samael, and prints what samael found as JSON.

mod responses;

use std::error::Error;
use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use samael::metadata::EntityDescriptor;
use samael::schema::AuthnRequest;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let found = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["request", address] => request(address)?,
        ["metadata", path] => metadata(&std::fs::read_to_string(path)?)?,
        ["responses", path] => {
            responses::judge(&serde_json::from_str(&std::fs::read_to_string(path)?)?)?
        }
        ["time", path] => responses::time(&serde_json::from_str(&std::fs::read_to_string(path)?)?)?,
        _ => {
            return Err(
                "usage: samael-reader request ADDRESS | metadata FILE | responses FILE | time FILE"
                    .into(),
            );
        }
    };
    println!("{found}");
    Ok(())
}

/// HTTP-Redirect binding, DEFLATE encoding (SAML Bindings 3.4.4.1).
fn request(address: &str) -> Result<Value, Box<dyn Error>> {
    let address = url::Url::parse(address)?;
    let parameter = |name: &str| {
        let mut pairs = address.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let deflated = STANDARD.decode(parameter("SAMLRequest").ok_or("no SAMLRequest")?)?;
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(&deflated[..]).read_to_string(&mut xml)?;
    let request: AuthnRequest = xml.parse()?;
    Ok(json!({
        "relay_state": parameter("RelayState"),
        "id": request.id,
        "version": request.version,
        "issue_instant": request.issue_instant.to_rfc3339(),
        "destination": request.destination,
        "issuer": request.issuer.and_then(|issuer| issuer.value),
        "acs_url": request.assertion_consumer_service_url,
        "protocol_binding": request.protocol_binding,
        "force_authn": request.force_authn,
        "is_passive": request.is_passive,
        "requested_authn_context": request.requested_authn_context.is_some(),
    }))
}

fn metadata(xml: &str) -> Result<Value, Box<dyn Error>> {
    let entity: EntityDescriptor = xml.parse()?;
    let roles = entity.sp_sso_descriptors.unwrap_or_default();
    let [role] = &roles[..] else {
        return Err(format!("{} SPSSODescriptors", roles.len()).into());
    };
    let keys: Vec<Value> = role
        .key_descriptors
        .iter()
        .flatten()
        .map(|key| {
            let data = key.key_info.x509_data.as_ref();
            json!({
                "use": key.key_use,
                "certificates": data.map(|data| data.certificates.clone()),
            })
        })
        .collect();
    let consumers: Vec<Value> = role
        .assertion_consumer_services
        .iter()
        .map(|consumer| {
            json!({
                "binding": consumer.binding,
                "location": consumer.location,
                "index": consumer.index,
                "is_default": consumer.is_default,
            })
        })
        .collect();
    Ok(json!({
        "entity_id": entity.entity_id,
        "protocols": role.protocol_support_enumeration,
        "authn_requests_signed": role.authn_requests_signed,
        "want_assertions_signed": role.want_assertions_signed,
        "name_id_formats": role.name_id_formats,
        "keys": keys,
        "consumers": consumers,
    }))
}
