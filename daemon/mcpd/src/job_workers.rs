//! The thread that jobs run on: their commits, their clock, and the server's own workers. Apart
//! from the threads that serve, so that neither waits for the other.

use std::io;
use std::path::Path;

use jobs::{Queue, Settings};
use kit::lifecycle::Lifecycle;
use kit::random::{Random, base32};
use shared::job::WorkerId;

/// The file in the data folder that keeps the server's id as a worker.
const ID_FILE: &str = "worker.id";
/// Random bytes of that id.
const ID_BYTES: usize = 10;

/// Starts the thread; it ends with the lifecycle's hard stop.
///
/// Errors: where the system gives no thread or no event queue.
pub(crate) fn start(queue: Queue, settings: Settings, lifecycle: Lifecycle) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new().name("jobs".into());
    thread.spawn(move || runtime.block_on(queue.run(settings, lifecycle)))?;
    Ok(())
}

/// This server's id as a worker, the same in each of its lives.
///
/// Errors: where the file can't be read or written.
pub(crate) fn own_id(data_dir: &Path, random: &dyn Random) -> anyhow::Result<WorkerId> {
    let path = data_dir.join(ID_FILE);
    let kept = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().ok(),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => None,
        Err(other) => return Err(other.into()),
    };
    if let Some(id) = kept {
        return Ok(id);
    }
    let id: WorkerId = format!("mcpd-{}", base32(random, ID_BYTES)).parse()?;
    std::fs::write(&path, format!("{id}\n"))?;
    Ok(id)
}
