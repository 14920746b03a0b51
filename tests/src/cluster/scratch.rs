//! A folder that goes with its owner.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder under the system's temporary one, readable by its owner alone; removed when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one; `what` is part of its name.
    ///
    /// # Panics
    /// When it can't be made.
    #[must_use]
    pub fn new(what: &str) -> Self {
        use std::os::unix::fs::DirBuilderExt;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(format!("mcpctl-{what}-{pid}-{count}"));
        // Of a process with the same id that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&dir);
        if let Err(error) = made {
            panic!("the folder {} can't be made: {error}", dir.display());
        }
        Self(dir)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no reason to fail a test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
