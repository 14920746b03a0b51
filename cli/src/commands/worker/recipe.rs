//! How the command of a job is started: the words, the environment, the streams.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;

use tokio::process::Command;

use super::group::Group;
use crate::client::{ClaimedJob, Client};

/// The variables of ours that a command may need, if it calls `mcpctl` itself.
const KEPT: [&str; 2] = ["MCPCTL_HOME", "MCPCTL_SERVER"];
/// The programs whose variables hold tokens, keys and database passwords.
const OURS: [&str; 3] = ["MCPCTL_", "MCPD_", "MCPLOCAL_"];

/// What is run for each job.
#[derive(Clone, Debug)]
pub(super) enum Recipe {
    /// A line for `sh -c`.
    Shell(OsString),
    /// A program and its arguments.
    Program(OsString, Vec<OsString>),
}

impl Recipe {
    /// The command for `job`, in `group`, with three pipes.
    pub(super) fn command(&self, job: &ClaimedJob, group: &Group, client: &Client) -> Command {
        let mut command = match self {
            Self::Shell(line) => {
                let mut command = Command::new("/bin/sh");
                command.arg("-c").arg(line);
                command
            }
            Self::Program(program, args) => {
                let mut command = Command::new(program);
                command.args(args);
                command
            }
        };
        for (name, value) in std::env::vars_os() {
            if is_ours(&name) || client.has_token_in(&value) {
                command.env_remove(name);
            }
        }
        let labels = serde_json::json!(job.labels).to_string();
        command
            .env("MCPCTL_JOB_ID", job.id.as_str())
            .env("MCPCTL_JOB_KIND", &job.kind)
            .env("MCPCTL_JOB_ATTEMPT", job.attempts.to_string())
            .env("MCPCTL_JOB_MAX_ATTEMPTS", job.max_attempts.to_string())
            .env("MCPCTL_JOB_LABELS", labels);
        if let Some(deadline) = job.deadline_at {
            command.env("MCPCTL_JOB_DEADLINE", deadline.to_string());
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(group.id());
        command
    }
}

fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_kept = KEPT.contains(&&*name);
    !is_kept && OURS.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_the_words_of_another_job_are_not_inherited() {
        for (name, gone) in [
            ("MCPCTL_TOKEN", true),
            ("MCPCTL_JOB_ID", true),
            ("MCPD_DATABASE_URL", true),
            ("MCPCTL_SERVER", false),
            ("MCPCTL_HOME", false),
            ("PATH", false),
        ] {
            assert_eq!(is_ours(OsStr::new(name)), gone, "{name}");
        }
    }
}
