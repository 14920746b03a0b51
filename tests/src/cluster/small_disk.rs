//! A disk that is full when a test wants it.

use super::left_out::left_out;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, mounted on a folder; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many MiB on `dir`; `None`, loudly, where this process may not mount.
    #[must_use]
    pub fn mount(dir: &Path, size_mib: u32) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size_mib}m"), "tmpfs"])
            .arg(dir)
            .output();
        match mounted {
            Ok(ran) if ran.status.success() => Some(Self(dir.to_owned())),
            other => {
                let why = format!("this process may not mount a file system: {other:?}");
                left_out("a full disk", &why);
                None
            }
        }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all the room that is left.
    ///
    /// # Panics
    /// When the file that takes it can't be made.
    pub fn fill(&self) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .expect("an empty file takes no room");
        let (mut size, zeros) = (64 * 1024, vec![0; 64 * 1024]);
        while size > 0 {
            if ballast.write_all(&zeros[..size]).is_err() {
                size /= 2;
            }
        }
    }

    /// Gives it back.
    pub fn free(&self) {
        // One that was never filled has no ballast.
        let _ = std::fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What still uses it keeps it until it ends.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
