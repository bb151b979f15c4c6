//! `docs/alert.schema.json` and the machine alert say the same: every alert is valid, and nothing in it is undocumented.

use vpclink_responder::alerts;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::alerts::bodies;
use crate::alerts::golden::{account_of, events, explained};

fn published() -> Value {
    serde_json::from_str(&fs::read_to_string("docs/alert.schema.json").unwrap()).unwrap()
}

/// The schema with every property that it does not name forbidden: readers must take new ones, the program must not add
/// them unsaid.
pub(crate) fn strict() -> jsonschema::Validator {
    fn forbid(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                fields.values_mut().for_each(forbid);
                if fields.get("properties").is_some_and(Value::is_object) {
                    fields.entry("additionalProperties").or_insert(false.into());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(forbid),
            _ => {}
        }
    }
    let mut schema = published();
    forbid(&mut schema);
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// What a machine alert breaks of the schema.
pub(crate) fn faults(schema: &jsonschema::Validator, machine: &str) -> Vec<String> {
    let alert: Value = serde_json::from_str(machine).unwrap();
    schema.iter_errors(&alert).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn machine_alerts() -> Vec<(String, String)> {
    let examples = events().into_iter().flat_map(|event| {
        let alerts = explained(fs::read(&event).unwrap(), &account_of(&event)).alerts;
        alerts.into_iter().map(move |alert| (event.display().to_string(), alert))
    });
    let incidents = bodies::all().into_iter().map(|(name, alert)| (name.to_owned(), alert));
    let alerts = examples.chain(incidents);
    alerts.map(|(name, alert)| (name, alerts::message(&alert).bodies["sqs"].clone())).collect()
}

#[test]
fn every_alert_is_valid_and_documented() {
    let schema = strict();
    let alerts = machine_alerts();
    assert!(alerts.len() >= 25, "{}", alerts.len());
    for (name, machine) in alerts {
        assert_eq!(faults(&schema, &machine), Vec::<String>::new(), "{name}");
    }
}

/// Every property of the schema, by its place.
fn properties(schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        properties(property, &place, found);
        found.insert(place);
    }
    if schema["items"].is_object() {
        properties(&schema["items"], place, found);
    }
}

#[test]
fn the_schema_names_nothing_that_no_alert_has() {
    let schema = published();
    let mut named = BTreeSet::new();
    properties(&schema, "", &mut named);
    let mut seen = BTreeSet::new();
    fn walk(value: &Value, place: &str, seen: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                let place = format!("{place}/{name}");
                walk(value, &place, seen);
                seen.insert(place);
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, place, seen)),
            _ => {}
        }
    }
    for (_, machine) in machine_alerts() {
        walk(&serde_json::from_str(&machine).unwrap(), "", &mut seen);
    }
    assert!(named.len() > 50, "{}", named.len());
    assert_eq!(named.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn a_wrong_alert_is_told_apart() {
    let schema = strict();
    let (_, machine) = machine_alerts().remove(0);
    let mut alert: Value = serde_json::from_str(&machine).unwrap();
    alert["incident"]["status"] = "closed".into();
    alert["surprise"] = true.into();
    assert_eq!(faults(&schema, &alert.to_string()).len(), 2);
}
