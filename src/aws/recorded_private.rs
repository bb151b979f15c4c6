//! What a recorded account leaves out: it is made to be handed on, and a walk needs less than AWS answers.

use crate::causes::redact;

use std::collections::BTreeSet;

use serde_json::Value;

const REFERENCE: &str = "stageVariables.";

/// The names of the stage variables that an answer refers to.
pub(crate) fn named(answer: &Value, names: &mut BTreeSet<String>) {
    match answer {
        Value::String(text) => {
            let references = text.split(REFERENCE).skip(1).filter_map(|rest| rest.split('}').next());
            names.extend(references.map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| named(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The answer without stage variables that no integration names, and without what an integration's URI has of users,
/// passwords and query values.
pub(crate) fn without(mut answer: Value, names: &BTreeSet<String>) -> Value {
    clean(&mut answer, names);
    answer
}

fn clean(answer: &mut Value, names: &BTreeSet<String>) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, names)),
        Value::Object(fields) => {
            for (field, value) in fields {
                match (field.as_str(), &mut *value) {
                    ("variables" | "canary_overrides", Value::Object(variables)) => {
                        variables.retain(|name, _| names.contains(name));
                    }
                    ("uri", Value::String(uri)) => *uri = redact::uri(uri),
                    _ => clean(value, names),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_stage_variables_those_stay_that_an_integration_names() {
        let mut names = BTreeSet::new();
        named(&json!([{"integrations": {"GET": {"connection_id": "${stageVariables.link}"}}}]), &mut names);
        let stage = json!({"variables": {"link": "abc123", "dbPassword": "x"}, "canary_overrides": {"dbPassword": "y"}});
        let kept = json!({"variables": {"link": "abc123"}, "canary_overrides": {}});
        assert_eq!(without(stage, &names), kept);
    }

    #[test]
    fn an_integrations_uri_keeps_what_leads_to_the_backend() {
        let api = json!({"uri": "https://me:pw@${stageVariables.host}:8443/orders/{id}?key=s3cr3t"});
        let kept = json!({"uri": "https://${stageVariables.host}:8443/orders/{id}?key=[redacted]"});
        assert_eq!(without(api, &BTreeSet::new()), kept);
    }
}
