//! What an alert tells, as the tests ask for it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// The parts of a machine alert that the matrix is about.
#[derive(Clone, Debug)]
pub(crate) struct LastAlert {
    pub(crate) tier: String,
    pub(crate) code: Option<String>,
    says: String,
    /// The codes of the faulty findings.
    pub(crate) faulty: BTreeSet<String>,
    /// `what (action): why` of everything that was not checked.
    pub(crate) not_checked: Vec<String>,
    /// The actions that unknown findings and `not_checked` name.
    pub(crate) missing: BTreeSet<String>,
    pub(crate) alert: Value,
}

impl LastAlert {
    pub(crate) fn of(alert: Value) -> Self {
        let list = |name: &str| alert[name].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let in_state = |state: &str| {
            let wanted = list("findings").into_iter().filter(|finding| finding["state"] == state);
            wanted.collect::<Vec<Value>>()
        };
        let not_checked = list("not_checked")
            .iter()
            .map(|missing| format!("{} ({}): {}", missing["what"], missing["action"], missing["why"]))
            .collect();
        let unlooked = in_state("unknown").into_iter().chain(list("not_checked"));
        let missing = unlooked.filter_map(|missing| text(&missing["action"])).collect();
        Self {
            tier: text(&alert["verdict"]["tier"]).unwrap_or_default(),
            code: text(&alert["verdict"]["code"]),
            says: text(&alert["verdict"]["says"]).unwrap_or_default(),
            faulty: in_state("faulty").iter().filter_map(|finding| text(&finding["code"])).collect(),
            not_checked,
            missing,
            alert,
        }
    }
}

impl fmt::Display for LastAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("no code");
        write!(f, "{} {code} ({}); faulty: {:?}", self.tier, self.says, self.faulty)?;
        write!(f, "; not checked: {:?}", self.not_checked)
    }
}
