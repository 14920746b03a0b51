//! The master key: 32 bytes in a file that only its owner may read.
//!
//! It never seals anything itself; `seal.rs` derives a key per purpose from it. Without it the
//! stored secrets are lost, so a backup of the database needs one of this file, kept apart.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::random::{Random, base32};
use zeroize::Zeroizing;

use crate::error::StoreError;

/// The key file in the data directory, where none is given.
pub const FILE_NAME: &str = "master.key";
/// The length of a key, in bytes.
const KEY_BYTES: usize = 32;
/// A key file is 45 bytes long; more than this is not read.
const MAX_FILE_BYTES: u64 = 1024;

/// Where the master key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// Given by the operator: it must be there.
    Given(PathBuf),
    /// The server's own: made on the first start, while nothing has been sealed yet.
    Own(PathBuf),
}

impl KeyFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Given(path) | Self::Own(path) => path,
        }
    }
}

/// The key that all others are derived from. Wiped from memory when dropped.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A key from elsewhere.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        random.fill(key.as_mut_slice());
        Self(key)
    }

    /// Reads the key in `path`: 32 bytes in base64.
    ///
    /// Shape: `None` where there is no such file.
    /// Errors: [`StoreError::BadKeyFile`] where others may read it, or it holds something else.
    pub fn find(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(bad(path, "it can't be opened", error)),
        };
        // Asked of the open file, so that it is the one that is read.
        let found = file
            .metadata()
            .map_err(|error| bad(path, "it can't be looked at", error))?;
        if !found.is_file() {
            return Err(bad(path, "it is no file", None));
        }
        if found.mode() & 0o077 != 0 {
            let path_text = path.display();
            let why = format!("others may read it: run `chmod 600 {path_text}`");
            return Err(bad(path, why, None));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_FILE_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| bad(path, "it can't be read", error))?;
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let key = bytes
            .ok()
            .and_then(|bytes| bytes.as_slice().try_into().ok());
        match key {
            Some(key) => Ok(Some(Self::from_bytes(key))),
            None => Err(bad(path, "it does not hold 32 bytes in base64", None)),
        }
    }

    /// Writes the key to `path`, readable by its owner alone, and waits until it is on disk.
    ///
    /// Shape: answers `false` where the file is there already; that one is not touched.
    pub fn create(&self, path: &Path, random: &dyn Random) -> Result<bool, StoreError> {
        let failed = |error| bad(path, "it can't be created", error);
        let text = Zeroizing::new(STANDARD.encode(self.0.as_slice()) + "\n");
        // Written beside and then linked: nobody ever reads half a key, and a key that is there
        // is never replaced.
        let beside = path.with_extension(format!("new-{}", base32(random, 5)));
        let written = write_new(&beside, text.as_bytes());
        let linked = written.and_then(|()| fs::hard_link(&beside, path));
        // Nothing depends on the left-over; a second start doesn't look at it.
        let _ = fs::remove_file(&beside);
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            File::open(dir)
                .and_then(|dir| dir.sync_all())
                .map_err(failed)?;
        }
        Ok(true)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }
}

fn write_new(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn bad(
    path: &Path,
    why: impl Into<String>,
    source: impl Into<Option<std::io::Error>>,
) -> StoreError {
    StoreError::BadKeyFile {
        path: path.into(),
        why: why.into(),
        source: source.into(),
    }
}
