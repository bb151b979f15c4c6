//! What an error of AWS or its SDK means for a reading. Never that the thing looked for is at fault.

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::log_groups::CallError;
use crate::aws::reading::ReadError;

/// What an error of an API's control plane means for coverage.
pub(crate) fn refused<E, R>(error: &SdkError<E, R>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match error.code() {
        Some("NotFoundException") => CallError::Gone,
        _ => CallError::Other(why(error)),
    }
}

/// Codes with which a service says that the role may not ask.
const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "NotAuthorizedException",
    "UnauthorizedAccess",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

/// A code of some services with which they ask to slow down, and which is not among the SDK's own.
const THROTTLED: &str = "Throttled";

/// An answer, or `None` where the service says with one of these very codes that there is no such thing.
pub(crate) fn outcome<T, U, E, R>(
    result: Result<T, SdkError<E, R>>,
    absent: &[&str],
    answer: impl FnOnce(T) -> U,
) -> Result<Option<U>, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match result {
        Ok(value) => Ok(Some(answer(value))),
        Err(error) if error.code().is_some_and(|code| absent.contains(&code)) => Ok(None),
        Err(error) => Err(why(&error)),
    }
}

/// What a service's code means for a reading.
pub fn why_of(code: String) -> ReadError {
    match code {
        code if DENIED.contains(&code.as_str()) => ReadError::Denied,
        code if THROTTLING_ERRORS.contains(&code.as_str()) || code == THROTTLED => ReadError::Throttled,
        code if TRANSIENT_ERRORS.contains(&code.as_str()) => ReadError::TimedOut,
        code => ReadError::Unreachable(code),
    }
}

/// What an error of the SDK means for a reading. Never that the thing looked for is at fault.
pub(crate) fn why<E, R>(error: &SdkError<E, R>) -> ReadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    if let Some(code) = error.code() {
        return why_of(code.to_owned());
    }
    let says = DisplayErrorContext(error).to_string();
    match error {
        SdkError::TimeoutError(_) => ReadError::TimedOut,
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => ReadError::Malformed(shortened(&says)),
        _ => ReadError::Unreachable(shortened(&says)),
    }
}

/// The SDK's error chains run to pages; the first words name the fault.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(160).collect()
}

/// An answer that came with status 200 and lacks what every such answer has is none, and says of nothing that it is absent.
pub(crate) fn holding<T>(
    what: &str,
    found: Result<Option<Option<T>>, ReadError>,
) -> Result<Option<T>, ReadError> {
    match found? {
        Some(None) => Err(ReadError::Malformed(format!("it holds no {what}"))),
        Some(value) => Ok(value),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_and_throttles_are_told_from_the_rest() {
        for code in ["NotAuthorized", "UnauthorizedOperation", "AccessDeniedException", "AuthorizationError"]
        {
            assert_eq!(why_of(code.to_owned()), ReadError::Denied, "{code}");
        }
        for code in ["EC2ThrottledException", "RequestLimitExceeded", "Throttled", "SlowDown"] {
            assert_eq!(why_of(code.to_owned()), ReadError::Throttled, "{code}");
        }
        assert_eq!(why_of("RequestTimeout".to_owned()), ReadError::TimedOut);
        assert!(matches!(why_of("InternalFailure".to_owned()), ReadError::Unreachable(_)));
    }
}
