//! The operating system's keyring, asked with a time limit.
//!
//! A locked keyring may wait for its owner without end, so each question runs on a thread of its
//! own. A thread that is still waiting at the end of the limit is left behind: it holds nothing
//! and ends with the process.

use std::sync::mpsc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// How long the keyring may take. Long enough for a slow D-Bus, short enough for a person.
const LIMIT: Duration = Duration::from_secs(3);

/// Under which name our entries stand in the keyring.
const SERVICE: &str = "mcpctl";

/// Why the keyring did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is none here: a server without a desktop, a container.
    #[error("this machine has no keyring")]
    Absent,
    /// It is locked, or does not answer.
    #[error("the keyring did not answer within 3 s: is it locked?")]
    TimedOut,
    /// It answered with an error.
    #[error("the keyring refused: {0}")]
    Failed(String),
}

/// A place that keeps tokens by account (a server's URL).
pub(crate) trait Keyring {
    /// The token, where there is one.
    fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError>;
    /// Stores the token in place of an older one.
    fn set(&self, account: &str, token: &SecretString) -> Result<(), KeyringError>;
    /// Removes the token; whether there was one.
    fn delete(&self, account: &str) -> Result<bool, KeyringError>;
}

/// The keyring of the operating system.
pub(crate) struct SystemKeyring;

impl Keyring for SystemKeyring {
    fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError> {
        within_limit(account, |entry| match entry.get_password() {
            Ok(token) => Ok(Some(SecretString::from(token))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(why) => Err(why),
        })
    }

    fn set(&self, account: &str, token: &SecretString) -> Result<(), KeyringError> {
        let token = token.clone();
        within_limit(account, move |entry| {
            entry.set_password(token.expose_secret())
        })
    }

    fn delete(&self, account: &str) -> Result<bool, KeyringError> {
        within_limit(account, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(why) => Err(why),
        })
    }
}

/// Whether the keyring of this machine serves, by a question for something that is not in it.
pub fn keyring_answers() -> Result<(), KeyringError> {
    keyring_has("mcpctl-is-it-there").map(drop)
}

/// Whether the keyring has an entry called `account` of ours. The entry itself is not kept.
pub fn keyring_has(account: &str) -> Result<bool, KeyringError> {
    Ok(SystemKeyring.get(account)?.is_some())
}

fn within_limit<T: Send + 'static>(
    account: &str,
    ask: impl FnOnce(keyring::Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, KeyringError> {
    if no_bus_can_be_there() {
        return Err(KeyringError::Absent);
    }
    let account = account.to_owned();
    let (answer, answered) = mpsc::sync_channel(1);
    let question = move || {
        // The answer is not awaited any more where the limit has passed.
        let _ = answer.send(ask_entry(&account, ask));
    };
    let thread = std::thread::Builder::new().name("keyring".into());
    if thread.spawn(question).is_err() {
        return Err(KeyringError::Failed("no thread could be started".into()));
    }
    answered
        .recv_timeout(LIMIT)
        .unwrap_or(Err(KeyringError::TimedOut))
}

fn ask_entry<T>(
    account: &str,
    ask: impl FnOnce(keyring::Entry) -> keyring::Result<T>,
) -> Result<T, KeyringError> {
    if keyring::Entry::store_status().is_err() {
        return Err(KeyringError::Absent);
    }
    let answer = keyring::Entry::new(SERVICE, account).and_then(ask);
    answer.map_err(|why| match why {
        keyring::Error::NoDefaultStore => KeyringError::Absent,
        // The words for other errors may quote what was stored.
        keyring::Error::BadEncoding(_) => KeyringError::Failed("the entry is not text".into()),
        why => KeyringError::Failed(why.to_string()),
    })
}

/// The Secret Service is reached over the session bus. Where nothing names one, opening it would
/// only cost time (and might start a bus nobody asked for).
fn no_bus_can_be_there() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "linux") && !set("DBUS_SESSION_BUS_ADDRESS") && !set("XDG_RUNTIME_DIR")
}
