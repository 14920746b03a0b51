//! A publisher that is idle costs the database nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};
use system_tests::cluster::stage::{Stage, VIRTUAL};
use system_tests::cluster::until;
use system_tests::mock::Settings;

/// Every file of the data but logs: name, size, time of the last write.
fn data(dir: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let files = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let described = files.filter_map(|file| {
        let name = file.file_name().into_string().unwrap();
        let about = file.metadata().unwrap();
        let is_log = name.ends_with(".log");
        (!is_log).then(|| (name, (about.len(), about.modified().unwrap())))
    });
    described.collect()
}

#[tokio::test]
async fn heartbeats_write_nothing() {
    let settings = [("MCPD_PING_INTERVAL", "500ms")];
    let stage = Stage::with(&settings, serde_json::json!({}), Settings::default()).await;
    let dir = stage.mcpd.data_dir();
    let heard = async || {
        let row = stage.mcpd.row(VIRTUAL).await.unwrap();
        row["status"]["lastHeartbeatAt"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // What the start still has to write is written when the files have rested a while.
    let rested = Duration::from_secs(4);
    let before = until("the data to rest", Duration::from_secs(30), async || {
        let before = data(dir);
        tokio::time::sleep(rested).await;
        let after = data(dir);
        if before == after {
            return Ok(after);
        }
        Err(format!("{after:?}"))
    })
    .await;
    assert!(before.keys().any(|name| name.contains("wal")), "{before:?}");
    let mut beats = std::collections::BTreeSet::new();
    until("ten heartbeats", Duration::from_secs(20), async || {
        beats.insert(heard().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
        if beats.len() > 10 {
            return Ok(());
        }
        Err(format!("{beats:?}"))
    })
    .await;
    assert_eq!(data(dir), before);
    assert_eq!(stage.mcpd.phase(VIRTUAL).await, "active");
    stage.at_rest().await;
}
