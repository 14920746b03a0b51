//! Lets the user's own service manager run mcplocal: systemd on Linux, launchd on macOS.

mod launchd;
mod systemd;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why it could not be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Neither systemd nor launchd runs for this user.
    #[error(
        "no service manager runs for this user ({0}): start `mcplocal run` by other means, such as \
         your container's entry point or your own supervisor"
    )]
    NoManager(&'static str),
    /// A file can't be written or removed.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The service manager refused.
    #[error("`{command}` failed: {why}")]
    Refused {
        /// What was run.
        command: String,
        /// What it said.
        why: String,
    },
    /// A fact about this user or program can't be had.
    #[error("{0}")]
    Unknown(&'static str),
}

/// What to install.
pub struct Wanted {
    /// The program.
    pub program: PathBuf,
    /// The folder, where it is not the usual one.
    pub home: Option<PathBuf>,
    /// Also keep it running while the user is not logged in (systemd).
    pub linger: bool,
}

/// Installs and starts the service; answers sentences for the user.
pub fn install(wanted: &Wanted) -> Result<Vec<String>, InstallError> {
    if cfg!(target_os = "macos") {
        launchd::install(wanted)
    } else {
        systemd::install(wanted)
    }
}

/// Stops and removes the service; answers sentences for the user.
pub fn uninstall() -> Result<Vec<String>, InstallError> {
    if cfg!(target_os = "macos") {
        launchd::uninstall()
    } else {
        systemd::uninstall()
    }
}

/// The user's home directory.
fn user_home() -> Result<PathBuf, InstallError> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    home.map(PathBuf::from)
        .ok_or(InstallError::Unknown("HOME is not set"))
}

fn write(path: &Path, text: &str) -> Result<(), InstallError> {
    let failed = |source| InstallError::File {
        path: path.into(),
        source,
    };
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

/// Removes a file; whether it was there.
fn remove(path: &Path) -> Result<bool, InstallError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(failed) if failed.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(InstallError::File {
            path: path.into(),
            source,
        }),
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), InstallError> {
    let command = format!("{program} {}", arguments.join(" "));
    let refused = |why: String| InstallError::Refused {
        command: command.clone(),
        why,
    };
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|failed| refused(failed.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(refused(said))
}
