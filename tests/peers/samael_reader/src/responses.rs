//! Reads responses as a service provider that samael makes.

use std::error::Error;
use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::pkey::PKey;
use samael::metadata::EntityDescriptor;
use samael::service_provider::{ServiceProvider, ServiceProviderBuilder};
use serde_json::{Value, json};

fn service_provider(index: &Value) -> Result<ServiceProvider, Box<dyn Error>> {
    let text = |name: &str| index[name].as_str().unwrap_or_default().to_owned();
    let metadata: EntityDescriptor = text("metadata").parse()?;
    // Without it, as the benchmark has none, nothing is decrypted.
    let key = match index["recipient"].as_str() {
        Some(pkcs8) => Some(PKey::private_key_from_pkcs8(&STANDARD.decode(pkcs8)?)?),
        None => None,
    };
    Ok(ServiceProviderBuilder::default()
        .key(key)
        .entity_id(text("audience"))
        .acs_url(text("acs"))
        .idp_metadata(metadata)
        .build()?)
}

fn read(sp: &ServiceProvider, index: &Value, xml: &str) -> Result<Option<String>, String> {
    let request = index["request"].as_str().unwrap_or_default();
    let assertion = sp
        .parse_xml_response(xml, Some(&[request]))
        .map_err(|error| error.to_string())?;
    Ok(assertion
        .subject
        .and_then(|subject| subject.name_id)
        .map(|name_id| name_id.value))
}

/// For each attack of the file, and for each good encrypted document by its kind: whom samael takes it
/// for, or why it refuses it.
pub(crate) fn judge(index: &Value) -> Result<Value, Box<dyn Error>> {
    let sp = service_provider(index)?;
    let attacks = index["attacks"].as_array().ok_or("no attacks")?;
    let judged =
        |name: &Value, xml: &Value| match read(&sp, index, xml.as_str().unwrap_or_default()) {
            Ok(person) => json!({ "name": name, "accepted": person }),
            Err(error) => json!({ "name": name, "refused": error }),
        };
    let valid = index["encrypted_valid"]
        .as_object()
        .ok_or("no valid ones")?;
    Ok(json!({
        "attacks": attacks.iter().map(|attack| judged(&attack["name"], &attack["xml"]))
            .collect::<Vec<_>>(),
        "encrypted_valid": valid.iter().map(|(kind, xml)| judged(&json!(kind), xml))
            .collect::<Vec<_>>(),
    }))
}

/// Microseconds for each of the valid responses, one after the other for a second.
pub(crate) fn time(index: &Value) -> Result<Value, Box<dyn Error>> {
    let sp = service_provider(index)?;
    let mut figures = json!({});
    for (name, xml) in index["valid"].as_object().ok_or("no valid ones")? {
        let xml = xml.as_str().unwrap_or_default();
        let (start, mut calls) = (Instant::now(), 0u32);
        while start.elapsed().as_secs_f64() < 1.0 {
            read(&sp, index, xml)?;
            calls += 1;
        }
        figures[name] = json!(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(figures)
}
