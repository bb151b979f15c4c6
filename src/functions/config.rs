//! The environment of the Lambdas, read once; all faults are reported together.

use std::fmt;
use std::time::Duration;

use crate::aws::Filter;
use crate::coverage::{Scope, WIDE, narrow};
use crate::ids::{AccountId, Arn, Region};
use crate::logs::EXECUTION_LOG_PREFIX;

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `ALERT_TOPIC_ARN`: where alerts go.
    pub alert_topic: Arn,
    /// `INCIDENT_TABLE`: the DynamoDB table that all containers share; incidents live in memory where none is named.
    pub incident_table: Option<String>,
    /// `REPEAT_INTERVAL`: a lasting incident is repeated after this.
    pub repeat_interval: Duration,
    /// `RESOLVE_AFTER`: quiet time before an incident may resolve.
    pub resolve_after: Duration,
    /// `MAX_MESSAGES_PER_HOUR`: messages of one deployment; a digest counts the rest. Ends count too, and always go out.
    pub max_messages_per_hour: u64,
    /// `INVESTIGATION_BUDGET`: wall time for all live reads of one alert.
    pub investigation_budget: Duration,
    /// `MAX_BATCH_BYTES`: a batch that inflates to more is refused.
    pub max_batch_bytes: usize,
    /// `LOG_GROUP_PREFIX`: groups whose batches are taken.
    pub log_group_prefix: String,
    /// `DELIVERED_LOG_GROUPS`: groups that receive delivered execution logs, beside those that the caretaker finds.
    pub delivered_log_groups: Vec<String>,
    /// `CONTEXT_LOOKUP`: whether missing lines may be fetched.
    pub context_lookup: bool,
    /// `ACCESS_LOGS`: whether access logs are read, too.
    pub access_logs: bool,
    /// `PROBE`, `PROBER_PREFIX`: how the names of probers begin; `None` where none is to be asked.
    pub prober_prefix: Option<String>,
    /// `READ_ROLE_NAME`, `READ_ROLE_EXTERNAL_ID`: the role through which other accounts are read.
    pub read_role: Option<ReadRole>,
    /// `AWS_REGION`: the Region that this function, and so the log groups it is subscribed to, is in.
    pub region: Option<Region>,
    /// `AWS_LAMBDA_LOG_GROUP_NAME`: the function's own log group, which it must never read.
    pub own_log_group: Option<String>,
}

/// A role of one name in every account that owns logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRole {
    /// Its name.
    pub name: String,
    /// The external id that its trust policy requires.
    pub external_id: Option<String>,
}

impl ReadRole {
    /// The role in an account.
    pub fn in_account(&self, account: &AccountId, partition: &str) -> Arn {
        Arn::new(format!("arn:{partition}:iam::{account}:role/{}", self.name))
    }
}

/// Everything that is wrong with the environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start, the environment has {} fault(s): {}", self.0.len(), self.0.join("; "))
    }
}

impl Config {
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
        let mut reader = EnvReader { get: &get, faults: Vec::new() };
        let config = Self::of(&mut reader);
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigError(reader.faults)) }
    }

    pub(crate) fn of(reader: &mut EnvReader<'_>) -> Self {
        let get = reader.get;
        Self {
            alert_topic: reader.topic("ALERT_TOPIC_ARN"),
            incident_table: reader.or("INCIDENT_TABLE", |name| table(name).map(Some), None),
            repeat_interval: reader.or("REPEAT_INTERVAL", duration, Duration::from_secs(4 * 3600)),
            resolve_after: reader.or("RESOLVE_AFTER", duration, Duration::from_secs(15 * 60)),
            max_messages_per_hour: reader.or("MAX_MESSAGES_PER_HOUR", messages, 60),
            investigation_budget: reader.or("INVESTIGATION_BUDGET", duration, Duration::from_secs(8)),
            max_batch_bytes: reader.or("MAX_BATCH_BYTES", bytes, 64 << 20),
            log_group_prefix: reader.or(
                "LOG_GROUP_PREFIX",
                |p| Ok(p.to_owned()),
                EXECUTION_LOG_PREFIX.to_owned(),
            ),
            delivered_log_groups: reader.or("DELIVERED_LOG_GROUPS", names, Vec::new()),
            context_lookup: reader.or("CONTEXT_LOOKUP", switch, true),
            access_logs: reader.or("ACCESS_LOGS", switch, true),
            prober_prefix: {
                let prefix = reader.or("PROBER_PREFIX", prefix, PROBER_PREFIX.to_owned());
                reader.or("PROBE", auto, true).then_some(prefix)
            },
            read_role: reader.read_role(),
            region: get("AWS_REGION").filter(|region| !region.is_empty()).map(Region::new),
            own_log_group: get("AWS_LAMBDA_LOG_GROUP_NAME"),
        }
    }
}

pub(crate) struct EnvReader<'a> {
    pub(crate) get: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) faults: Vec<String>,
}

