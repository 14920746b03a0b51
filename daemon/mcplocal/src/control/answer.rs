//! What the daemon answers at its control socket.

use std::sync::Arc;

use home::Home;
use serde_json::Value;
use shared::local_control::{Reply, Request, Status};
use shared::name::Name;
use shared::timestamp::Timestamp;
use tokio::sync::watch;

use crate::config::{Config, Reloader};
use crate::link::LinkStatus;
use crate::logs::Logs;
use crate::publish::Published;

/// Knows whom to ask. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// When the daemon started.
    pub started_at: Timestamp,
    /// Where the config file is.
    pub home: Home,
    /// What the config file says.
    pub config: watch::Receiver<Arc<Config>>,
    /// Reads it again.
    pub reloader: Reloader,
    /// What is offered.
    pub published: watch::Receiver<Arc<Published>>,
    /// How the link stands.
    pub link: watch::Receiver<LinkStatus>,
    /// The last log lines.
    pub logs: Logs,
}

impl Desk {
    /// Answers anything but [`Request::Logs`], which has more than one answer.
    pub(super) async fn answer(&self, request: Request) -> Reply {
        match request {
            Request::Status => Reply::Status(self.status()),
            Request::Reload => Reply::Done {
                message: self.reloader.reload().await,
            },
            Request::Publish { name } => self.set_publish(name, true).await,
            Request::Unpublish { name } => self.set_publish(name, false).await,
            Request::Logs { .. } => Reply::Error {
                message: "logs are not answered here".into(),
                hint: None,
            },
        }
    }

    fn status(&self) -> Status {
        let (config, link) = (self.config.borrow().clone(), self.link.borrow().clone());
        let mut providers = self.published.borrow().status();
        for conflict in &link.conflicts {
            let mut all = providers.iter_mut();
            if let Some(provider) = all.find(|provider| provider.name == conflict.name) {
                provider.message = Some(conflict.message.clone());
            }
        }
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            started_at: self.started_at,
            config_path: self.home.config_path().display().to_string(),
            server: config.server.as_ref().map(ToString::to_string),
            link: link.shown(),
            providers,
            problems: config.problems.iter().map(ToString::to_string).collect(),
        }
    }

    /// Changes the one field in the file; order and all other fields stay.
    async fn set_publish(&self, name: Name, publish: bool) -> Reply {
        let edited = home::Config::edit(&self.home, |config| {
            let providers = config.root_mut().get_mut("providers");
            let providers = providers.and_then(Value::as_array_mut);
            let mut providers = providers.into_iter().flatten();
            let entry = providers.find(|entry| entry["name"] == name.as_str());
            let fields = entry.and_then(Value::as_object_mut);
            fields.map(|fields| fields.insert("publish".into(), publish.into()))
        });
        let problem = |message: String, hint: Option<String>| Reply::Error { message, hint };
        match edited {
            Err(failed) => problem(failed.to_string(), None),
            Ok(None) => {
                let path = self.home.config_path();
                let message = format!("there is no provider `{name}` in {}", path.display());
                problem(message, self.known_names())
            }
            Ok(Some(before)) => {
                self.reloader.reload().await;
                let state = if publish {
                    "published"
                } else {
                    "not published"
                };
                let message = if before == Some(Value::Bool(publish)) {
                    format!("provider `{name}` unchanged: it is {state}")
                } else {
                    match publish {
                        true => format!("provider `{name}` is published now"),
                        false => format!("provider `{name}` is no longer published"),
                    }
                };
                Reply::Done { message }
            }
        }
    }

    fn known_names(&self) -> Option<String> {
        let config = self.config.borrow();
        let names = config
            .providers
            .iter()
            .map(|provider| provider.name.as_str());
        let names: Vec<_> = names.collect();
        (!names.is_empty()).then(|| format!("one of: {}", names.join(", ")))
    }
}
