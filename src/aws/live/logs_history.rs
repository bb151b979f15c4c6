//! All lines of a log group in a stretch of time, a page at a time.

use jiff::Timestamp;

use crate::aws::history::{Page, Stretch};
use crate::aws::live::errors::why;
use crate::aws::live::logs::Logs;
use crate::aws::model::LoggedLine;
use crate::aws::reading::ReadError;

impl Logs {
    /// The page of this token, or the first.
    ///
    /// # Errors
    ///
    /// Why it could not be read.
    pub async fn page(&self, stretch: &Stretch, token: Option<String>) -> Result<Page, ReadError> {
        let page = self
            .client
            .filter_log_events()
            .log_group_name(&stretch.group)
            .start_time(stretch.from.as_millisecond())
            .end_time(stretch.to.as_millisecond())
            .set_next_token(token);
        let page = page.send().await.map_err(|error| why(&error))?;
        let lines = page.events.unwrap_or_default().into_iter().map(|event| {
            let at = event.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok());
            LoggedLine { at, message: event.message.unwrap_or_default() }
        });
        Ok(Page { lines: lines.collect(), next: page.next_token })
    }
}
