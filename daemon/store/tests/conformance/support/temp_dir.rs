//! A directory that goes with its owner.

use std::path::{Path, PathBuf};

use kit::random::{SystemRandom, base32};

pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-store-{unique}"));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
