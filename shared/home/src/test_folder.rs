//! A folder for one test, removed with it.

use std::path::{Path, PathBuf};

/// Removed, with all that is in it, when dropped.
pub(crate) struct TestFolder(PathBuf);

impl TestFolder {
    /// An empty folder; `name` tells tests of this crate apart.
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("mcpctl-home-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
