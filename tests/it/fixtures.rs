//! The logs under `tests/logs`: one folder a cause, `none` for what failed in nobody's eyes.

use vpclink_responder::logs::delivered;
use vpclink_responder::{causes, logs};

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use vpclink_responder::causes::Diagnosis;
use vpclink_responder::logs::{Batch, Execution, Record, correlate, pasted};

/// Far above any fixture.
const MAX_BYTES: usize = 1 << 20;

/// A log and the cause it must be given.
pub(crate) struct Fixture {
    pub(crate) cause: String,
    pub(crate) path: PathBuf,
}

impl Fixture {
    /// `cause/name.log`
    pub(crate) fn name(&self) -> String {
        let file = self.path.file_name().expect("a fixture is a file");
        format!("{}/{}", self.cause, file.to_string_lossy())
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.path).expect("a fixture is readable text")
    }
}

/// All fixtures, by cause and name.
pub(crate) fn all() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let logs = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(|entry| {
        let path = entry.expect("tests/logs can be listed").into_path();
        let folder = path.parent().and_then(Path::file_name).expect("a log lies in a folder");
        Fixture { cause: folder.to_string_lossy().into_owned(), path }
    });
    logs.filter(|fixture| fixture.path.extension().is_some_and(|extension| extension == "log")).collect()
}

/// The batches of a saved text, by API and stage.
pub(crate) fn batches(records: &[Record]) -> Vec<Batch<'_>> {
    let mut batches = Vec::new();
    for record in records {
        let Ok(Some(batch)) = record.read() else { panic!("text reads") };
        batches.extend(delivered::unpack(batch).expect("fewer lines than the bound"));
    }
    batches
}

/// Takes a text through the first rooms and hands over its executions.
pub(crate) fn with_executions<T>(text: &str, look: impl FnOnce(&[Execution<'_>]) -> T) -> T {
    let records = logs::open_saved(text.as_bytes(), MAX_BYTES).expect("text opens");
    look(&correlate(&batches(&records)))
}

/// What the failed requests of a text are given.
pub(crate) fn diagnoses(text: &str) -> Vec<Diagnosis> {
    with_executions(text, |executions| executions.iter().filter_map(causes::classify).collect())
}

/// Whether each failed request was given the cause, and no request two of them: a log may hold several.
pub(crate) fn is_right(cause: &str, found: &[Diagnosis]) -> bool {
    let requests: HashSet<_> = found.iter().map(|found| (&found.source.api, &found.request_id)).collect();
    let each_once = found.len() == 1 || requests.len() == found.len();
    match cause {
        "none" => found.is_empty(),
        cause => !found.is_empty() && each_once && found.iter().all(|found| found.cause.slug == cause),
    }
}

/// The cause of a reason that is the whole input.
pub(crate) fn pasted_cause(text: &str) -> Option<&'static str> {
    let records = logs::open(text.as_bytes(), MAX_BYTES).expect("text opens");
    let Ok(Some(batch)) = records[0].read() else { panic!("text reads") };
    pasted(&batch).and_then(|execution| causes::classify_pasted(&execution)).map(|found| found.cause.slug)
}
