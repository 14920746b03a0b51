//! Files that only their owner may read, replaced as a whole.
//!
//! A reader sees the old file or the new one, never half of either, also after a crash: the bytes
//! go to a temporary file beside it, are synced, and take the name in one rename.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The largest file that is read: all of ours are far smaller.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What failed, and on which file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be written.
    #[error("can't write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read what is secret.
    #[error("{} can be read by other users; run `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// Larger than anything that we write.
    #[error("{} is larger than 4 MiB: it is not a file of mcpctl", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Read {
            path: path.into(),
            source,
        }
    }

    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Write {
            path: path.into(),
            source,
        }
    }
}

/// Reads a file that holds a secret; `None` where there is no such file.
///
/// Errors: [`FileError::Exposed`] where group or others have any right to it.
pub fn read_private(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let Some(file) = open(path)? else {
        return Ok(None);
    };
    let meta = file.metadata().map_err(FileError::read(path))?;
    if meta.mode() & 0o077 != 0 {
        return Err(FileError::Exposed { path: path.into() });
    }
    read_all(file, path).map(Some)
}

/// Reads a file without a look at its rights; `None` where there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    open(path)?.map(|file| read_all(file, path)).transpose()
}

fn open(path: &Path) -> Result<Option<File>, FileError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(FileError::read(path)(why)),
    }
}

fn read_all(file: File, path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let mut bounded = file.take(MAX_FILE_BYTES + 1);
    bounded
        .read_to_end(&mut bytes)
        .map_err(FileError::read(path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { path: path.into() });
    }
    Ok(bytes)
}

/// Replaces the file at `path` with `bytes`, mode 0600; creates its folder, mode 0700.
///
/// A symbolic link stays one: the file that it points to is replaced.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    replace(&target, bytes).map_err(FileError::write(path))
}

/// Creates a folder that only its owner may enter. One that is there stays as it is.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    create_private_dir(dir)?;
    let temporary = temporary_beside(target);
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        // The error that led here says more than a failed clean-up would.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    File::open(dir)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    // A umask may take rights away from the mode above; it never adds any.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name that no other process and no other call of this process uses.
fn temporary_beside(target: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.{count}.tmp", std::process::id()));
    target.with_file_name(name)
}

/// Held while a file is read, changed and written back, so that two programs don't undo each
/// other's change. Released on drop.
#[derive(Debug)]
pub struct EditLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Waits for the right to change `path`.
///
/// The lock is a file of its own (`<name>.lock`), since the file itself changes its inode with
/// each write.
pub fn lock_for_edit(path: &Path) -> Result<EditLock, FileError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".lock");
    let lock = path.with_file_name(name);
    let open = || {
        if let Some(dir) = lock.parent() {
            create_private_dir(dir)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock)?;
        file.lock()?;
        Ok(EditLock(file))
    };
    open().map_err(FileError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_written_file_and_its_folder_are_private_and_nothing_is_left_behind() {
        let folder = TestFolder::new("private");
        let path = folder.path().join("home/credentials");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(read_private(&path).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_exposed_file_is_refused_with_the_command_that_mends_it() {
        let folder = TestFolder::new("exposed");
        let path = folder.path().join("credentials");
        write_private(&path, b"x").unwrap();
        for wrong in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wrong)).unwrap();
            let why = read_private(&path).unwrap_err().to_string();
            assert!(why.contains("chmod 600"), "{why}");
        }
        assert!(read(&path).unwrap().is_some());
    }

    #[test]
    fn a_missing_file_is_none_and_an_unreadable_one_names_its_path() {
        let folder = TestFolder::new("missing");
        assert!(read_private(&folder.path().join("no")).unwrap().is_none());
        let why = read(folder.path()).unwrap_err();
        assert!(
            why.to_string()
                .contains(folder.path().to_str().unwrap_or("?"))
        );
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = TestFolder::new("link");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_private(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn edits_of_many_threads_lose_nothing() {
        let folder = TestFolder::new("lock");
        let path = folder.path().join("count");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _lock = lock_for_edit(&path).unwrap();
                    let old = read(&path).unwrap().unwrap_or_default();
                    write_private(&path, &[old, vec![b'x']].concat()).unwrap();
                });
            }
        });
        assert_eq!(fs::read(&path).unwrap().len(), 8);
    }
}
