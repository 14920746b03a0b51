//! The first start: a credential for the administrator, kept where only the owner can read it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::auth::Auth;

/// The file's name in the data folder.
const FILE: &str = "admin.token";

/// Makes the first credential where there is none. Answers where its text was written.
pub(crate) async fn ensure_admin(auth: &Auth, data_dir: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !auth.is_empty() {
        return Ok(None);
    }
    let path = data_dir.join(FILE);
    let name = "admin".parse()?;
    auth.create_first(name, |token| write_private(&path, token))
        .await?;
    Ok(Some(path))
}

fn write_private(path: &Path, token: &SecretString) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A new file, so that its mode counts; an old one belongs to a database that is gone.
    let fresh = path.with_extension("token.new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    writeln!(file, "{}", token.expose_secret())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}
