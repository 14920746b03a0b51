//! What a test measured, on one line, for whoever wants to quote it: `cargo nextest run --no-capture` shows it.

/// Says what `test` measured.
#[expect(
    clippy::print_stderr,
    reason = "the runner keeps it, and shows it where it is asked to"
)]
pub fn figures(test: &str, measured: &str) {
    eprintln!("{test}: {measured}");
}
