//! The number that a run's chance comes from, and how it is found again.

use crate::clock::wall_ns;

/// The variable that gives a seed, to repeat a run.
pub const SEED_VARIABLE: &str = "MCPCTL_TEST_SEED";

/// A seed. Dropped in a panic, it says how to repeat the run.
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// What [`SEED_VARIABLE`] says, else one of chance.
    ///
    /// # Panics
    /// When the variable holds no number.
    #[must_use]
    pub fn chosen() -> Self {
        match std::env::var(SEED_VARIABLE) {
            Ok(text) => match text.parse() {
                Ok(number) => Self(number),
                Err(_) => panic!("{SEED_VARIABLE} holds no number: {text}"),
            },
            Err(_) => Self(wall_ns() % 1_000_000),
        }
    }

    /// What [`SEED_VARIABLE`] says, else this one.
    #[must_use]
    pub fn or(number: u64) -> Self {
        match std::env::var_os(SEED_VARIABLE) {
            Some(_) => Self::chosen(),
            None => Self(number),
        }
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0
    }
}

impl Drop for Seed {
    #[expect(
        clippy::print_stderr,
        reason = "the runner shows it beside the failure"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- seed {0}: repeat with {SEED_VARIABLE}={0}", self.0);
        }
    }
}
