//! Which log groups are meant to be watched.

/// What Lambda's own log groups begin with. A function that is handed what it writes never ends.
const FUNCTIONS: &str = "/aws/lambda/";

/// Which log groups are meant to be watched, among those of the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Names to watch, with `*` for any text; empty for all.
    pub include: Vec<String>,
    /// Names to leave out, with `*` for any text; stronger than what is included.
    pub exclude: Vec<String>,
    /// The functions' own log groups, which are never watched.
    pub own: Vec<String>,
    /// Whether nothing is to be watched any more.
    pub ended: bool,
}

impl Scope {
    /// Watches nothing: every filter of ours goes.
    pub fn ended() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// Whether a group is meant to be watched.
    pub fn wants(&self, group: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| matches(name, group));
        let own = group.starts_with(FUNCTIONS) || self.own.iter().any(|own| own == group);
        let included = self.include.is_empty() || named(&self.include);
        !self.ended && !own && included && !named(&self.exclude)
    }
}

/// Whether a text is as the name says, where `*` is any text. Linear in the name's parts: no pattern can be made to hang it.
fn matches(name: &str, text: &str) -> bool {
    let Some((head, rest)) = name.split_once('*') else { return name == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(place) = text.find(part) else { return false };
        text = &text[place + part.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: bool) {
        assert_eq!(matches(name, text), expected, "{name} {text}");
    }

    #[test]
    fn a_star_is_any_text() {
        check("API-Gateway-Execution-Logs_a1/prod", "API-Gateway-Execution-Logs_a1/prod", true);
        check("*_a1/*", "API-Gateway-Execution-Logs_a1/prod", true);
        check("*/prod", "API-Gateway-Execution-Logs_a1/prod", true);
        check("*/prod", "API-Gateway-Execution-Logs_a1/prod/Canary", false);
        check("*/test*", "API-Gateway-Execution-Logs_a1/prod", false);
        check("a*b*c", "abbc", true);
        check("a*b*c", "acb", false);
        check("ab*ba", "aba", false);
        check("*", "", true);
        check("", "x", false);
    }

    #[test]
    fn what_is_excluded_is_not_watched_even_where_it_is_included() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let scope =
            Scope { include: names(&["*/prod", "*/live"]), exclude: names(&["*_a1/*"]), ..Scope::default() };
        let wanted = |group| scope.wants(&format!("API-Gateway-Execution-Logs_{group}"));
        assert_eq!([wanted("b2/prod"), wanted("a1/prod"), wanted("b2/test")], [true, false, false]);
    }

    #[test]
    fn a_functions_own_group_is_never_watched() {
        let scope = Scope { own: vec!["logs/responder".to_owned()], ..Scope::default() };
        assert!(!scope.wants("logs/responder") && !scope.wants("/aws/lambda/caretaker"));
        assert!(!Scope::ended().wants("API-Gateway-Execution-Logs_a1/prod"));
    }
}
