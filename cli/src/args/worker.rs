//! `worker`.

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgGroup, Args};
use shared::job::MAX_LEASE_SECONDS;

use crate::args::{Meant, TimeoutFlag};

/// Run jobs with a command of your own
///
/// Claims jobs of these kinds and runs the command once for each. The payload comes on its stdin as JSON; what it
/// prints is the result: JSON as it is, anything else as a text, 4 MiB at most.
///
/// A line on its stderr such as `progress 3/10 pages`, `progress 40% reading` or `{"done": 3, "total": 10}` is the
/// job's progress; other lines pass through, and the last 20 become part of the error when it fails.
///
/// Exit code 0 is a result. 64, 65 and 78 (wrong use, bad data, wrong configuration) end the job as an error; any other
/// code, and a signal, is tried again while the job has attempts left.
///
/// The command finds MCPCTL_JOB_ID, MCPCTL_JOB_KIND, MCPCTL_JOB_ATTEMPT, MCPCTL_JOB_MAX_ATTEMPTS, MCPCTL_JOB_LABELS
/// (JSON) and MCPCTL_JOB_DEADLINE in its environment, and no access token. It runs in a process group of its own; what
/// it leaves behind in there ends with it, and also when the worker is killed. A process that leaves the group
/// (`setsid`) is on its own.
///
/// Ctrl-C or SIGTERM: no more jobs, those that run are finished, exit code 0. Once more: the commands are stopped, their
/// jobs are queued again, 130 or 143. A third time: without grace.
#[derive(Args, Clone, Debug)]
#[command(
    group = ArgGroup::new("what").required(true).args(["exec", "command"]),
    after_help = "\
Examples:
  mcpctl worker --kinds thumbnails --exec 'python3 thumbnail.py --size 256'
  mcpctl worker --kinds ocr,pdf --concurrency 4 --timeout 10m -- ./convert --fast
  mcpctl worker --kinds nightly --drain --exec ./nightly.sh -o json
  mcpctl worker --kinds echo --once --exec cat"
)]
pub(crate) struct Worker {
    /// What it can do, commas between
    #[arg(long, value_name = "KIND", value_delimiter = ',', required = true)]
    pub(crate) kinds: Vec<String>,
    /// The command, as a line for `sh -c`
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<OsString>,
    /// The command and its arguments, without a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    /// What people see it as; default: host and process id
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A word about this worker, for people; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// How many jobs run at once
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=128))]
    pub(crate) concurrency: u16,
    /// How long the server waits for a sign of life before another worker may have the job
    ///
    /// A sign is given three times as often, and each 10 seconds at least: that is also when a worker hears that a job
    /// was canceled.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = lease)]
    pub(crate) lease: Duration,
    /// How long a job may run, such as 10m; here the job's, not a call's
    #[arg(long, value_name = "TIME", value_parser = own_timeout)]
    pub(crate) timeout: Option<TimeoutFlag>,
    /// How long a command that is to end may take for it before it is killed
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::duration::parse)]
    pub(crate) grace: Duration,
    /// End after one job, or when none is there: 0 where it is done, 1 where not
    #[arg(long, conflicts_with_all = ["drain", "concurrency"])]
    pub(crate) once: bool,
    /// End when nothing is queued: 1 where a job ended as an error
    #[arg(long)]
    pub(crate) drain: bool,
}

fn own_timeout(text: &str) -> Result<TimeoutFlag, String> {
    crate::duration::parse(text).map(Meant::Own)
}

/// A lease is told in whole seconds.
fn lease(text: &str) -> Result<Duration, String> {
    let lease = crate::duration::parse(text)?;
    let seconds = lease.as_secs();
    if lease.subsec_nanos() != 0 || !(2..=MAX_LEASE_SECONDS).contains(&seconds) {
        return Err("a lease has whole seconds, from 2s to 24h".into());
    }
    Ok(lease)
}
