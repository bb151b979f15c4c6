//! Which API and stage a delivered record is of.

use crate::logs::delivered_payload;

use jiff::Timestamp;

use crate::ids::{AccountId, ApiId, Region};
use crate::logs::record::Source;

/// An API's stage, as far as a record names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RecordSource {
    region: Option<String>,
    account: Option<String>,
    api: Option<String>,
    stage: Option<String>,
    canary: bool,
}

impl RecordSource {
    /// Reads `arn:{partition}:apigateway:{region}:{account}:/restapis/{id}/stages/{stage}`, with or without account and
    /// first slash, `apis` for `restapis`, and `arn:{partition}:execute-api:{region}:{account}:{id}/{stage}`.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service, region, account, resource] = fields[..] else { return None };
        let parts: Vec<&str> = resource.trim_start_matches('/').splitn(6, '/').collect();
        let (api, stage, rest) = match (service, &parts[..]) {
            ("apigateway", ["restapis" | "apis", api, "stages", stage, rest @ ..]) => {
                (*api, Some(*stage), rest)
            }
            ("apigateway", ["restapis" | "apis", api]) => (*api, None, &[][..]),
            ("execute-api", [api, stage, rest @ ..]) => (*api, Some(*stage), rest),
            _ => return None,
        };
        let sound = !api.is_empty() && api.len() <= 64 && api.bytes().all(|b| b.is_ascii_alphanumeric());
        let mut place = Self {
            region: Some(region.to_owned()).filter(|region| !region.is_empty()),
            account: Some(account.to_owned()).filter(|account| !account.is_empty()),
            api: sound.then(|| api.to_owned()),
            stage: None,
            canary: rest.first().is_some_and(|word| word.eq_ignore_ascii_case("canary")),
        };
        place.name_stage(stage);
        sound.then_some(place)
    }

    /// Takes the stage's name from elsewhere, where the ARN did not say it.
    pub(crate) fn name_stage(&mut self, stage: Option<&str>) {
        let Some(stage) = stage.filter(|_| self.stage.is_none()) else { return };
        let (name, canary) = match stage.strip_suffix("/Canary") {
            Some(name) => (name, true),
            None => (stage, false),
        };
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-$.".contains(c);
        if !name.is_empty() && name.len() <= 128 && name.chars().all(letter) {
            self.stage = Some(name.to_owned());
            self.canary |= canary;
        }
    }

    /// The source of the record's lines: the log group's, with what the record knows better.
    pub(crate) fn over(&self, group: &Source) -> Source {
        let mut source = group.clone();
        if let Some(api) = &self.api {
            (source.api, source.stage) = (Some(ApiId::new(api.as_str())), None);
        }
        source.stage = self.stage.clone().or(source.stage);
        source.region = source.region.or_else(|| self.region.as_deref().map(Region::new));
        source.account = source.account.or_else(|| self.account.as_deref().map(AccountId::new));
        source.canary |= self.canary;
        source
    }
}

/// What stands before the payload in the plain form.
pub(crate) struct Header {
    pub(crate) place: RecordSource,
    pub(crate) at: Option<Timestamp>,
}

/// Whether a line may open with the fields of the plain form.
pub(crate) fn opens_with_arn(message: &str) -> bool {
    const FIELDS: usize = 160;
    let end = (0..=FIELDS.min(message.len())).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    let head = &message[..end];
    head.contains("arn:") && (head.contains(":apigateway:") || head.contains(":execute-api:"))
}

/// Divides a line of the plain form: the ARN, the time and the stage in any order, then the payload. Nothing says what
/// stands between the fields, so blanks, TABs, commas and bars are taken.
pub(crate) fn plain(message: &str) -> Option<(Header, &str)> {
    if !opens_with_arn(message) {
        return None;
    }
    let between = |c: char| c.is_whitespace() || ",;|\"".contains(c);
    let (mut rest, mut place, mut at, mut stage) = (message, None::<RecordSource>, None, false);
    for _ in 0..3 {
        let text = rest.trim_start_matches(between);
        let (word, after) = text.split_at(text.find(between).unwrap_or(text.len()));
        let is_stage = |place: &RecordSource| place.stage.as_deref() == Some(word);
        if let Some(named) = RecordSource::of_arn(word).filter(|_| place.is_none()) {
            place = Some(named);
        } else if let Some(time) = delivered_payload::time_of_text(word).filter(|_| at.is_none()) {
            at = Some(time);
        } else if !stage && place.as_ref().is_some_and(is_stage) {
            stage = true;
        } else {
            break;
        }
        rest = after;
    }
    Some((Header { place: place?, at }, rest.trim_start_matches(between)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arn: &str, expected: Option<(&str, Option<&str>, bool)>) {
        let place = RecordSource::of_arn(arn);
        let found = place
            .as_ref()
            .map(|place| (place.api.as_deref().unwrap_or(""), place.stage.as_deref(), place.canary));
        assert_eq!(found, expected, "{arn}");
    }

    #[test]
    fn arns_name_api_and_stage() {
        check("arn:aws:apigateway:eu-west-1::/restapis/abc/stages/prod", Some(("abc", Some("prod"), false)));
        check("arn:aws-cn:apigateway:cn-north-1:1:restapis/abc/stages/p", Some(("abc", Some("p"), false)));
        check(
            "arn:aws:apigateway:eu-west-1::/apis/abc/stages/$default",
            Some(("abc", Some("$default"), false)),
        );
        check(
            "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/prod/Canary",
            Some(("abc", Some("prod"), true)),
        );
        check("arn:aws:apigateway:eu-west-1::/restapis/abc", Some(("abc", None, false)));
        check("arn:aws:execute-api:eu-west-1:1:abc/prod/GET/x", Some(("abc", Some("prod"), false)));
    }

    #[test]
    fn other_arns_name_none() {
        check("arn:aws:lambda:eu-west-1:1:function:f", None);
        check("arn:aws:apigateway:eu-west-1::/restapis/a b/stages/prod", None);
        check("arn:aws:apigateway:eu-west-1::/domainnames/x", None);
        check("restapis/abc/stages/prod", None);
    }
}
