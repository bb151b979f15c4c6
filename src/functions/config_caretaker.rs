//! What the caretaker reads from its environment besides what the responder reads.

use crate::coverage::pattern;

use crate::coverage::{Filter, Scope};
use crate::functions::config::{Config, ConfigError, Reader, names};
use crate::ids::Arn;

/// What the environment asks of the caretaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaretakerConfig {
    /// What it shares with the responder.
    pub shared: Config,
    /// `SUBSCRIPTION_FILTER_NAME`, `SUBSCRIPTION_FILTER_PATTERN` and `RESPONDER_ARN`: our filter.
    pub filter: Filter,
    /// `INCLUDE_LOG_GROUPS`, `EXCLUDE_LOG_GROUPS`: what is to be watched.
    pub scope: Scope,
    /// `SUBSCRIPTION_CALLS_PER_SECOND`: how fast subscription filters are listed and put.
    pub calls_per_second: u32,
}

/// Leaves a call a second of the account's quota to everybody else.
const CALLS_PER_SECOND: u32 = 4;

impl CaretakerConfig {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every missing or malformed variable.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables from wherever they are.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every missing or malformed variable.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { get: &get, faults: Vec::new() };
        let shared = Config::of(&mut reader);
        let scope = Scope {
            include: reader.or("INCLUDE_LOG_GROUPS", names, Vec::new()),
            exclude: reader.or("EXCLUDE_LOG_GROUPS", names, Vec::new()),
            own: shared.own_log_group.iter().cloned().collect(),
            ended: false,
        };
        let filter = Filter {
            name: reader.or("SUBSCRIPTION_FILTER_NAME", filter_name, Filter::DEFAULT_NAME.to_owned()),
            pattern: reader.or("SUBSCRIPTION_FILTER_PATTERN", filter_pattern, pattern::WIDE.to_owned()),
            destination: reader.destination("RESPONDER_ARN"),
        };
        let calls_per_second = reader.or("SUBSCRIPTION_CALLS_PER_SECOND", per_second, CALLS_PER_SECOND);
        let config = Self { shared, filter, scope, calls_per_second };
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigError(reader.faults)) }
    }
}

impl Reader<'_> {
    /// A function, or a logical destination in front of a stream.
    fn destination(&mut self, name: &str) -> Arn {
        let text = (self.get)(name).unwrap_or_default();
        let text = text.trim();
        let arn = Arn::new(text);
        let kind = [":lambda:", ":logs:"].iter().any(|kind| text.contains(kind));
        if text.is_empty() {
            self.faults.push(format!("`{name}` is not set; it takes the ARN of the responder"));
        } else if !kind || arn.region().is_none() || arn.account().is_none() {
            self.faults.push(format!(
                "`{name}` is `{text}`; it takes the ARN of a Lambda function or of a CloudWatch Logs destination"
            ));
        }
        arn
    }
}

/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html>
fn filter_name(text: &str) -> Result<String, String> {
    if text.len() <= 512 && !text.contains([':', '*']) {
        return Ok(text.to_owned());
    }
    Err(format!("is `{text}`; a filter's name has at most 512 characters, and neither `:` nor `*`"))
}

fn filter_pattern(text: &str) -> Result<String, String> {
    match text {
        "narrow" => Ok(pattern::narrow()),
        "wide" => Ok(pattern::WIDE.to_owned()),
        _ => Err(format!("is `{text}`; it is `narrow` or `wide`")),
    }
}

fn per_second(text: &str) -> Result<u32, String> {
    let calls = text.parse().ok().filter(|calls| (1..=100).contains(calls));
    calls.ok_or_else(|| format!("is `{text}`; it is a number from 1 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [(&str, &str); 2] = [
        ("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts"),
        ("RESPONDER_ARN", "arn:aws:lambda:eu-west-1:111122223333:function:responder"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<CaretakerConfig, ConfigError> {
        let all: Vec<_> = variables.iter().chain(&REQUIRED).collect();
        CaretakerConfig::read(|name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_the_topic_and_the_responder_are_required() {
        let config = read(&[]).unwrap();
        assert_eq!((config.filter.name.as_str(), config.filter.pattern.as_str()), ("vpclink-responder", ""));
        assert_eq!((config.scope, config.calls_per_second), (Scope::default(), 4));
    }

    #[test]
    fn all_faults_of_both_parts_are_told_at_once() {
        let faulty = [
            ("ALERT_TOPIC_ARN", ""),
            ("RESPONDER_ARN", "responder"),
            ("SUBSCRIPTION_FILTER_NAME", "a:b"),
            ("SUBSCRIPTION_FILTER_PATTERN", "some"),
            ("SUBSCRIPTION_CALLS_PER_SECOND", "0"),
            ("REPEAT_INTERVAL", "often"),
        ];
        let text = read(&faulty).unwrap_err().to_string();
        faulty.iter().for_each(|(name, _)| assert!(text.contains(name), "{name}: {text}"));
    }

    #[test]
    fn a_narrow_pattern_is_one_that_cloudwatch_logs_takes() {
        let config = read(&[("SUBSCRIPTION_FILTER_PATTERN", "narrow")]).unwrap();
        assert!(!config.filter.pattern.is_empty() && config.filter.pattern.len() <= pattern::LONGEST);
    }
}
