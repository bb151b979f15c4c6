#!/usr/bin/env python3
"""Break one line at a time, and report which layer of the proof finds each break.

usage: .ci/mutations.py [FIRST [LAST]]      (numbers of the list; all of them without)

First the promises of incidents: the tests that are likely to find a break run first, then all layers, the cheapest first,
until one fails: the store's suite, the model checker, the thirteen sequences, the small loss proof. Then what keeps forgery
and leaks out: each mend is taken back, which the attack corpus or another test must find.

Each mutation is made in a copy of the checkout, which keeps its own build.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [("store", "stores::"), ("model", "protocol_model::"), ("sequences", "sequences::"), ("losses", "losses::")]
COVERAGE, STEP, PLAN, RECORD, LEDGER, SILENCE, NOTIFY, UNSTORED, READ, GROUP, MEMORY = (
    f"src/incidents/{name}.rs" if "/" not in name else f"src/{name}.rs"
    for name in ("coverage", "step", "plan", "record", "ledger", "silence", "functions/notify", "functions/unstored",
                 "functions/investigate", "incidents/failure_group", "incidents/store/memory"))

# promise, file, what stands there, what breaks it
MUTATIONS = [
    ("covered", COVERAGE, "self.failed.saturating_sub(self.covered)", "self.failed.saturating_sub(self.covered + 1)"),
    ("covered", COVERAGE, "if !on(alert) || *covered < self.covered {\n                    return None;\n                }\n                after.covered = *covered;\n                after.named = true;",
     "if !on(alert) {\n                    return None;\n                }\n                after.covered = *covered;\n                after.named = true;"),
    ("covered", COVERAGE, "self.expires_at = None;", ""),
    ("covered", COVERAGE, "if self.alert.is_some() || self.failed != *failed || self.uncovered() > 0 {", "if self.alert.is_some() {"),
    ("covered", COVERAGE, "after.covered = self.ended_failed;", ""),
    ("covered", STEP, "(Step::Publish, _) => Step::Record,", "(Step::Publish, _) => self.settle(0),"),
    ("covered", PLAN, "loud.iter().all(|member| member.coverage.uncovered() == 0)", "loud.iter().any(|member| member.coverage.uncovered() == 0)"),
    ("covered", NOTIFY, "if !self.unstored().is_empty() {", "if false {"),
    ("nothing", COVERAGE, "after.ended_failed = self.covered;", "after.covered = 0;"),
    ("nothing", COVERAGE, "if self.absorbs(last_failure, now) {", "if false {"),
    ("nothing", PLAN, "if *silenced || coverage.alert.is_some() || coverage.uncovered() == 0 {", "if *silenced || coverage.alert.is_some() {"),
    ("nothing", MEMORY, "if !seen.contains(id) {", "if seen.len() < 9 {"),
    ("ended", STEP, "Step::Announce => Need::Write { seen: Some(self.alert.version), alert: self.announced() },", "Step::Announce => Need::Write { seen: Some(self.alert.version), alert: self.alert.with(|_| ()) },"),
    ("ended", STEP, "(Step::Record, Reply::Refused(Some(known))) if known.end().is_some() && !self.says_end() => {", "(Step::Record, Reply::Refused(Some(known))) if known.end().is_some() && false => {"),
    ("ended", PLAN, "AlertState::Ending(_) => todo(Job::Finish, members),", "AlertState::Ending(_) => None,"),
    ("ended", PLAN, "if let Some(older) = same_root(view, alert) {", "if let Some(older) = same_root(view, alert).filter(|_| false) {"),
    ("ended", PLAN, "may_expire: quiet >= EXPIRE_AFTER || alert.is_digest()", "may_expire: false"),
    ("ended", UNSTORED, "Ok(Written::Done) => self.know(&work, &announced),", "Ok(Written::Done) => return None,"),
    ("ended", RECORD, "AlertState::Ended(end) => end.at.checked_add(KEPT).ok(),", "AlertState::Ended(_) => None,"),
    ("ended", STEP, "Some(known) if self.may_join() =>", "Some(known) if self.job == Job::Open =>"),
    ("evidence", RECORD, "coverage.proved == Some(self.version) &&", "coverage.failed > 0 &&"),
    ("evidence", COVERAGE, "if !on(alert) || self.proved != Some(*version) {", "if !on(alert) {"),
    ("evidence", STEP, "if coverage.failed == self.members[place].coverage.failed =>", "if coverage.failed > 0 =>"),
    ("evidence", STEP, "Recovered::Unseen(why) if may_expire => {", "Recovered::Unseen(why) => {"),
    ("evidence", READ, "examples.iter().skip(read).take(READ_AT_A_TIME)", "examples.iter().skip(read).take(1)"),
    ("evidence", READ, "Recovery::Still(says) => Recovered::Still(named(says)),", "Recovery::Still(says) => Recovered::Gone(named(says)),"),
    ("silence", SILENCE, "self.until > now && self.matcher.matches(incident)", "self.until > now"),
    ("silence", STEP, "rest.filter(|(_, member)| ended || !member.silenced)", "rest.filter(|(_, _)| true)"),
    ("silence", PLAN, "all.extend(members.iter().filter(|member| !member.silenced).cloned());\n    all.iter().any(|member| !member.silenced).then_some(all)", "all.extend(members.iter().cloned());\n    Some(all)"),
    ("noise", PLAN, "SETTLING.saturating_mul(1 << last.escalations.min(16))", "SETTLING.saturating_mul(0)"),
    ("noise", RECORD, "resolve_after.saturating_mul(1 << self.flapping.times.min(10))", "resolve_after.saturating_mul(1)"),
    ("noise", LEDGER, "!charge.limits.iter().all(has_room)", "charge.limits.iter().any(has_room) && false"),
    ("noise", LEDGER, "share(6)", "share(1)"),
    ("noise", GROUP, "if is_id(part) { \"{}\" } else { part }", "if is_id(part) && part.is_empty() { \"{}\" } else { part }"),
    ("noise", NOTIFY, "if other == *own {", "if other == *own || true {"),
    ("noise", UNSTORED, "Ok(Some(known)) if known.coverage.alert.is_some() => {", "Ok(Some(known)) if known.failed == 0 => {"),
    ("late", COVERAGE, "now.duration_since(failed_at) > LATE", "now.duration_since(failed_at) > LATE * 1000"),
    ("clocks", RECORD, "CLOCKS_APART: Duration = Duration::from_secs(120)", "CLOCKS_APART: Duration = Duration::ZERO"),
]

NUMBERS, CREDENTIALS, NAMES, WORDS, ADDRESSES = (
    f"src/causes/redact/{name}.rs" for name in ("numbers", "credentials", "names", "words", "addresses"))
EXECUTION, LINE, DELIVERED, BATCH, RECORDS = (
    f"src/logs/{name}.rs" for name in ("execution", "line", "delivered", "batch", "record"))
TEXT, ESCAPE, LABEL, SNS, STACK, REPLY = (
    f"src/{name}.rs" for name in ("text", "alerts/escape", "alerts/words", "alerts/sns", "functions/stack", "aws/live/reply"))

# What keeps clients and editors of an API out: the same, each without a mend.
MENDS = [
    ("forgery", DELIVERED, "&& (place == 0 || payload.len() >= LONGEST_RECORD || !ends_failed(&lines))", "&& payload.is_empty()"),
    ("forgery", EXECUTION, "let answered = self.succeeded && self.completed.is_some_and(|status| status < 500);", "let answered = false;"),
    ("forgery", EXECUTION, "if self.beginnings < 2 && self.routes < 2 {", "if self.beginnings < 9 {"),
    ("forgery", LINE, "let named = !id.is_empty() && !has_blank(id);", "let named = !id.is_empty();"),
    ("forgery", LABEL, "if alert.judgement.has_no_api() {", "if false {"),
    ("addresses", ESCAPE, "out.push_str(\"[:]//\");", "out.push_str(\"://\");"),
    ("addresses", ESCAPE, "out.push_str(\"[.]\");", "out.push_str(\".\");"),
    ("addresses", ESCAPE, "if labels.is_some_and(|(_, last)| is_name", "if labels.is_some_and(|(_, last)| last.is_empty() && is_name"),
    ("commands", ESCAPE, "!(word.bare.contains(ACT) || expands || diverts)", "!(expands || diverts)"),
    ("commands", ESCAPE, "!(word.bare.contains(ACT) || expands || diverts)", "!(word.bare.contains(ACT) || expands)"),
    ("invisible", TEXT, "| '\\u{2060}'..='\\u{206f}' | '\\u{3164}'", "| '\\u{2060}'..='\\u{2069}'"),
    ("invisible", TEXT, "|| u32::from(c) & 0xfffe == 0xfffe", ""),
    ("secrets", CREDENTIALS, "(!slashed || token.len() == 40) && shapes", "!slashed && shapes"),
    ("secrets", NUMBERS, "(is_client(ip) && !file && !is_release(&bytes[..start])).then_some(end)", "None.filter(|_: &usize| is_client(ip) && !file && end > 0 && !is_release(&bytes[..start]))"),
    ("secrets", NUMBERS, "client.then_some(start + end)", "(client && embedded).then_some(start + end)"),
    ("secrets", NUMBERS, "let client = if embedded { is_client(inner) } else", "let client = if embedded { false } else"),
    ("secrets", NUMBERS, "issued && luhn(digits)", "issued && digits.is_empty()"),
    ("secrets", NUMBERS, "remainder == 1", "remainder > 97"),
    ("secrets", NUMBERS, "fn is_insured(&self, count: usize) -> bool {", "fn is_insured(&self, count: usize) -> bool {\n        if count > 0 {\n            return false;\n        }"),
    ("secrets", WORDS, "\"authorization\", \"cookie\", \"cookies\", \"xauth\"", "\"authorization\", \"cookie\", \"cookies\", \"cookies\""),
    ("secrets", NAMES, "Name::Header if link.explicit => Some((from, header_end(bytes, text, from))),", ""),
    ("secrets", ADDRESSES, "} else if !pair.trim_matches(|c| \".,:)…\".contains(c)).is_empty() {", "} else if false {"),
    ("secrets", ADDRESSES, "hooked |= before.to_ascii_lowercase()", "hooked |= false && before.to_ascii_lowercase()"),
    ("secrets", ADDRESSES, "(words::is_token_segment(before) && opaque)", "(false && opaque)"),
    ("secrets", NAMES, "let Some((quote, slashes)) = link.quote {", "let Some((quote, slashes)) = link.quote.filter(|(_, slashes)| *slashes > 9) {"),
    ("secrets", "src/causes/redact.rs", "let parted = whole.chars().any(|c| c.is_control() && c != '\\n');", "let parted = false;"),
    ("stack", STACK, "(id == made_as && id != ours).then_some(id)", "(id != ours && made_as != id).then_some(id)"),
    ("stack", REPLY, "is_plain && [\".amazonaws.com\"", "is_plain || [\".amazonaws.com\""),
    ("stack", SNS, "is_final: error.code().is_some_and(|code| refused.contains(&code)),", "is_final: false && !refused.is_empty(),"),
    ("stack", BATCH, "pub const MOST_EVENTS: usize = 80_000;", "pub const MOST_EVENTS: usize = usize::MAX;"),
]

# The tests that are likely to find a break, so that most need no others: numbers of the list.
LIKELY = {
    "stores::": [1, 2, 3, 4, 5, 9, 10, 12, 22, 33], "protocol_model::": [6, 13, 14, 15, 19, 20, 21, 24, 38],
    "sequence_01": [11], "sequence_02": [7, 27, 28, 29], "sequence_03": [25, 26], "sequence_04": [16], "sequence_05": [23],
    "sequence_07": [31], "sequence_08": [34], "sequence_09": [35], "sequence_10": [8, 36], "sequence_11": [37],
    "sequence_13": [17, 32], "a_storm_over": [30],
}


def layer(copy, number, env):
    """The first layer that fails; `None` where all pass."""
    base = ["nice", "cargo", "test", "--quiet"]
    if number <= len(MUTATIONS):
        base += ["--no-default-features", "--example", "protocol"]
        likely = [(filter_.strip(":"), filter_) for filter_, numbers in LIKELY.items() if number in numbers]
        layers = likely + LAYERS
    else:
        base += ["--lib", "--test", "it"]
        layers = [("attacks", "attacks::"), ("another test", "")]
    built = subprocess.run(base + ["--no-run"], cwd=copy, env=env, capture_output=True, text=True)
    if built.returncode:
        return "does not compile: " + built.stderr.strip().splitlines()[0]
    for name, filter_ in layers:
        try:
            ran = subprocess.Popen(base + ["--", filter_], cwd=copy, env=env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
            if ran.wait(timeout=900):
                return name
        except subprocess.TimeoutExpired:
            # Cargo does not end the program that it started.
            os.killpg(ran.pid, signal.SIGKILL)
            return f"{name} (it hangs)"
    return None


def main():
    first, last = (int(word) for word in (sys.argv[1:] + ["1", str(len(MUTATIONS + MENDS))][len(sys.argv) - 1:])[:2])
    copy = Path(os.environ.get("MUTATIONS_DIR") or tempfile.mkdtemp(prefix="mutations-"))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        source, target = ROOT / name, copy / name
        if source.is_file() and (not target.exists() or target.read_bytes() != source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    env = os.environ | {"CARGO_TARGET_DIR": str(copy / "target"), "CARGO_INCREMENTAL": "1"}
    missed = 0
    print("| promise | file | what stands there | found by |\n| --- | --- | --- | --- |", flush=True)
    for number, (promise, name, old, new) in enumerate(MUTATIONS + MENDS, 1):
        if not first <= number <= last:
            continue
        path = copy / name
        text = path.read_text()
        if text.count(old) != 1:
            found = f"stands there {text.count(old)} times: mend the list"
        else:
            path.write_text(text.replace(old, new))
            found = layer(copy, number, env)
            path.write_text(text)
        missed += found is None or " " in found.replace("(it hangs)", "").strip()
        line = " ".join(old.split())[:70].replace("|", "\\|")
        print(f"| {promise} | `{Path(name).name}` | `{line}` | {found or '**nothing**'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
