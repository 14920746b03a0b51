//! What the reader must know of the machine: a figure of a queue is first of all one of its disk.

use super::database::{SETTINGS, Server};
use super::graphile::Graphile;
use crate::bench::quantile::quantile_ns;
use crate::bench::trouble::{During, Trouble};
use crate::clock::monotonic_ns;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Writes of which the median and the slowest in a hundred are told.
const SYNCS: usize = 300;
/// What a small commit writes.
const SYNC_BYTES: usize = 8192;

/// The head of the report, name and value.
pub type Facts = Vec<(&'static str, String)>;

/// Processor, disk, versions and settings.
///
/// # Errors
/// When the disk or the database can't be asked.
pub async fn facts(
    server: &Server,
    mcpd: &Path,
    graphile: Option<&Graphile>,
    dir: &Path,
) -> Result<Facts, Trouble> {
    let mut facts = vec![
        ("machine", processor()),
        ("kernel", first_line("/proc/sys/kernel/osrelease")),
        ("disk", disk(dir)?),
        ("PostgreSQL", server.shows("server_version").await?),
    ];
    let mut settings = Vec::new();
    for (name, _) in SETTINGS {
        settings.push(format!("{name} = {}", server.shows(name).await?));
    }
    facts.push(("its settings, the others as they come", settings.join(", ")));
    facts.push(("SQLite", "WAL, synchronous = full".to_owned()));
    facts.push(("mcpd", said_by(mcpd)));
    if let Some(graphile) = graphile {
        facts.push(("graphile-worker", graphile.version()));
        facts.push(("node", said_by(Path::new("node"))));
    }
    Ok(facts)
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    let gib = kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 20;
    format!("{model}, {cores} cores, {gib} GiB")
}

/// How long a small write takes until it is on the disk.
fn disk(dir: &Path) -> Result<String, Trouble> {
    let path = dir.join("sync");
    let mut file = File::create(&path).during(format!("create {}", path.display()))?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begin = monotonic_ns();
        file.write_all(&[0; SYNC_BYTES])
            .and_then(|()| file.sync_data())
            .during("write to the disk")?;
        took.push(monotonic_ns() - begin);
    }
    let _ = fs::remove_file(&path);
    let mut quantile = |q| quantile_ns(&mut took, q).unwrap_or(0) as f64 / 1e6;
    let (p50, p99) = (quantile(0.50), quantile(0.99));
    Ok(format!(
        "8 KiB written and synced in {p50:.2} ms (median), {p99:.2} ms (p99)"
    ))
}

fn said_by(program: &Path) -> String {
    let said = Command::new(program).arg("--version").output();
    let text = said.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
