//! A minute's part of the long run, so that it is known to work: see `tests/endure.sh`.

use std::time::Duration;
use system_tests::cluster::figures;
use system_tests::endure::{Options, run};

#[tokio::test]
async fn what_goes_wrong_under_load_loses_and_leaks_nothing() {
    let report = run(Options {
        seed: 152,
        lasts: Duration::from_secs(20),
    })
    .await;
    figures("endurance", &report.to_string());
    assert_eq!(report.wrong(), [""; 0]);
    assert!(!report.faults.0.is_empty() && report.jobs["done"] > 0);
    assert!(report.plot().ends_with("</svg>\n"));
}
