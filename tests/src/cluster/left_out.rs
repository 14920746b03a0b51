//! Tests that this machine can't do: they pass without having shown anything, so it is said aloud.

use std::fs::File;
use std::io::Write;

/// Names the file in which `tests/run.sh` finds what its summary has to tell.
const FILE: &str = "MCPCTL_LEFT_OUT";

/// Says that `what` was not tested, and why.
///
/// # Panics
/// When it can't be written down where it was asked for.
#[expect(
    clippy::print_stderr,
    reason = "the runner keeps it, and shows it where it is asked to"
)]
pub fn left_out(what: &str, why: &str) {
    eprintln!("LEFT OUT: {what}: {why}");
    if let Some(path) = std::env::var_os(FILE) {
        let file = File::options().create(true).append(true).open(path);
        // One write, so that tests beside each other don't mix their lines.
        let written =
            file.and_then(|mut file| file.write_all(format!("{what}\t{why}\n").as_bytes()));
        written.expect("what was left out can be written down");
    }
}
