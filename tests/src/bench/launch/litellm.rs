//! LiteLLM's proxy in front of the mock, set up as its documentation advises for production: a worker per core, no
//! debug output, no database.

use super::{Running, free_address};
use crate::bench::client::Target;
use crate::bench::control::{self, Seen, wait_for};
use crate::bench::trouble::{During, Trouble};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The access key of its proxy; nothing but the bench ever sees it.
const KEY: &str = "sk-bench";
/// The name under which it offers the mock.
pub const MODEL: &str = "bench";
/// Longest it may take to answer: it reads a lot of Python first.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// A running LiteLLM proxy.
#[derive(Debug)]
pub struct Litellm {
    /// The parent of its workers.
    pub running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Litellm {
    /// Starts `program` in the folder `dir`, in front of `upstream`, and waits until every worker has answered.
    ///
    /// # Errors
    /// When it does not answer within a minute and a half.
    pub async fn start(program: &Path, dir: &Path, upstream: SocketAddr) -> Result<Self, Trouble> {
        let addr = free_address()?;
        let file = dir.join("config.yaml");
        fs::write(&file, configuration(upstream)).during(format!("write {}", file.display()))?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(&file)
            .args(["--host", "127.0.0.1", "--port", &addr.port().to_string()])
            .args(["--num_workers", &workers.to_string()])
            .env("HOME", dir)
            .env("LITELLM_MODE", "PRODUCTION")
            .env("LITELLM_LOG", "ERROR")
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .current_dir(dir);
        let mut running = Running::start("litellm", &mut command, dir)?;
        let up = Self::answers(addr).await;
        running.check()?;
        match up {
            Ok(()) => Ok(Self { running, addr }),
            Err(trouble) => Err(Trouble::Unexpected(format!(
                "{}; its log: {}",
                trouble.chain(),
                running.log_tail()
            ))),
        }
    }

    /// Where its chat completions are.
    #[must_use]
    pub fn chat(addr: SocketAddr) -> Target {
        Target::post(addr, "/v1/chat/completions", Some(KEY))
    }

    async fn answers(addr: SocketAddr) -> Result<(), Trouble> {
        let target = Self::chat(addr);
        let body = format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Ready?"}}],"mock":{{"tokens":1}}}}"#
        );
        let what = "LiteLLM's proxy to answer";
        wait_for(what, READY_LIMIT, Duration::from_millis(250), || async {
            Ok(match control::call(&target, &body).await {
                Ok((200, _)) => Seen::Done(()),
                Ok((status, answer)) => Seen::NotYet(format!("{status} {answer}")),
                Err(trouble) => Seen::NotYet(trouble.chain()),
            })
        })
        .await
    }
}

fn configuration(upstream: SocketAddr) -> String {
    format!(
        "model_list:
  - model_name: {MODEL}
    litellm_params:
      model: openai/mock
      api_base: http://{upstream}/v1
      api_key: none
general_settings:
  master_key: {KEY}
litellm_settings:
  set_verbose: false
  json_logs: false
  telemetry: false
"
    )
}
