//! A server with hundreds of publishers restarts: they come back spread over time, and all of them.
//!
//! The publishers are mcplocal's own code, all of them in the test's process, each with a home of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use home::{Home, write_private};
use kit::clock::SystemClock;
use kit::lifecycle::Lifecycle;
use kit::random::SystemRandom;
use mcplocal::boot::{self, Outside, Running};
use mcplocal::logs::Logs;
use serde_json::json;
use system_tests::cluster::{Ask, Mcpd, Scratch, figures, until};
use tokio::time::{Instant, sleep};

const PUBLISHERS: usize = 500;
/// All are active again within this time of the server's new start.
const BACK: Duration = Duration::from_secs(60);
/// No second may see more of them come back than this share, in percent.
const MOST_PERCENT: usize = 30;
/// How long the server is away.
const AWAY: Duration = Duration::from_secs(4);

struct Crowd {
    mcpd: Mcpd,
    lifecycle: Lifecycle,
    _running: Vec<Running>,
    _homes: Vec<Scratch>,
}

impl Crowd {
    async fn gather() -> Self {
        kit::open_files::raise_limit();
        let mcpd = Mcpd::start(&[]).await;
        let token = mcpd.token("crowd", "alice", &["publisher"]).await;
        let lifecycle = Lifecycle::new();
        let (mut running, mut homes) = (Vec::new(), Vec::new());
        for n in 0..PUBLISHERS {
            let dir = Scratch::new("crowd");
            let home = Home::at(dir.path());
            let server = mcpd.url();
            let credentials = json!({&server: {"token": token}}).to_string();
            write_private(&home.credentials_path(), credentials.as_bytes()).unwrap();
            let provider = json!({"name": format!("demo-{n}"), "type": "demo", "publish": true});
            let config = json!({"server": server, "providers": [provider]}).to_string();
            std::fs::write(home.config_path(), config).unwrap();
            let started = boot::start(Outside {
                lifecycle: lifecycle.clone(),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
                home,
                logs: Logs::default(),
            });
            running.push(started.unwrap());
            homes.push(dir);
        }
        let crowd = Self {
            mcpd,
            lifecycle,
            _running: running,
            _homes: homes,
        };
        crowd.all_come_back().await;
        crowd
    }

    /// Rows that are active now.
    async fn active(&self) -> Result<usize, String> {
        let ask = Ask::get("/api/v1/llms").token(&self.mcpd.admin);
        let answer = ask.try_send(self.mcpd.addr).await;
        let answer = answer.map_err(|error| error.to_string())?.whole().await;
        let text = answer.text();
        Ok(text.matches("\"phase\":\"active\"").count())
    }

    /// Waits until all are active; how many became so in each second. Those that came between two looks came evenly.
    async fn all_come_back(&self) -> BTreeMap<u64, f64> {
        let since = Instant::now();
        let (mut seconds, mut before) = (BTreeMap::new(), 0);
        let mut looked = Duration::ZERO;
        until("all to be active", BACK, async || {
            let active = self.active().await?;
            let now = since.elapsed();
            if active > before {
                spread(&mut seconds, looked, now, active - before);
                before = active;
            }
            looked = now;
            // No busy looking: the server has enough to do.
            sleep(Duration::from_millis(100)).await;
            if active >= PUBLISHERS {
                Ok(())
            } else {
                Err(format!("{active} are"))
            }
        })
        .await;
        seconds
    }

    fn judge(&self, how: &str, seconds: &BTreeMap<u64, f64>) {
        let took = seconds.keys().last().unwrap();
        figures(
            "many_publishers",
            &format!(
                "{PUBLISHERS} publishers, {how}: all active in second {took} after the start; by second: {seconds:.0?}"
            ),
        );
        let most = seconds
            .values()
            .fold(0.0, |most: f64, count| most.max(*count));
        assert!(
            most * 100.0 <= (PUBLISHERS * MOST_PERCENT) as f64,
            "{how}: {most:.0} in one second: {seconds:.0?}"
        );
    }
}

/// Adds `count` to the seconds between `from` and `to`, to each by its share.
fn spread(seconds: &mut BTreeMap<u64, f64>, from: Duration, to: Duration, count: usize) {
    let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
    for second in from as u64..=to as u64 {
        let begins = from.max(second as f64);
        let ends = to.min((second + 1) as f64);
        *seconds.entry(second).or_default() += count as f64 * (ends - begins) / (to - from);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_publishers_come_back_spread_over_time() {
    let mut crowd = Crowd::gather().await;
    crowd.mcpd.process.kill();
    sleep(AWAY).await;
    crowd.mcpd.start_again().await;
    let killed = crowd.all_come_back().await;
    crowd.judge("killed", &killed);

    crowd.mcpd.terminate();
    let status = crowd.mcpd.process.end(Duration::from_secs(40)).await;
    assert!(status.success(), "{status}");
    crowd.mcpd.start_again().await;
    let stopped = crowd.all_come_back().await;
    crowd.judge("asked to stop", &stopped);
    assert!(crowd.lifecycle.shut_down(Duration::from_secs(30)).await);
    crowd.mcpd.at_rest_after(PUBLISHERS).await;
}