impl EnvReader<'_> {
    /// A variable that may be unset or empty; a malformed one is a fault, and its default keeps the reading going.
    pub(crate) fn or<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>, default: T) -> T {
        match (self.get)(name).filter(|text| !text.trim().is_empty()).map(|text| parse(text.trim())) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(fault)) => {
                self.faults.push(format!("`{name}` {fault}"));
                default
            }
        }
    }

    fn read_role(&mut self) -> Option<ReadRole> {
        let name = self.or("READ_ROLE_NAME", role, None);
        let external_id = self.or("READ_ROLE_EXTERNAL_ID", |id| Ok(Some(id.to_owned())), None);
        let unset = (self.get)("READ_ROLE_NAME").is_none_or(|name| name.trim().is_empty());
        if unset && external_id.is_some() {
            self.faults.push("`READ_ROLE_EXTERNAL_ID` is set, and `READ_ROLE_NAME` is not".to_owned());
        }
        name.map(|name| ReadRole { name, external_id })
    }

    fn topic(&mut self, name: &str) -> Arn {
        let text = (self.get)(name).unwrap_or_default();
        let arn = Arn::new(text.trim());
        if text.trim().is_empty() {
            self.faults.push(format!("`{name}` is not set; it takes the ARN of the SNS topic for alerts"));
        } else if !text.contains(":sns:") || arn.region().is_none() || arn.account().is_none() {
            self.faults
                .push(format!("`{name}` is not the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)"));
        } else if text.trim().ends_with(".fifo") {
            self.faults.push(format!(
                "`{name}` is a FIFO topic, which delivers neither e-mail nor HTTPS; take a standard one"
            ));
        }
        arn
    }
}

/// The name of a role, with its path where it has one.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
fn role(text: &str) -> Result<Option<String>, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    if text.len() <= 512 && text.bytes().all(plain) && !text.starts_with('/') {
        return Ok(Some(text.to_owned()));
    }
    Err(format!("is `{text}`; it takes the name of an IAM role, no ARN"))
}

/// `500ms`, `8s`, `15m`, `4h`, `1d`.
///
/// # Errors
///
/// What is wrong with the text, as the end of a sentence that begins with its name.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("is `{text}`; durations are written 500ms, 8s, 15m, 4h or 1d");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(wrong)
}

/// `1024`, `512KiB`, `64MiB`, `1GiB`.
fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || format!("is `{text}`; sizes are written 1048576, 512KiB, 64MiB or 1GiB, and are not 0");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: usize = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

/// A table's name, or its ARN.
fn table(text: &str) -> Result<String, String> {
    let named = |b: u8| b.is_ascii_alphanumeric() || b"._-:/".contains(&b);
    let sound = (3..=1024).contains(&text.len()) && text.bytes().all(named);
    if sound {
        Ok(text.to_owned())
    } else {
        Err(format!("is `{text}`; it takes the name of a DynamoDB table"))
    }
}

fn messages(text: &str) -> Result<u64, String> {
    let messages = text.parse().ok().filter(|messages| (1..=100_000).contains(messages));
    messages.ok_or_else(|| format!("is `{text}`; it is a number from 1 to 100000"))
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("is `{text}`; it is `on` or `off`")),
    }
}

/// How the names of probers begin, unless the environment says otherwise.
pub(crate) const PROBER_PREFIX: &str = "vpclink-prober-";

fn auto(text: &str) -> Result<bool, String> {
    match text {
        "auto" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("is `{text}`; it is `auto` or `off`")),
    }
}

/// A function's name has at most 64 characters, of which an id takes up to 24.
fn prefix(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if text.len() <= 40 && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(format!("is `{text}`; it has at most 40 letters, digits, hyphens and underscores"))
}

pub(crate) fn names(text: &str) -> Result<Vec<String>, String> {
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// What the environment asks of the caretaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaretakerConfig {
    /// What it shares with the responder.
    pub shared: Config,
    /// `SUBSCRIPTION_FILTER_NAME`, `SUBSCRIPTION_FILTER_PATTERN` and `RESPONDER_ARN`: our filter.
    pub filter: Filter,
    /// `ALARM_TOPIC_ARN`: where the alarms about the stack itself go, to see that it has a subscriber.
    pub alarm_topic: Option<Arn>,
    /// `INCLUDE_LOG_GROUPS`, `EXCLUDE_LOG_GROUPS`: what is to be watched.
    pub scope: Scope,
    /// `SUBSCRIPTION_CALLS_PER_SECOND`: how fast subscription filters are listed and put.
    pub calls_per_second: u32,
}

