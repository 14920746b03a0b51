//! Random operations against a model in memory: what the store says is what the model says.

use std::collections::BTreeMap;

use kit::random::{Random, SeededRandom};
use shared::job::status::{Change, Next, Then, after_failure, step};
use shared::job::{Claimed, JobId, Status};
use store::jobs::{CancelOutcome, Finished};

use super::{claim_kinds, fail, lease, no_wait, result_of, submit_one, waiting_for};
use crate::support::{Db, at};

on_both!(random_operations_leave_what_the_model_expects);

const STEPS: u64 = 400;
const NAMES: [&str; 3] = ["", "home", "gpt"];

struct Modelled {
    status: Status,
    priority: i32,
    age: usize,
    name: &'static str,
    attempts: u32,
    max_attempts: u32,
    cancel: bool,
    lease: Option<Claimed>,
}

type Model = BTreeMap<JobId, Modelled>;

async fn random_operations_leave_what_the_model_expects(db: Db) {
    for seed in 1..=3 {
        let random = SeededRandom::new(seed);
        let mut model = Model::new();
        let mut stale: Vec<Claimed> = Vec::new();
        for _ in 0..STEPS {
            one_step(&db, &random, &mut model, &mut stale)
                .await
                .unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        }
        compare(&db, &model).await;
        // The next seed begins with an empty queue.
        for id in model.keys() {
            db.jobs().cancel(id, at(3)).await.unwrap();
        }
        db.tamper("update jobs set lease_until = 0 where status = 'running'")
            .await;
        db.jobs().reap(&no_wait, at(3)).await.unwrap();
    }
}

fn pick(random: &SeededRandom, below: usize) -> usize {
    (random.unit() * below as f64) as usize
}

async fn one_step(
    db: &Db,
    random: &SeededRandom,
    model: &mut Model,
    stale: &mut Vec<Claimed>,
) -> Result<(), String> {
    let running: Vec<JobId> = with_status(model, |status| status == Status::Running);
    let any: Vec<JobId> = with_status(model, |_| true);
    match pick(random, 12) {
        0..=2 => {
            let name = NAMES[pick(random, NAMES.len())];
            let mut new = waiting_for("echo", name);
            new.submit.priority = i32::try_from(pick(random, 3)).unwrap();
            new.submit.max_attempts = 1 + u32::try_from(pick(random, 3)).unwrap();
            let modelled = Modelled {
                status: Status::Queued,
                priority: new.submit.priority,
                age: model.len(),
                name,
                attempts: 0,
                max_attempts: new.submit.max_attempts,
                cancel: false,
                lease: None,
            };
            model.insert(submit_one(db, new).await, modelled);
        }
        3..=5 => claim_some(db, random, model).await?,
        6 if !running.is_empty() => {
            let id = &running[pick(random, running.len())];
            let held = model[id].lease.clone().unwrap();
            let done = db
                .jobs()
                .complete(&[result_of(&held)], at(2))
                .await
                .unwrap();
            expect(done[0], apply(model, id, Change::Completed))?;
            stale.push(held);
        }
        7 if !running.is_empty() => {
            let id = &running[pick(random, running.len())];
            let held = model[id].lease.clone().unwrap();
            let retryable = pick(random, 4) > 0;
            let then = then(&model[id], retryable);
            expect(
                fail(db, &held, retryable).await,
                apply(model, id, Change::Failed(then)),
            )?;
            stale.push(held);
        }
        8 if !running.is_empty() => {
            let id = &running[pick(random, running.len())];
            let held = model[id].lease.clone().unwrap();
            let parked = db.jobs().park(&[lease(&held)], at(2)).await.unwrap();
            let change = match model[id].cancel {
                true => Change::Failed(Then::Cancel),
                false => Change::Parked,
            };
            expect(parked[0], apply(model, id, change))?;
            stale.push(held);
        }
        9 if !any.is_empty() => {
            let id = &any[pick(random, any.len())];
            let said = db.jobs().cancel(id, at(2)).await.unwrap();
            let expected = match apply(model, id, Change::CancelAsked) {
                Next::Become(_) => CancelOutcome::Canceled,
                Next::AskWorker => CancelOutcome::Asked,
                Next::Refused => CancelOutcome::Ended(model[id].status),
            };
            same("cancel", &said, &expected)?;
        }
        10 if !any.is_empty() => {
            let id = &any[pick(random, any.len())];
            let is_done = db.jobs().retry(id, at(2)).await.is_ok();
            let expected = apply(model, id, Change::Retried);
            same("retry", &is_done, &(expected != Next::Refused))?;
        }
        11 => {
            if let Some(old) = stale.pop() {
                let late = db.jobs().complete(&[result_of(&old)], at(2)).await.unwrap();
                same("a stale result", &late[0], &Finished::Stale)?;
            }
            db.tamper("update jobs set lease_until = 0 where status = 'running'")
                .await;
            let reaped = db.jobs().reap(&no_wait, at(2)).await.unwrap();
            same("reaped", &reaped.lapsed, &(running.len() as u64))?;
            for id in &running {
                stale.extend(model[id].lease.clone());
                let then = then(&model[id], true);
                apply(model, id, Change::LeaseEnded(then));
            }
        }
        _ => {}
    }
    Ok(())
}

