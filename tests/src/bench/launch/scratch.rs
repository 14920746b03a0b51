//! A folder for configurations, data and logs of one run.

use crate::bench::trouble::{During, Trouble};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder under the system's temporary one, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Creates it, named by this process's id.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create() -> Result<Self, Trouble> {
        let root = std::env::temp_dir().join(format!("mcpctl-bench-{}", std::process::id()));
        fs::create_dir_all(&root).during(format!("create {}", root.display()))?;
        Ok(Self { root })
    }

    /// A folder in it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn dir(&self, name: &str) -> Result<PathBuf, Trouble> {
        let dir = self.root.join(name);
        fs::create_dir_all(&dir).during(format!("create {}", dir.display()))?;
        Ok(dir)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no reason to fail a run.
        let _ = fs::remove_dir_all(&self.root);
    }
}
