//! Reads responses as a service provider that samael makes.

use std::error::Error;
use std::time::Instant;

use samael::metadata::EntityDescriptor;
use samael::service_provider::{ServiceProvider, ServiceProviderBuilder};
use serde_json::{Value, json};

fn service_provider(index: &Value) -> Result<ServiceProvider, Box<dyn Error>> {
    let text = |name: &str| index[name].as_str().unwrap_or_default().to_owned();
    let metadata: EntityDescriptor = text("metadata").parse()?;
    Ok(ServiceProviderBuilder::default()
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

/// For each attack of the file: whom samael takes it for, or why it refuses it.
pub(crate) fn judge(index: &Value) -> Result<Value, Box<dyn Error>> {
    let sp = service_provider(index)?;
    let attacks = index["attacks"].as_array().ok_or("no attacks")?;
    let judged = attacks.iter().map(|attack| {
        match read(&sp, index, attack["xml"].as_str().unwrap_or_default()) {
            Ok(name) => json!({ "name": attack["name"], "accepted": name }),
            Err(error) => json!({ "name": attack["name"], "refused": error }),
        }
    });
    Ok(judged.collect())
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
