//! Where a provider's key is kept. The config file names the place, never the key.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use home::private_file::read;
use secrecy::SecretString;
use serde::Deserialize;

/// How long the keyring may take: longer than a slow D-Bus, shorter than a locked keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(3);
/// Under which name our entries stand in the keyring.
const KEYRING_SERVICE: &str = "mcpctl";

/// The place of a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiKey {
    /// This environment variable.
    Env(String),
    /// The first line of this file.
    File(PathBuf),
    /// This entry of the operating system's keyring, service `mcpctl`.
    Keyring(String),
}

/// Why there is no key. Never holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its API key can't be had from {place}: {why}")]
pub struct NoKey {
    place: String,
    why: String,
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Keyring(entry) => write!(f, "the keyring entry `{entry}`"),
        }
    }
}

impl ApiKey {
    /// Reads the field. A key in the place of a reference is not repeated in the error.
    pub(super) fn read(raw: &str) -> Result<Option<Self>, String> {
        serde_json::from_str(raw).map_err(|_| {
            "write {\"env\": \"NAME\"}, {\"file\": \"PATH\"} or {\"keyring\": \"NAME\"}, never the key itself"
                .into()
        })
    }

    /// Fetches the key.
    pub async fn fetch(&self) -> Result<SecretString, NoKey> {
        let found = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| String::from("it is not set")),
            Self::File(path) => from_file(path),
            Self::Keyring(entry) => from_keyring(entry.clone()).await,
        };
        let key = found.and_then(|key| match key.trim() {
            "" => Err("it is empty".into()),
            key => Ok(SecretString::from(key)),
        });
        key.map_err(|why| NoKey {
            place: self.to_string(),
            why,
        })
    }
}

fn from_file(path: &std::path::Path) -> Result<String, String> {
    let bytes = match read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err("there is no such file".into()),
        Err(failed) => return Err(failed.to_string()),
    };
    let text = String::from_utf8(bytes).map_err(|_| "it is not text")?;
    Ok(text.lines().next().unwrap_or_default().into())
}

/// Asks on a thread of its own: a locked keyring may wait for its owner without end.
async fn from_keyring(entry: String) -> Result<String, String> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let ask = move || {
        let entry = keyring::Entry::new(KEYRING_SERVICE, &entry);
        // Words of the keyring may quote what was stored, so only the kind is told.
        let key = entry.and_then(|entry| entry.get_password());
        let _ = answer.send(key.map_err(|wrong| match wrong {
            keyring::Error::NoEntry => "there is no such entry",
            keyring::Error::NoDefaultStore => "this machine has no keyring",
            _ => "the keyring refused",
        }));
    };
    let thread = std::thread::Builder::new().name("keyring".into());
    thread
        .spawn(ask)
        .map_err(|_| "no thread could be started")?;
    match tokio::time::timeout(KEYRING_LIMIT, answered).await {
        Ok(Ok(key)) => key.map_err(String::from),
        _ => Err("the keyring did not answer within 3 s: is it locked?".into()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn a_key_comes_from_the_first_line_of_a_file() {
        let path = std::env::temp_dir().join(format!("mcplocal-key-{}", std::process::id()));
        std::fs::write(&path, "  sk-1 \nsecond line").unwrap();
        let key = ApiKey::File(path.clone()).fetch().await.unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(key.expose_secret(), "sk-1");
        let none = ApiKey::File(path).fetch().await.unwrap_err();
        assert!(none.to_string().contains("no such file"));
    }

    #[tokio::test]
    async fn an_unset_variable_is_named() {
        let none = ApiKey::Env("MCPLOCAL_NO_SUCH_KEY".into()).fetch().await;
        assert!(
            none.unwrap_err()
                .to_string()
                .contains("MCPLOCAL_NO_SUCH_KEY")
        );
    }
}