/// Leaves a call a second of the account's quota to other callers.
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
        let mut reader = EnvReader { get: &get, faults: Vec::new() };
        let shared = Config::of(&mut reader);
        let scope = Scope {
            include: reader.or("INCLUDE_LOG_GROUPS", names, Vec::new()),
            exclude: reader.or("EXCLUDE_LOG_GROUPS", names, Vec::new()),
            own: shared.own_log_group.iter().cloned().collect(),
            ..Scope::default()
        };
        let filter = Filter {
            name: reader.or("SUBSCRIPTION_FILTER_NAME", filter_name, Filter::DEFAULT_NAME.to_owned()),
            pattern: reader.or("SUBSCRIPTION_FILTER_PATTERN", filter_pattern, WIDE.to_owned()),
            destination: reader.destination("RESPONDER_ARN"),
        };
        let alarm_topic = reader.or("ALARM_TOPIC_ARN", |text| Ok(Some(Arn::new(text))), None);
        let calls_per_second = reader.or("SUBSCRIPTION_CALLS_PER_SECOND", per_second, CALLS_PER_SECOND);
        let config = Self { shared, filter, alarm_topic, scope, calls_per_second };
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigError(reader.faults)) }
    }
}

impl EnvReader<'_> {
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
        "narrow" => Ok(narrow()),
        "wide" => Ok(WIDE.to_owned()),
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

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    const TOPIC: (&str, &str) = ("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts");

    #[test]
    fn only_the_topic_is_required() {
        let config = read(&[TOPIC]).unwrap();
        assert_eq!(config.repeat_interval, Duration::from_secs(14_400));
        assert_eq!(config.investigation_budget, Duration::from_secs(8));
        assert_eq!(config.max_batch_bytes, 67_108_864);
        assert!(config.context_lookup);
        assert_eq!(config.max_messages_per_hour, 60);
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let error = read(&[
            ("REPEAT_INTERVAL", "4 hours"),
            ("MAX_BATCH_BYTES", "lots"),
            ("CONTEXT_LOOKUP", "yes"),
            ("MAX_MESSAGES_PER_HOUR", "0"),
        ]);
        let text = error.unwrap_err().to_string();
        for name in [
            "ALERT_TOPIC_ARN",
            "REPEAT_INTERVAL",
            "MAX_BATCH_BYTES",
            "CONTEXT_LOOKUP",
            "MAX_MESSAGES_PER_HOUR",
        ] {
            assert!(text.contains(name), "{text}");
        }
    }

    #[test]
    fn a_role_to_read_with_is_a_name_and_its_external_id_goes_with_it() {
        let config = read(&[TOPIC, ("READ_ROLE_NAME", "VpcLinkRead"), ("READ_ROLE_EXTERNAL_ID", "x-1")]);
        let role = config.unwrap().read_role.unwrap();
        let arn = role.in_account(&AccountId::new("444455556666"), "aws-cn");
        assert_eq!(arn.as_str(), "arn:aws-cn:iam::444455556666:role/VpcLinkRead");
        assert_eq!(role.external_id.as_deref(), Some("x-1"));
        for faulty in [("READ_ROLE_NAME", "arn:aws:iam::1:role/x"), ("READ_ROLE_EXTERNAL_ID", "x-1")] {
            assert!(read(&[TOPIC, faulty]).unwrap_err().to_string().contains(faulty.0));
        }
    }

    #[test]
    fn durations_are_read_to_the_letter() {
        for (text, milliseconds) in
            [("500ms", 500), ("8s", 8_000), ("15m", 900_000), ("4h", 14_400_000), ("1d", 86_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "s", "8", "8 s", "-8s", "1.5h", "99999999999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fifo_topic_is_refused() {
        let error =
            read(&[("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts.fifo")]).unwrap_err();
        assert!(error.to_string().contains("FIFO"));
    }

    const REQUIRED: [(&str, &str); 2] = [
        ("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts"),
        ("RESPONDER_ARN", "arn:aws:lambda:eu-west-1:111122223333:function:responder"),
    ];

    fn read_caretaker(variables: &[(&str, &str)]) -> Result<CaretakerConfig, ConfigError> {
        let all: Vec<_> = variables.iter().chain(&REQUIRED).collect();
        CaretakerConfig::read(|name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_the_topic_and_the_responder_are_required() {
        let config = read_caretaker(&[]).unwrap();
        assert_eq!((config.filter.name.as_str(), config.filter.pattern.as_str()), ("vpclink-responder", ""));
        assert_eq!((config.scope, config.calls_per_second), (Scope::default(), 4));
    }

    #[test]
    fn all_faults_of_both_parts_are_reported_at_once() {
        let faulty = [
            ("ALERT_TOPIC_ARN", ""),
            ("RESPONDER_ARN", "responder"),
            ("SUBSCRIPTION_FILTER_NAME", "a:b"),
            ("SUBSCRIPTION_FILTER_PATTERN", "some"),
            ("SUBSCRIPTION_CALLS_PER_SECOND", "0"),
            ("REPEAT_INTERVAL", "often"),
        ];
        let text = read_caretaker(&faulty).unwrap_err().to_string();
        faulty.iter().for_each(|(name, _)| assert!(text.contains(name), "{name}: {text}"));
    }

    #[test]
    fn a_narrow_pattern_is_one_that_cloudwatch_logs_takes() {
        let config = read_caretaker(&[("SUBSCRIPTION_FILTER_PATTERN", "narrow")]).unwrap();
        assert!(
            !config.filter.pattern.is_empty()
                && config.filter.pattern.len() <= crate::coverage::LONGEST_PATTERN
        );
    }
}
