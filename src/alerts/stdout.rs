//! Standard output, or a file in its place.

use std::io::Write;
use std::path::Path;

use crate::alerts::publish::PublishError;

/// Writes a text whole: to the file, or to standard output where none is named.
///
/// # Errors
///
/// [`PublishError`] where the file or the pipe does not take it.
pub fn write(text: &str, file: Option<&Path>) -> Result<(), PublishError> {
    let done = match file {
        Some(path) => std::fs::write(path, text),
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
    };
    done.map_err(|error| PublishError {
        target: file.map_or("standard output".to_owned(), |path| path.display().to_string()),
        reason: error.to_string(),
    })
}
