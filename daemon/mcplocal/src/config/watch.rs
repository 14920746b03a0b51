//! Notices that a file in the mcpctl folder changed.
//!
//! The folder is watched, not the file: editors write a new file and rename it over the old one.

use std::path::Path;

use notify::{EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// A running watch. Ends when dropped.
pub(super) struct Watch {
    changed: mpsc::Receiver<()>,
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Watches `dir` for changes of the files called one of `names`.
    ///
    /// Errors: the system's, such as too many watches; then only SIGHUP and `reload` remain.
    pub(super) fn start(dir: &Path, names: &'static [&'static str]) -> notify::Result<Self> {
        // One place: a change that is already announced need not be announced again.
        let (announce, changed) = mpsc::channel(1);
        let on_event = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let concerns = |path: &std::path::PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| names.contains(&name))
            };
            let reads = matches!(event.kind, EventKind::Access(_));
            if !reads && event.paths.iter().any(concerns) {
                let _ = announce.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(on_event)?;
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Resolves at the next change.
    pub(super) async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
