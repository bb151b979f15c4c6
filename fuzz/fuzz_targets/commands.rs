//! Any names, in any command of the catalogue: a shell reads exactly the words that are meant, with the names inside them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclink_responder::alerts::escape;
use vpclink_responder::causes::{self, CATALOGUE, RouteContext};
use vpclink_responder::checks::Assessment;
use vpclink_responder::ids::{ApiId, Region};
use vpclink_responder::logs::{Batch, LogEvent, Source, correlate};
use vpclink_responder::text::{shell_word, shell_words};

/// What a request knows whose log names these.
fn subject(id: &str, host: &str, names: &str) -> Option<RouteContext> {
    let lines = [
        format!("({id}) HTTP Method: {names}, Resource Path: /{host}"),
        format!("({id}) Endpoint request URI: https://{host}/{names}"),
        format!("({id}) Execution failed due to a timeout error"),
    ];
    let event = |(number, message): (usize, String)| LogEvent { number, id: None, at: None, message: message.into() };
    let source = Source {
        api: Some(ApiId::new(names)),
        region: Some(Region::new(host)),
        stage: Some(names.to_owned()),
        log_group: Some(id.to_owned()),
        ..Source::default()
    };
    let batches = [Batch { source, events: (1..).zip(lines).map(event).collect(), passed: 0 }];
    correlate(&batches).iter().find_map(causes::classify).map(|found| found.subject)
}

fuzz_target!(|input: (u8, &str, &str, &str)| {
    let (which, id, host, names) = input;
    // One word, whatever it holds, and our own reader of words agrees with a shell's.
    let printable = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let command = format!("aws {} {}", shell_word(names), shell_word(id));
    let expected = vec!["aws".to_owned(), printable(names), printable(id)];
    assert_eq!(shlex::split(&command).as_ref(), Some(&expected));
    let read: Vec<String> = shell_words(&command).expect("quotes are closed").into_iter().map(|word| word.text).collect();
    assert_eq!(read, expected);

    let Some(subject) = subject(id, host, names) else { return };
    let facts = Assessment::unread(&subject, "").facts;
    let cause = CATALOGUE[usize::from(which) % CATALOGUE.len()];
    for template in cause.next_steps.iter().flat_map(|step| [step.command, step.verify]).flatten() {
        let filled = facts.fill_command(template);
        let meant: Vec<String> = shlex::split(template).expect("a command").iter().map(|word| printable(&facts.fill(word))).collect();
        assert_eq!(shlex::split(&filled).as_ref(), Some(&meant), "{template}");
        if let Some(shown) = escape::command(&filled) {
            assert_eq!(shlex::split(&shown).map(|words| words.len()), Some(meant.len()), "{template}");
        }
    }
});
