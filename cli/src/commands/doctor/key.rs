//! A provider's key: whether it is where config.json says. It is never shown.

use std::path::PathBuf;

use home::credentials::{KeyringError, keyring_has};
use home::private_file::read;
use home::read_private;
use secrecy::SecretString;
use serde_json::Value;

/// What was found where the key should be.
pub(super) enum Key {
    /// The entry names none.
    NotNamed,
    /// It is there.
    Is(SecretString),
    /// It is there, and is not read here.
    IsInKeyring,
    /// It can't be had: why, and what to do.
    Missing(String, String),
}

/// Looks where `apiKey` of a provider says.
pub(super) async fn find(reference: Option<&Value>) -> Key {
    let Some(reference) = reference.filter(|value| !value.is_null()) else {
        return Key::NotNamed;
    };
    let text = |field: &str| {
        reference
            .get(field)
            .and_then(Value::as_str)
            .map(String::from)
    };
    if let Some(name) = text("env") {
        return from_environment(&name);
    }
    if let Some(path) = text("file") {
        return from_file(path.into());
    }
    match text("keyring") {
        Some(entry) => from_keyring(entry).await,
        None => Key::Missing(
            "`apiKey` names no place".into(),
            "write {\"env\": \"NAME\"}, {\"file\": \"PATH\"} or {\"keyring\": \"NAME\"}, never the key itself".into(),
        ),
    }
}

fn from_environment(name: &str) -> Key {
    match std::env::var(name)
        .ok()
        .filter(|key| !key.trim().is_empty())
    {
        Some(key) => Key::Is(key.trim().to_owned().into()),
        None => Key::Missing(
            format!("its key's variable {name} is not set here"),
            format!(
                "set {name} where mcplocal runs, or keep the key in a file: \"apiKey\": {{\"file\": \"PATH\"}}"
            ),
        ),
    }
}

fn from_file(path: PathBuf) -> Key {
    let shown = path.display().to_string();
    let missing =
        |why: String, fix: String| Key::Missing(format!("its key can't be read: {why}"), fix);
    match read(&path) {
        Ok(Some(bytes)) => {
            if let Err(why) = read_private(&path) {
                return missing(why.to_string(), format!("chmod 600 {shown}"));
            }
            let text = String::from_utf8_lossy(&bytes);
            match text
                .lines()
                .next()
                .map(str::trim)
                .filter(|key| !key.is_empty())
            {
                Some(key) => Key::Is(key.to_owned().into()),
                None => missing(
                    format!("{shown} is empty"),
                    format!("write the key into {shown}"),
                ),
            }
        }
        Ok(None) => missing(
            format!("there is no {shown}"),
            format!("write the key into {shown}, mode 600"),
        ),
        Err(why) => missing(why.to_string(), format!("look at {shown}")),
    }
}

async fn from_keyring(entry: String) -> Key {
    let asked = entry.clone();
    let has = tokio::task::spawn_blocking(move || keyring_has(&asked)).await;
    let fix = format!("store it as `{entry}` of the service `mcpctl`, or keep it in a file");
    match has.unwrap_or(Err(KeyringError::TimedOut)) {
        Ok(true) => Key::IsInKeyring,
        Ok(false) => Key::Missing(
            format!("the keyring has no entry `{entry}` for its key"),
            fix,
        ),
        Err(why) => Key::Missing(format!("its key can't be read: {why}"), fix),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn told(reference: Value) -> String {
        match find(Some(&reference)).await {
            Key::NotNamed => "none".into(),
            Key::Is(_) | Key::IsInKeyring => "is".into(),
            Key::Missing(why, fix) => format!("{why}; {fix}"),
        }
    }

    #[tokio::test]
    async fn a_key_is_looked_for_where_the_entry_says() {
        assert_eq!(told(Value::Null).await, "none");
        assert!(
            told(json!({"env": "MCPCTL_NO_SUCH_KEY"}))
                .await
                .contains("MCPCTL_NO_SUCH_KEY is not set")
        );
        assert!(
            told(json!("sk-canary"))
                .await
                .contains("never the key itself")
        );
        assert!(!told(json!("sk-canary")).await.contains("sk-canary"));
        let path = std::env::temp_dir().join(format!("mcpctl-key-{}", std::process::id()));
        let at = || json!({"file": path.display().to_string()});
        assert!(told(at()).await.contains("there is no"));
        home::write_private(&path, b"sk-1\n").unwrap();
        assert_eq!(told(at()).await, "is");
        home::write_private(&path, b"\n").unwrap();
        assert!(told(at()).await.contains("is empty"));
        std::fs::remove_file(&path).unwrap();
    }
}
