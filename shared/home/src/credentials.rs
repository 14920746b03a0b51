//! Access tokens by server: environment, keyring, private file.
//!
//! A token is bound to the server that it was given for, so that it is never sent to another one.
//! `MCPCTL_TOKEN` is its user's own word and goes to whichever server is asked.
//!
//! The keyring comes before the file in rank. Since [`Credentials::save`] keeps a server's token
//! in one of the two and takes it out of the other, the file may be read first: that costs
//! nothing, and a machine without a keyring never has to ask for one.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::keyring_store::{Keyring, SystemKeyring};
use crate::private_file::{FileError, lock_for_edit, read_private, write_private};
use crate::{Home, ServerUrl};

pub use crate::keyring_store::{KeyringError, keyring_answers, keyring_has};

/// The environment variable that holds a token for this run.
pub const TOKEN_VARIABLE: &str = "MCPCTL_TOKEN";

/// Where a token came from, or was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `MCPCTL_TOKEN`.
    Environment,
    /// The operating system's keyring.
    Keyring,
    /// The private file.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(TOKEN_VARIABLE),
            Self::Keyring => f.write_str("the keyring"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why a token can't be found, stored or removed.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The private file can't be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The private file is not what we wrote. Its content is not repeated.
    #[error(
        "{} is not a credentials file (line {line}): remove it and log in again",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where it stops making sense.
        line: usize,
    },
    /// There is a keyring, and it did not serve.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// Finds the token for `server`: `MCPCTL_TOKEN`, else the keyring or the private file.
pub fn lookup(
    home: &Home,
    server: &ServerUrl,
) -> Result<Option<(SecretString, Source)>, CredentialError> {
    Credentials::of(home).lookup(server)
}

/// The tokens of one user.
pub struct Credentials {
    path: PathBuf,
    environment: Option<SecretString>,
    keyring: Box<dyn Keyring>,
}

impl Credentials {
    /// Those of this process's user, with `MCPCTL_TOKEN` as it is now.
    pub fn of(home: &Home) -> Self {
        let token = std::env::var(TOKEN_VARIABLE).ok();
        let token = token.map(|token| token.trim().to_owned());
        Self {
            path: home.credentials_path(),
            environment: token.filter(|token| !token.is_empty()).map(Into::into),
            keyring: Box::new(SystemKeyring),
        }
    }

