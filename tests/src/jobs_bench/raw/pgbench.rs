//! The same statements by `pgbench`, PostgreSQL's own client: what is between it and the loop over `sqlx` is the driver.

use crate::bench::launch::Running;
use crate::bench::trouble::{During, Trouble};
use crate::jobs_bench::database::{Database, Server};
use std::process::Command;
use std::time::Duration;

/// Threads of the client.
const THREADS: &str = "2";
/// Time it may take beyond its window.
const GRACE: Duration = Duration::from_secs(20);

/// Stores one job.
pub(super) const INSERT: &str = r#"
insert into queue (kind, payload) values ('noop', '{"text":"Say a few words.","n":1}');
"#;
/// Claims one and finishes it, in two commits. (The blank after the colon: it takes `:true` for a variable.)
pub(super) const CLAIM_AND_FINISH: &str = r#"
update queue set status = 'running', attempts = attempts + 1, started_at = now() where id = any (array(select id from queue where status = 'queued' order by id limit 1 for update skip locked)) returning id, payload \gset
update queue set status = 'done', result = '{"ok": true}', ended_at = now() where id = :id;
"#;

/// Scripts per second.
pub(super) async fn run(
    server: &Server,
    database: &Database,
    script: &str,
    clients: usize,
    window: Duration,
) -> Result<f64, Trouble> {
    let scripts = std::env::temp_dir().join(format!("mcpctl-pgbench-{}", std::process::id()));
    std::fs::create_dir_all(&scripts).during("make a folder for a script")?;
    let file = scripts.join("script.sql");
    std::fs::write(&file, script).during("write a script of pgbench")?;
    // It counts whole seconds.
    let seconds = window.as_secs().max(1).to_string();
    let mut command = Command::new(server.bin.join("pgbench"));
    command
        .args(["-n", "-M", "prepared", "-U", "postgres", "-j", THREADS])
        .args(["-c", &clients.to_string(), "-T", &seconds, "-h"])
        .arg(&database.socket_dir)
        .arg("-f")
        .arg(&file)
        .arg(&database.name);
    let said = async {
        Running::start("pgbench", &mut command, &scripts)?
            .finishes(window + GRACE)
            .await
    };
    let said = said.await;
    let _ = std::fs::remove_dir_all(&scripts);
    let said = said?;
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split(' ').next()?.parse().ok());
    tps.ok_or_else(|| Trouble::Unexpected(format!("pgbench said no tps, but {said}")))
}
