//! Secrets of a test, known by heart, and where they were found again.
//!
//! The kit plants every credential that it makes. Whatever a program writes is searched for them when the test is over:
//! its log, its files, its command line, and what it shows to an admin. With [`LOG_LEVEL`] set to `trace` the programs
//! say all that they can.

use super::caller::Ask;
use super::mcpd::Mcpd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Names the level at which the programs of all tests log, where a test sets none itself.
pub const LOG_LEVEL: &str = "MCPCTL_TEST_LOG";

/// The API key of every provider.
pub const PROVIDER_KEY: &str = "canary-1f0e-provider-key";
/// The variable from which every mcplocal has it.
pub const PROVIDER_KEY_VARIABLE: &str = "CANARY_PROVIDER_KEY";
/// What most tests ask a model, [`ASKED`] in it. Models are asked nothing that belongs into a log.
pub const PROMPT: &str = "Grüße, 世界 🦀 canary-5d2c-prompt";
/// The part of [`PROMPT`] that looks the same however it is escaped.
pub const ASKED: &str = "canary-5d2c-prompt";

/// Files in which a program keeps a credential on purpose, readable by its owner alone.
const KEPT_ON_PURPOSE: [&str; 4] = ["admin.token", "config.json", "credentials", "provider-key"];
/// How the names of the server's database begin. It keeps what a job is about.
const DATABASE: &str = "mcpd.db";
/// What an admin may read, and what must not show a secret.
const SHOWN: [&str; 11] = [
    "/metrics",
    "/api/v1/llms",
    "/api/v1/aliases",
    "/api/v1/tokens",
    "/api/v1/secrets",
    "/api/v1/requests",
    "/api/v1/load",
    "/api/v1/usage",
    "/v1/jobs",
    "/v1/jobs/summary",
    "/v1/workers",
];

static PLANTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on `secret` must not be found.
pub fn plant(secret: &str) {
    let mut planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !planted.iter().any(|known| known == secret) {
        planted.push(secret.to_owned());
    }
}

/// The secrets in `bytes`, shortened to what tells them apart.
#[must_use]
pub fn found_in(bytes: &[u8]) -> Vec<String> {
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_there = |secret: &&String| memchr::memmem::find(bytes, secret.as_bytes()).is_some();
    let short = |secret: &String| secret.chars().take(12).collect::<String>() + "...";
    planted.iter().filter(is_there).map(short).collect()
}

/// Whether `bytes` have what a model was asked.
#[must_use]
pub fn is_asked_in(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, ASKED.as_bytes()).is_some()
}

/// The files below `dir` that hold a secret though they are not made for it, or what a model was asked, each with what
/// it holds.
#[must_use]
pub fn found_below(dir: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if KEPT_ON_PURPOSE.contains(&&*name) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(found_below(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let mut held = found_in(&bytes);
            if is_asked_in(&bytes) && !name.starts_with(DATABASE) {
                held.push(ASKED.to_owned());
            }
            if !held.is_empty() {
                found.push((path, held));
            }
        }
    }
    found
}

impl Mcpd {
    /// Looks for secrets, and for what models were asked, in all that the server shows to its admin.
    ///
    /// # Panics
    /// When something is shown.
    pub async fn shows_no_secret(&self) {
        for path in SHOWN {
            let answer = self.admin(Ask::get(path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(found_in(&answer.bytes), [""; 0], "in {path}");
            assert!(!is_asked_in(&answer.bytes), "a prompt in {path}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ASKED, PROMPT, found_below, found_in, plant};
    use crate::cluster::Scratch;

    #[test]
    fn what_was_planted_is_found_and_what_is_kept_on_purpose_is_left() {
        plant("canary-of-this-test");
        assert_eq!(found_in(b"nothing here"), [""; 0]);
        assert_eq!(found_in(b"a canary-of-this-test."), ["canary-of-th..."]);
        let dir = Scratch::new("canary");
        std::fs::create_dir(dir.path().join("below")).unwrap();
        for name in ["admin.token", "below/log"] {
            std::fs::write(dir.path().join(name), "canary-of-this-test").unwrap();
        }
        std::fs::write(dir.path().join("mcpd.db-wal"), PROMPT).unwrap();
        let found = found_below(dir.path());
        assert_eq!(found.len(), 1);
        assert!(found[0].0.ends_with("below/log"));
        std::fs::write(dir.path().join("below/log"), format!("{PROMPT:?}")).unwrap();
        assert_eq!(found_below(dir.path())[0].1, [ASKED]);
    }
}
