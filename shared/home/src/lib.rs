//! The user's mcpctl folder: what `mcpctl` and `mcplocal` keep between two runs.
//!
//! ```text
//! ~/.mcpctl/                  0700, moved by MCPCTL_HOME
//!   config.json               contexts, current context, server; providers (mcplocal's)
//!   credentials               access tokens by server, 0600, where no keyring serves
//!   provider-session          mcplocal's sticky session id
//!   mcplocal.sock             mcplocal's control socket
//!   mcplocal.log              its log, where `mcpctl init` started it without a service manager
//!   cache/                    may be deleted at any time
//! ```
//!
//! [`Home`] knows the places, [`private_file`] how to write there, [`config`] and [`credentials`]
//! what stands in the two files that both programs read, [`providers`] the part
//! of `config.json` that mcplocal publishes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub mod config;
pub mod credentials;
mod keyring_store;
pub mod private_file;
pub mod providers;
pub mod server_url;
#[cfg(test)]
mod test_folder;

pub use config::Config;
pub use private_file::{FileError, read_private, write_private};
pub use server_url::ServerUrl;

/// The environment variable that moves the folder.
pub const HOME_VARIABLE: &str = "MCPCTL_HOME";

/// The folder's name below the user's home directory.
const FOLDER: &str = ".mcpctl";

/// Where the folder is. Nothing is read or created by locating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

/// Neither `MCPCTL_HOME` nor `HOME` says where the folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "can't tell where the mcpctl folder is: HOME is not set; set HOME, or MCPCTL_HOME to a folder \
     of your own"
)]
pub struct NoHome;

impl Home {
    /// The folder of this process's user: `MCPCTL_HOME`, else `~/.mcpctl`.
    pub fn locate() -> Result<Self, NoHome> {
        Self::from_variables(std::env::var_os(HOME_VARIABLE), std::env::var_os("HOME"))
    }

    /// A folder at `dir`.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn from_variables(moved: Option<OsString>, home: Option<OsString>) -> Result<Self, NoHome> {
        let given = |value: Option<OsString>| value.filter(|value| !value.is_empty());
        if let Some(dir) = given(moved) {
            return Ok(Self::at(dir));
        }
        let home = given(home).ok_or(NoHome)?;
        Ok(Self::at(Path::new(&home).join(FOLDER)))
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `config.json`.
    pub fn config_path(&self) -> PathBuf {
        self.dir.join("config.json")
    }

    /// `credentials`: access tokens by server.
    pub fn credentials_path(&self) -> PathBuf {
        self.dir.join("credentials")
    }

    /// `provider-session`: mcplocal's sticky session id.
    pub fn provider_session_path(&self) -> PathBuf {
        self.dir.join("provider-session")
    }

    /// `mcplocal.sock`: mcplocal's control socket.
    pub fn socket_path(&self) -> PathBuf {
        self.dir.join(shared::local_control::SOCKET)
    }

    /// `mcplocal.log`: what mcplocal says where no service manager keeps it.
    pub fn local_log_path(&self) -> PathBuf {
        self.dir.join("mcplocal.log")
    }

    /// `history`: what the user typed in the chat.
    pub fn history_path(&self) -> PathBuf {
        self.dir.join("history")
    }

    /// `cache/`: may be deleted at any time.
    pub fn cache_dir(&self) -> PathBuf {
        self.dir.join("cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(moved: Option<&str>, home: Option<&str>) -> Result<Home, NoHome> {
        Home::from_variables(moved.map(Into::into), home.map(Into::into))
    }

    #[test]
    fn mcpctl_home_wins_over_home_and_an_empty_one_counts_as_unset() {
        assert_eq!(located(Some("/m"), Some("/h")), Ok(Home::at("/m")));
        assert_eq!(located(Some(""), Some("/h")), Ok(Home::at("/h/.mcpctl")));
        assert_eq!(located(None, Some("")), Err(NoHome));
        assert!(NoHome.to_string().contains("MCPCTL_HOME"));
    }
}
