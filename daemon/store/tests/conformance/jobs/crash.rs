//! A killed process loses nothing that it answered for, and leaves nothing half done.

use shared::job::Status;
use store::Store;

use super::{claim_at, complete, job, submit};
use crate::durability::{ANSWERS, killed_midway};
use crate::support::{at, block_on, open};
use store::Config;

#[test]
fn a_killed_process_keeps_each_job_in_the_state_that_it_answered_for() {
    let this_test =
        "jobs::crash::a_killed_process_keeps_each_job_in_the_state_that_it_answered_for";
    let Some((dir, answered)) = killed_midway(this_test, work) else {
        return;
    };
    assert_eq!(answered.len(), ANSWERS);
    block_on(async {
        let store = open(&Config::sqlite(dir.path())).await.unwrap();
        for line in answered {
            let (id, said) = line.split_once(' ').unwrap();
            let found = store.jobs().get(&id.parse().unwrap()).await.unwrap();
            let is_kept = match said {
                "submitted" => true,
                "done" => found.status == Status::Done && found.result.is_some(),
                other => panic!("{other}"),
            };
            assert!(is_kept, "{said}, and now it is {}", found.status);
        }
        // What was claimed and not finished comes back when its lease has ended.
        for status in [Status::Queued, Status::Running, Status::Done] {
            let filter = store::jobs::Filter {
                status: Some(status),
                ..store::jobs::Filter::default()
            };
            for job in store.jobs().list(&filter, 1000).await.unwrap().jobs {
                let attempts = store.jobs().attempts(&job.id).await.unwrap();
                assert_eq!(attempts.len(), usize::from(status != Status::Queued));
            }
        }
        store.close().await;
    });
}

async fn work(store: Store) {
    for _ in 0..10_000 {
        let ids = submit(&store, &[job("echo"), job("echo")]).await;
        println!("stored {} submitted", ids[0].as_str());
        let claimed = claim_at(&store, 1, 1).await;
        complete(&store, &claimed).await;
        println!("stored {} done", claimed[0].job.id.as_str());
        store.jobs().reap(&super::no_wait, at(2)).await.unwrap();
    }
}