async fn claim_some(db: &Db, random: &SeededRandom, model: &mut Model) -> Result<(), String> {
    let limit = 1 + pick(random, 4);
    let absent = &["home"][..pick(random, 2)];
    let mut expected: Vec<(i32, usize, JobId)> = model
        .iter()
        .filter(|(_, job)| job.status == Status::Queued && !absent.contains(&job.name))
        .map(|(id, job)| (-job.priority, job.age, id.clone()))
        .collect();
    expected.sort();
    expected.truncate(limit);
    let expected: Vec<JobId> = expected.into_iter().map(|(_, _, id)| id).collect();
    let claimed = claim_kinds(db, &["echo"], absent, limit, 1).await;
    same("claimed", &super::ids(&claimed), &expected)?;
    for held in claimed {
        let id = held.job.id.clone();
        apply(model, &id, Change::Claimed);
        model.get_mut(&id).unwrap().lease = Some(held);
    }
    Ok(())
}

fn with_status(model: &Model, fits: impl Fn(Status) -> bool) -> Vec<JobId> {
    let fitting = model.iter().filter(|(_, job)| fits(job.status));
    fitting.map(|(id, _)| id.clone()).collect()
}

fn then(job: &Modelled, retryable: bool) -> Then {
    after_failure(job.attempts, job.max_attempts, retryable, job.cancel)
}

fn apply(model: &mut Model, id: &JobId, change: Change) -> Next {
    let job = model.get_mut(id).unwrap();
    let next = step(job.status, change);
    match next {
        Next::Refused => return next,
        Next::AskWorker => job.cancel = true,
        Next::Become(status) => {
            job.status = status;
            job.lease = None;
            job.cancel = false;
        }
    }
    match change {
        Change::Claimed => job.attempts += 1,
        Change::Parked => job.attempts -= 1,
        Change::Retried => job.attempts = 0,
        _ => {}
    }
    next
}

fn expect(said: Finished, next: Next) -> Result<(), String> {
    let Next::Become(status) = next else {
        return Err(format!("the model refuses what the store did: {said:?}"));
    };
    same("finished", &said, &Finished::Written(status))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: &T, expected: &T) -> Result<(), String> {
    match said == expected {
        true => Ok(()),
        false => Err(format!("{what}: {said:?}, expected {expected:?}")),
    }
}

async fn compare(db: &Db, model: &Model) {
    assert!(model.len() > 50, "{} jobs", model.len());
    for (id, expected) in model {
        let job = db.jobs().get(id).await.unwrap();
        let seen = (job.status, job.attempts, job.cancel_requested);
        assert_eq!(seen, (expected.status, expected.attempts, expected.cancel));
        assert_eq!(job.result.is_some(), job.status == Status::Done);
        assert_eq!(job.ended_at.is_some(), job.status.is_ended());
        assert_eq!(job.lease_until.is_some(), job.status == Status::Running);
        let events = db.jobs().events(id, 0, 1000).await.unwrap();
        let last = &events.last().unwrap().event;
        assert_eq!(last.is_terminal(), job.status.is_ended(), "{last:?}");
    }
}
