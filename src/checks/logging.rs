//! Execution logging: whether a failure of this route would be logged at all.

use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;
use crate::text::shell_word;

/// A stage that logs nothing fails in silence: a `check` without a failure says so.
pub(crate) fn check(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    logging_off(subject, path).into_iter().collect()
}

fn logging_off(subject: &RouteContext, path: &PrivatePath) -> Option<Finding> {
    let stage = path.stage.value().filter(|_| !subject.failed)?;
    let (api, name) = (subject.source.api.as_ref()?, subject.source.stage.as_ref()?);
    let route = path.resource.as_deref().zip(subject.route.as_ref().map(|route| route.method.as_str()));
    let says =
        format!("stage {name} logs nothing of this route's requests, so their failures are never reported");
    let on = format!(
        "aws apigateway update-stage --rest-api-id {} --stage-name {} --patch-operations \
         'op=replace,path=/*/*/logging/loglevel,value=INFO' --region {{region}}",
        shell_word(api.as_str()),
        shell_word(name)
    );
    let finding = Finding::read(Code::ExecutionLoggingOff, &path.stage, says).of(format!("{api}/{name}"));
    (!stage.logs(route)).then(|| finding.remedy("Switch execution logging on for the stage.", Some(on), None))
}
