//! What to try when a file of our own folder can't be used.

use home::config::ConfigError;
use home::credentials::CredentialError;
use home::{FileError, NoHome};

use crate::exit_code::Exit;
use crate::failure::Failure;

impl From<NoHome> for Failure {
    fn from(_: NoHome) -> Self {
        Self::failed("can't tell where your settings are: HOME is not set")
            .cause("neither MCPCTL_HOME nor HOME names a folder")
            .hint("export HOME, or MCPCTL_HOME=/a/folder/of/your/own")
    }
}

impl From<ConfigError> for Failure {
    fn from(why: ConfigError) -> Self {
        let failure = Self::failed("the configuration can't be used").caused_by(&why);
        match &why {
            ConfigError::File(file) => failure.hint(hint(file)),
            ConfigError::Invalid { path, .. } => failure.hint(format!(
                "mend {}, or move it away; `mcpctl help config` shows its form",
                path.display()
            )),
        }
    }
}

impl From<CredentialError> for Failure {
    fn from(why: CredentialError) -> Self {
        let failure =
            Self::new(Exit::Auth, "the stored access token can't be used").caused_by(&why);
        match &why {
            CredentialError::File(file) => failure.hint(hint(file)),
            CredentialError::Broken { .. } => failure.hint("mcpctl login URL"),
            CredentialError::Keyring(_) => {
                failure.hint("unlock the keyring, or set MCPCTL_TOKEN for this once")
            }
        }
    }
}

/// What to try with a file that failed.
pub(crate) fn hint(file: &FileError) -> String {
    match file {
        FileError::Read { .. } | FileError::Write { .. } => {
            "look at the rights of the folder, or set MCPCTL_HOME to one of your own".into()
        }
        FileError::Exposed { path } => format!("chmod 600 {}", path.display()),
        FileError::TooLarge { .. } => {
            "move it away; `mcpctl help config` tells what belongs there".into()
        }
    }
}
