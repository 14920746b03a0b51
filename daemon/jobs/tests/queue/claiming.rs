//! Submits and claims at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::job::{Claim, Complete, JobId};
use tokio::task::JoinSet;

use crate::world::{ALICE, PATIENCE, World, own};

fn claim(limit: u32) -> Claim {
    Claim {
        worker_id: "w".parse().unwrap(),
        kinds: vec!["own".into()],
        lease_seconds: 60,
        limit,
        wait_s: 10,
    }
}

#[tokio::test]
async fn a_claim_that_waits_is_woken_by_a_submit() {
    let world = World::new(0).await;
    let (queue, asked) = (world.queue.clone(), claim(1));
    let waiting = queue.claim(&asked, "bob");
    let submit = async {
        tokio::task::yield_now().await;
        world.submit(vec![own(1)]).await
    };
    let both = async { tokio::join!(waiting, submit) };
    let began = tokio::time::Instant::now();
    let (claimed, ids) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(claimed.unwrap()[0].job.id, ids[0]);
    assert!(began.elapsed() < PATIENCE / 2);
    world.stop().await;
}

#[tokio::test]
async fn many_who_submit_and_claim_at_once_lose_nothing_and_share_nothing() {
    let world = Arc::new(World::new(0).await);
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let world = world.clone();
        tasks.spawn(async move {
            let accepted = world.queue.submit(vec![own(n)], ALICE, None).await.unwrap();
            (accepted.ids, Vec::new())
        });
    }
    for _ in 0..8 {
        let world = world.clone();
        tasks.spawn(async move {
            let mut done = Vec::new();
            while done.len() < 25 {
                let jobs = world.queue.claim(&claim(5), "bob").await.unwrap();
                let results = jobs.into_iter().map(|claimed| Complete {
                    job_id: claimed.job.id,
                    lease_token: claimed.lease_token,
                    result: claimed.job.payload,
                    metrics: None,
                });
                let answers = world
                    .queue
                    .complete(results.collect(), "bob")
                    .await
                    .unwrap();
                assert!(answers.iter().all(|answer| answer.ok));
                done.extend(answers.into_iter().map(|answer| answer.job_id));
            }
            (Vec::new(), done)
        });
    }
    let (mut submitted, mut done): (BTreeSet<JobId>, BTreeSet<JobId>) = Default::default();
    let mut count = 0;
    let all = async {
        while let Some(task) = tasks.join_next().await {
            let (ids, finished) = task.unwrap();
            count += finished.len();
            submitted.extend(ids);
            done.extend(finished);
            // The last of eight may have less than its share left for it.
            if done.len() == 200 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap();
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    assert_eq!((submitted.len(), done.len(), count), (200, 200, 200));
    assert_eq!(submitted, done);
    Arc::into_inner(world).unwrap().stop().await;
}
