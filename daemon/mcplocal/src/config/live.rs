//! The configuration as it is now, kept up to date.
//!
//! ```text
//! file changed (debounced) ─┐
//! SIGHUP ───────────────────┼─► load ─► usable? ─► the new configuration, to everyone
//! control socket: reload ───┘              └─ no: the old one stays, with the complaint
//! ```

use std::sync::Arc;
use std::time::Duration;

use home::Home;
use kit::lifecycle::Lifecycle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use super::watch::Watch;
use super::{Config, load};

/// Quiet that must follow a change before the file is read: an editor writes in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Reload requests that may wait.
const REQUESTS: usize = 8;
/// The files whose change means something: the configuration, and the credential to the server.
const FILES: &[&str] = &["config.json", "credentials"];

/// The variable that beats the file's `server`.
const SERVER_VARIABLE: &str = "MCPCTL_SERVER";

/// Keeps the configuration up to date. To be run.
pub struct Live {
    home: Home,
    server: Option<String>,
    now: watch::Sender<Arc<Config>>,
    requests: mpsc::Receiver<oneshot::Sender<String>>,
}

/// Asks for a reload. Cheap to clone.
#[derive(Clone)]
pub struct Reloader(mpsc::Sender<oneshot::Sender<String>>);

impl Reloader {
    /// Reads the file again; answers what came of it, for a person.
    pub async fn reload(&self) -> String {
        let (answer, answered) = oneshot::channel();
        let asked = self.0.send(answer).await.is_ok();
        match answered.await {
            Ok(said) if asked => said,
            _ => "mcplocal is stopping".into(),
        }
    }
}

impl Live {
    /// Reads the configuration for the first time.
    pub fn new(home: Home) -> (Self, watch::Receiver<Arc<Config>>, Reloader) {
        let (ask, requests) = mpsc::channel(REQUESTS);
        let server = std::env::var(SERVER_VARIABLE).ok();
        let live = Self {
            home,
            server: server.filter(|server| !server.is_empty()),
            now: watch::Sender::new(Arc::default()),
            requests,
        };
        live.reload();
        let config = live.now.subscribe();
        (live, config, Reloader(ask))
    }

    /// Runs until the soft stop.
    pub async fn run(mut self, lifecycle: Lifecycle) {
        let mut watch = match Watch::start(self.home.dir(), FILES) {
            Ok(watch) => Some(watch),
            Err(failed) => {
                tracing::warn!(%failed, "changes of the configuration are not noticed: use `mcpctl local reload`");
                None
            }
        };
        let mut hangup = signal(SignalKind::hangup()).ok();
        loop {
            let mut answer = None;
            tokio::select! {
                biased;
                () = lifecycle.stopping() => return,
                Some(asker) = self.requests.recv() => answer = Some(asker),
                () = changed(&mut watch) => settle(&mut watch).await,
                Some(()) = hung_up(&mut hangup) => {}
            }
            let said = self.reload();
            if let Some(answer) = answer {
                let _ = answer.send(said);
            }
        }
    }

    /// Reads the file and tells everyone where anything changed.
    fn reload(&self) -> String {
        let path = self.home.config_path();
        let loaded = load(&path, self.server.as_deref());
        let old = self.now.borrow().clone();
        let new = match loaded {
            Ok(config) => config,
            Err(unusable) => Config {
                problems: vec![unusable.into_problem(&path)],
                ..Config::clone(&old)
            },
        };
        for problem in new.problems.iter().filter(|p| !old.problems.contains(p)) {
            tracing::warn!("{problem}");
        }
        let said = describe(&old, &new);
        // Also where nothing changed: a credential may have.
        self.now.send_replace(Arc::new(new));
        tracing::debug!("configuration read: {said}");
        said
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

async fn settle(watch: &mut Option<Watch>) {
    while tokio::time::timeout(DEBOUNCE, changed(watch)).await.is_ok() {}
}

async fn hung_up(signal: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

fn describe(old: &Config, new: &Config) -> String {
    let count = |config: &Config| {
        let published = config.providers.iter().filter(|p| p.publish).count();
        (config.providers.len(), published)
    };
    let ((all, published), problems) = (count(new), new.problems.len());
    let changed = if old == new {
        "nothing changed"
    } else {
        "read anew"
    };
    let problems = match problems {
        0 => String::new(),
        1 => ", 1 problem: see `mcpctl local status`".into(),
        many => format!(", {many} problems: see `mcpctl local status`"),
    };
    format!("{changed}: {all} providers, {published} to publish{problems}")
}

#[cfg(test)]
mod tests {
    use kit::lifecycle::Ends;

    use super::*;

    struct Folder(Home);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("mcplocal-live-{name}-{}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&dir).unwrap();
            Self(Home::at(dir))
        }

        fn write(&self, text: &str) {
            let new = self.0.dir().join("config.json.new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, self.0.config_path()).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.dir());
        }
    }

    const GOOD: &str = r#"{"providers": [{"name": "a", "type": "demo", "publish": true}]}"#;

    #[tokio::test]
    async fn a_file_that_is_renamed_into_place_is_read_without_being_asked() {
        let folder = Folder::new("rename");
        folder.write("{}");
        let (live, mut config, _reloader) = Live::new(folder.0.clone());
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("config", Ends::Alone, live.run(lifecycle.clone()));
        tokio::task::yield_now().await;
        folder.write(GOOD);
        let read = config.wait_for(|config| config.providers.len() == 1);
        let limit = Duration::from_secs(10);
        tokio::time::timeout(limit, read).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_broken_file_keeps_the_last_good_one_and_says_where() {
        let folder = Folder::new("broken");
        folder.write(GOOD);
        let (live, config, reloader) = Live::new(folder.0.clone());
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("config", Ends::Alone, live.run(lifecycle.clone()));
        folder.write("{\n \"providers\": [\n");
        let said = reloader.reload().await;
        assert!(said.contains("1 problem"), "{said}");
        let now = config.borrow().clone();
        assert_eq!(now.providers.len(), 1);
        let problem = now.problems[0].to_string();
        assert!(
            problem.contains("config.json:3: the JSON is broken"),
            "{problem}"
        );
        folder.write(GOOD);
        assert!(!reloader.reload().await.contains("problem"));
    }
}