    /// Finds the token for `server` and says where it was.
    ///
    /// Errors: a private file that others may read or that is broken; a keyring that is there and
    /// does not serve. No keyring at all is not an error.
    pub fn lookup(
        &self,
        server: &ServerUrl,
    ) -> Result<Option<(SecretString, Source)>, CredentialError> {
        if let Some(token) = &self.environment {
            return Ok(Some((token.clone(), Source::Environment)));
        }
        if let Some(token) = token_of(&self.read_file()?, server) {
            return Ok(Some((token, Source::File(self.path.clone()))));
        }
        match self.keyring.get(server.as_str()) {
            Ok(token) => Ok(token.map(|token| (token, Source::Keyring))),
            Err(KeyringError::Absent) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// Stores the token for `server`: in the keyring, or in the private file where there is no
    /// keyring, or where `insecure_ok` chose the file.
    ///
    /// Errors: a keyring that is there but does not serve is never passed over in silence.
    pub fn save(
        &self,
        server: &ServerUrl,
        token: &SecretString,
        insecure_ok: bool,
    ) -> Result<Source, CredentialError> {
        let kept = if insecure_ok {
            Err(KeyringError::Absent)
        } else {
            self.keyring.set(server.as_str(), token)
        };
        match kept {
            Ok(()) => {
                self.edit_file(|servers| servers.shift_remove(server.as_str()))?;
                Ok(Source::Keyring)
            }
            Err(KeyringError::Absent) => {
                self.edit_file(|servers| {
                    let entry = json!({"token": token.expose_secret()});
                    servers.insert(server.as_str().into(), entry);
                    Some(Value::Null)
                })?;
                // An older one in the keyring would come back after a `logout` of the file's.
                let _ = self.keyring.delete(server.as_str());
                Ok(Source::File(self.path.clone()))
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Removes the token for `server` from wherever it is; whether there was one.
    pub fn forget(&self, server: &ServerUrl) -> Result<bool, CredentialError> {
        let in_file = self.edit_file(|servers| servers.shift_remove(server.as_str()))?;
        match self.keyring.delete(server.as_str()) {
            Ok(in_keyring) => Ok(in_file || in_keyring),
            Err(KeyringError::Absent) => Ok(in_file),
            Err(why) => Err(why.into()),
        }
    }

    fn read_file(&self) -> Result<Map<String, Value>, CredentialError> {
        let Some(bytes) = read_private(&self.path)? else {
            return Ok(Map::new());
        };
        serde_json::from_slice(&bytes).map_err(|why| CredentialError::Broken {
            path: self.path.clone(),
            line: why.line(),
        })
    }

    /// Changes the file where `edit` has something to change; whether it had.
    fn edit_file(
        &self,
        edit: impl FnOnce(&mut Map<String, Value>) -> Option<Value>,
    ) -> Result<bool, CredentialError> {
        let _lock = lock_for_edit(&self.path)?;
        let mut servers = self.read_file()?;
        if edit(&mut servers).is_none() {
            return Ok(false);
        }
        let mut text = format!("{:#}", Value::Object(servers));
        text.push('\n');
        write_private(&self.path, text.as_bytes())?;
        Ok(true)
    }
}

fn token_of(servers: &Map<String, Value>, server: &ServerUrl) -> Option<SecretString> {
    let token = servers.get(server.as_str())?.get("token")?.as_str()?;
    Some(SecretString::from(token))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::test_folder::TestFolder;

    enum FakeKeyring {
        Works(RefCell<BTreeMap<String, String>>),
        Fails(KeyringError),
    }

    impl FakeKeyring {
        fn entries(&self) -> Result<&RefCell<BTreeMap<String, String>>, KeyringError> {
            match self {
                Self::Works(entries) => Ok(entries),
                Self::Fails(why) => Err(why.clone()),
            }
        }
    }

    impl Keyring for FakeKeyring {
        fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError> {
            let entries = self.entries()?.borrow();
            Ok(entries.get(account).map(|token| token.clone().into()))
        }

        fn set(&self, account: &str, token: &SecretString) -> Result<(), KeyringError> {
            let token = token.expose_secret().to_owned();
            self.entries()?.borrow_mut().insert(account.into(), token);
            Ok(())
        }

        fn delete(&self, account: &str) -> Result<bool, KeyringError> {
            Ok(self.entries()?.borrow_mut().remove(account).is_some())
        }
    }

    fn credentials(folder: &TestFolder, keyring: FakeKeyring) -> Credentials {
        Credentials {
            path: Home::at(folder.path()).credentials_path(),
            environment: None,
            keyring: Box::new(keyring),
        }
    }

    fn works() -> FakeKeyring {
        FakeKeyring::Works(RefCell::default())
    }

    fn url(text: &str) -> ServerUrl {
        text.parse().unwrap()
    }

    fn found(credentials: &Credentials, server: &str) -> Option<(String, Source)> {
        let found = credentials.lookup(&url(server)).unwrap();
        found.map(|(token, source)| (token.expose_secret().to_owned(), source))
    }

    #[test]
    fn a_token_is_found_for_its_own_server_only() {
        for keyring in [works(), FakeKeyring::Fails(KeyringError::Absent)] {
            let folder = TestFolder::new("own-server");
            let credentials = credentials(&folder, keyring);
            let server = url("http://one:8765");
            let put = credentials.save(&server, &"t1".into(), false).unwrap();
            assert_eq!(
                found(&credentials, "http://ONE:8765/"),
                Some(("t1".into(), put))
            );
            assert_eq!(found(&credentials, "http://two:8765"), None);
            assert!(credentials.forget(&server).unwrap());
            assert!(!credentials.forget(&server).unwrap());
            assert_eq!(found(&credentials, "http://one:8765"), None);
        }
    }

    #[test]
    fn the_environment_wins() {
        let folder = TestFolder::new("environment");
        let mut credentials = credentials(&folder, works());
        let server = url("http://one");
        credentials.save(&server, &"kept".into(), true).unwrap();
        credentials.environment = Some("given".into());
        assert_eq!(
            found(&credentials, "http://one"),
            Some(("given".into(), Source::Environment))
        );
    }

    #[test]
    fn a_token_is_kept_in_one_place_only() {
        let folder = TestFolder::new("one-place");
        let credentials = credentials(&folder, works());
        let server = url("http://one");
        let file = credentials.save(&server, &"a".into(), true).unwrap();
        assert!(matches!(file, Source::File(_)));
        assert_eq!(
            credentials.save(&server, &"b".into(), false).unwrap(),
            Source::Keyring
        );
        assert_eq!(
            found(&credentials, "http://one"),
            Some(("b".into(), Source::Keyring))
        );
        credentials.save(&server, &"c".into(), true).unwrap();
        assert_eq!(
            credentials.keyring.get("http://one").unwrap().map(|_| ()),
            None
        );
    }

    #[test]
    fn a_locked_keyring_is_not_passed_over_in_silence() {
        let folder = TestFolder::new("locked");
        let credentials = credentials(&folder, FakeKeyring::Fails(KeyringError::TimedOut));
        let server = url("http://one");
        let why = credentials.save(&server, &"a".into(), false).unwrap_err();
        assert!(why.to_string().contains("locked"), "{why}");
        assert!(credentials.lookup(&server).is_err());
        assert!(!Home::at(folder.path()).credentials_path().exists());
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let folder = TestFolder::new("broken");
        let credentials = credentials(&folder, works());
        write_private(&credentials.path, b"{\n\"http://one\": canary").unwrap();
        let why = credentials.lookup(&url("http://one")).unwrap_err();
        assert!(why.to_string().contains("line 2"), "{why}");
        assert!(!format!("{why} {why:?}").contains("canary"));
    }
}
