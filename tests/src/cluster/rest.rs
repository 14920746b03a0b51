//! What is left once everybody has gone: nothing.

use super::caller::Ask;
use super::mcpd::Mcpd;
use super::mcplocal::Mcplocal;
use super::process::OpenFiles;
use super::stage::Stage;
use super::wait::{until, when};
use std::time::Duration;

/// Longest that work may go on after its caller has gone.
const REST_LIMIT: Duration = Duration::from_secs(15);
/// What a program may have open more than when it had just begun: its pools' connections, and those of a database. Beside
/// them two for each request of a burst: a kept one to the provider, and one that brought an answer.
const MORE_FILES: OpenFiles = OpenFiles {
    sockets: 32,
    others: 8,
};
/// Connections and tasks that may be left while nothing goes on: channels, and what callers and publishers keep. One more
/// for each request of a burst.
const IDLE: usize = 24;
/// Memory that it may hold more, in KiB: what an allocator and an unoptimised build keep of a thousand connections.
const MORE_KIB: u64 = 32 * 1024;
/// The same for each connection of a burst, in KiB.
const EACH_KIB: u64 = 64;

/// Gauges that say what goes on now.
const BUSY: [&str; 4] = [
    "mcpd_in_flight{",
    "mcpd_queue_depth{",
    "mcpd_relay_tasks ",
    "mcpd_jobs{",
];

impl Mcpd {
    /// Waits until nothing goes on any more, and looks that nothing was left behind: no request, no task, no
    /// connection, no descriptor, no memory; and that nothing it shows holds a secret.
    ///
    /// # Panics
    /// When something is left, with what it is.
    pub async fn at_rest(&self) {
        self.at_rest_after(0).await;
    }

    /// The same after a burst of so many requests at once, whose connections are kept for a while.
    ///
    /// # Panics
    /// As [`Mcpd::at_rest`].
    pub async fn at_rest_after(&self, burst: usize) {
        until("the server to be at rest", REST_LIMIT, async || {
            let ask = Ask::get("/metrics").token(&self.admin);
            let answer = ask
                .try_send(self.addr)
                .await
                .map_err(|why| why.to_string())?;
            let metrics = answer.whole().await.text();
            let busy: Vec<_> = metrics.lines().filter(|line| is_busy(line)).collect();
            when(busy.is_empty(), &busy)?;
            let running = running(&metrics);
            when(
                running <= IDLE + burst,
                format!("{running} connections and tasks"),
            )
        })
        .await;
        let more_kib = MORE_KIB + EACH_KIB * burst as u64;
        let left = async || self.process.left_nothing(after(burst), more_kib);
        until("the server to have left nothing", REST_LIMIT, left).await;
        self.shows_no_secret().await;
    }

    /// Its connections and tasks, but for the one that asks.
    pub async fn running(&self) -> usize {
        running(&self.admin(Ask::get("/metrics")).await.text())
    }
}

impl Mcplocal {
    /// Waits until it serves nobody, and looks that nothing was left behind.
    ///
    /// # Panics
    /// When something is left, with what it is.
    pub async fn at_rest(&self) {
        self.at_rest_after(0).await;
    }

    /// The same after a burst of so many requests at once, whose connections are kept for a while.
    ///
    /// # Panics
    /// As [`Mcplocal::at_rest`].
    pub async fn at_rest_after(&self, burst: usize) {
        until("the publisher to be at rest", REST_LIMIT, async || {
            let status = self.status().await.map_err(|why| why.to_string())?;
            let idle = status
                .providers
                .iter()
                .all(|provider| provider.in_flight == 0);
            when(idle, &status.providers)
        })
        .await;
        let more_kib = MORE_KIB + EACH_KIB * burst as u64;
        let left = async || self.process.left_nothing(after(burst), more_kib);
        until("the publisher to have left nothing", REST_LIMIT, left).await;
    }
}

impl Stage {
    /// Waits until server, publisher and provider are idle, and looks that nothing was left behind.
    ///
    /// # Panics
    /// When something is left, with what it is.
    pub async fn at_rest(&self) {
        self.at_rest_after(0).await;
    }

    /// The same after a burst of so many requests at once, whose connections are kept for a while.
    ///
    /// # Panics
    /// As [`Stage::at_rest`].
    pub async fn at_rest_after(&self, burst: usize) {
        self.serving(0).await;
        self.mcpd.at_rest_after(burst).await;
        self.local.at_rest_after(burst).await;
    }
}

fn after(burst: usize) -> OpenFiles {
    OpenFiles {
        sockets: MORE_FILES.sockets + 2 * burst,
        ..MORE_FILES
    }
}

/// Whether the line of metrics says that something goes on. Jobs that wait are no work.
fn is_busy(line: &str) -> bool {
    let is_gauge = BUSY.iter().any(|name| line.starts_with(name));
    let waits = line.starts_with("mcpd_jobs{") && !line.contains("status=\"running\"");
    is_gauge && !waits && !line.ends_with(" 0")
}

/// Connections and tasks, but for the one that asks.
fn running(metrics: &str) -> usize {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("mcpd_running "));
    let count = line.and_then(|count| count.parse::<usize>().ok());
    count
        .expect("the server tells how much it runs")
        .saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{is_busy, running};

    #[test]
    fn work_is_seen_and_what_waits_is_none() {
        assert!(is_busy("mcpd_in_flight{llm=\"a\"} 2"));
        assert!(is_busy("mcpd_relay_tasks 1"));
        assert!(is_busy("mcpd_jobs{kind=\"llm.chat\",status=\"running\"} 1"));
        assert!(!is_busy("mcpd_jobs{kind=\"llm.chat\",status=\"queued\"} 9"));
        assert!(!is_busy("mcpd_in_flight{llm=\"a\"} 0"));
        assert!(!is_busy("mcpd_llms 3"));
        assert_eq!(running("# HELP\nmcpd_running 3\n"), 2);
    }
}
