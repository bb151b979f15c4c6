//! Prints `docs/permissions.md`: what each IAM action lets the alert say.

use vpclink_responder::alerts::catalogue;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    print!("{}", catalogue::permissions());
}
