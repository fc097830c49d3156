//! A line as an event of the Open Cybersecurity Schema Framework, version 1.3, in its category
//! Identity & Access Management. What the framework has no name for stands under `unmapped`.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

use super::search::Line;
use super::vocabulary::{self, Weight};

const VERSION: &str = "1.3.0";
const OTHER: u32 = 99;

/// A class of events, by its numbers and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class {
    uid: u32,
    name: &'static str,
}

const ACCOUNT_CHANGE: Class = Class {
    uid: 3001,
    name: "Account Change",
};
const AUTHENTICATION: Class = Class {
    uid: 3002,
    name: "Authentication",
};
const ENTITY_MANAGEMENT: Class = Class {
    uid: 3004,
    name: "Entity Management",
};
const GROUP_MANAGEMENT: Class = Class {
    uid: 3006,
    name: "Group Management",
};

pub(super) fn render(line: &Line) -> Value {
    let row = &line.row;
    let detail = line.detail();
    let (class, activity) = class_of(&row.action, &row.target_kind, &detail);
    let severity = match vocabulary::weight(&row.action) {
        Weight::Ordinary => 1,
        Weight::Notable => 3,
        Weight::Grave => 4,
    };
    let mut event = json!({
        "category_uid": 3,
        "category_name": "Identity & Access Management",
        "class_uid": class.uid,
        "class_name": class.name,
        "activity_id": activity,
        "type_uid": class.uid * 100 + activity,
        "time": row.at,
        "severity_id": severity,
        "status_id": 1,
        "message": vocabulary::sentence(&row.action),
        "metadata": {
            "version": VERSION,
            "uid": row.seq.to_string(),
            "event_code": row.action,
            "log_name": "audit",
            "product": {
                "name": "Portcullis",
                "vendor_name": "Portcullis",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "actor": { "user": named(row.actor_id.as_deref(), &row.actor_name) },
        "unmapped": {
            "actor_kind": row.actor_kind,
            "via": row.via,
            "target_kind": row.target_kind,
            "detail": detail,
            "hash": HEXLOWER.encode(&line.hash),
        },
    });
    let target = named(row.target_id.as_deref(), &row.target_name);
    if let Some(event) = event.as_object_mut() {
        if let Some(client) = &row.client {
            event.insert("src_endpoint".into(), json!({ "ip": client }));
        }
        if let Some(organization) = &row.organization_id
            && let Some(product) = event.get_mut("metadata").and_then(Value::as_object_mut)
        {
            product.insert("tenant_uid".into(), json!(organization));
        }
        let key = match class {
            GROUP_MANAGEMENT => "group",
            ENTITY_MANAGEMENT => "entity",
            _ => "user",
        };
        event.insert(key.into(), Value::Object(target));
    }
    event
}

fn named(id: Option<&str>, name: &str) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("name".into(), name.into());
    if let Some(id) = id {
        shown.insert("uid".into(), id.into());
    }
    shown
}

/// The class and the activity within it.
fn class_of(action: &str, target_kind: &str, detail: &Value) -> (Class, u32) {
    let has = |key: &str| detail.get(key).is_some();
    match action {
        "user.signed-in" | "break-glass.used" => (AUTHENTICATION, 1),
        "user.signed-out" | "break-glass.signed-out" | "session.ended" => (AUTHENTICATION, 2),
        "user.logout-answered" => (AUTHENTICATION, OTHER),
        "user.created" | "break-glass.created" => (ACCOUNT_CHANGE, 1),
        "user.reactivated" | "break-glass.enabled" => (ACCOUNT_CHANGE, 2),
        "break-glass.password-reset" => (ACCOUNT_CHANGE, 4),
        "user.deactivated" | "break-glass.disabled" => (ACCOUNT_CHANGE, 5),
        "user.deleted" => (ACCOUNT_CHANGE, 6),
        "user.level-changed" => (ACCOUNT_CHANGE, 7),
        "group.level-changed" => (GROUP_MANAGEMENT, 1),
        "group.changed" if has("added") => (GROUP_MANAGEMENT, 3),
        "group.changed" if has("removed") => (GROUP_MANAGEMENT, 4),
        "group.deleted" => (GROUP_MANAGEMENT, 5),
        "group.created" => (GROUP_MANAGEMENT, 6),
        _ => match target_kind {
            "user" | "break-glass-account" => (ACCOUNT_CHANGE, OTHER),
            "group" => (GROUP_MANAGEMENT, OTHER),
            _ => (ENTITY_MANAGEMENT, managed(action)),
        },
    }
}

/// The verb of Entity Management.
fn managed(action: &str) -> u32 {
    match action.rsplit('.').next().unwrap_or_default() {
        "created" | "added" => 1,
        "changed" => 3,
        "deleted" | "revoked" | "pruned" => 4,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ACTIONS;
    use super::*;

    #[test]
    fn every_action_has_a_class() {
        for (action, _) in ACTIONS {
            let kind = match action.split('.').next().unwrap_or_default() {
                "break-glass" => "break-glass-account",
                noun => noun,
            };
            let (class, activity) = class_of(action, kind, &json!({}));
            assert!((3001..=3006).contains(&class.uid), "{action}");
            assert!(activity > 0, "{action}");
        }
        assert_eq!(
            class_of("token.revoked", "token", &json!({})),
            (ENTITY_MANAGEMENT, 4)
        );
        assert_eq!(
            class_of("group.changed", "group", &json!({ "removed": [] })),
            (GROUP_MANAGEMENT, 4)
        );
    }
}
