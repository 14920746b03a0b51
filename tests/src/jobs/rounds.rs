//! Crash rounds: in a world that is kept, jobs are submitted and worked on, and somebody dies at a moment that the
//! seed says. At the end everything drains, and what was promised is compared with what is there.
//!
//! The seed fixes what is submitted, who dies, and how long after the round began; what that moment meets is chance.

use super::check::check;
use super::client::{Jobs, id_in, ids_in, list_in};
use super::hand::Hand;
use super::ledger::{Fate, Ledger};
use super::notes::Notes;
use super::plan::{KINDS, LATER, LLM, Plan, Submission};
use crate::cluster::{Ask, Mcpd, OwnPostgres, until};
use crate::dice::Dice;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Processes of external workers.
const WORKERS: usize = 3;
/// A round's victim dies this soon, in milliseconds.
const MOMENT_MS: u32 = 150;
/// Submissions of one round, at most.
const SUBMISSIONS: u32 = 5;
/// A cancel meets one of so many newest jobs.
const NEWEST: usize = 12;
/// Longest that a stop by TERM may take.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Longest that all may take to end when nobody dies any more.
const DRAIN_LIMIT: Duration = Duration::from_secs(90);
/// What mcpd says then.
const STARVED: &str = "no database connection became free";

/// What happened in a world.
#[derive(Debug, Default)]
pub struct Summary {
    /// Where the jobs were.
    pub database: &'static str,
    /// Of all chance.
    pub seed: u64,
    /// Rounds.
    pub rounds: u32,
    /// Deaths of mcpd by KILL, and how many of them at a byte of a request.
    pub mcpd_kills: (u32, u32),
    /// Stops of mcpd by TERM.
    pub mcpd_stops: u32,
    /// Deaths of workers: by KILL, by their own hand.
    pub worker_kills: (u32, u32),
    /// Workers frozen for longer than a lease.
    pub freezes: u32,
    /// Crashes of the database's server.
    pub database_crashes: u32,
    /// Calls that had no clear answer.
    pub unclear: u32,
    /// How often mcpd had to wait too long for a connection to its database: a disk that others keep busy, or a knot.
    pub starved: usize,
    /// Jobs that were there at the end, and how many of them were acknowledged.
    pub jobs: (usize, usize),
    /// Attempts of them.
    pub attempts: u64,
    /// How they ended.
    pub ended: HashMap<String, usize>,
    /// What is wrong.
    pub violations: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = |status: &str| self.ended.get(status).copied().unwrap_or(0);
        write!(
            f,
            "{}: seed {}, {} rounds; kill -9 of mcpd {} ({} of them at a byte), of workers {} (and {} by a job), \
             frozen {}, mcpd stopped {}, database crashed {}; unclear calls {}, starved {}; jobs {} ({} acknowledged), attempts {}: \
             done {}, error {}, canceled {}, expired {}; violations {}",
            self.database,
            self.seed,
            self.rounds,
            self.mcpd_kills.0,
            self.mcpd_kills.1,
            self.worker_kills.0,
            self.worker_kills.1,
            self.freezes,
            self.mcpd_stops,
            self.database_crashes,
            self.unclear,
            self.starved,
            self.jobs.0,
            self.jobs.1,
            self.attempts,
            ended("done"),
            ended("error"),
            ended("canceled"),
            ended("expired"),
            self.violations.len(),
        )
    }
}

/// Plays `rounds` rounds on SQLite, or on the PostgreSQL server that is given.
pub async fn play(seed: u64, rounds: u32, postgres: Option<OwnPostgres>) -> Summary {
    let mut world = World::begin(seed, postgres).await;
    for _ in 0..rounds {
        world.round().await;
    }
    world.summary.rounds = rounds;
    world.end().await
}

/// Who dies, or nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Mcpd,
    /// After so many percent of a request's bytes.
    McpdAtByte(u32),
    McpdPolitely,
    Worker(usize),
    Frozen(usize),
    Thawed(usize),
    Database,
    Nobody,
}

struct World {
    /// What happens.
    dice: Dice,
    /// When each call is made; how many calls there are is chance.
    moments: Dice,
    plan: Plan,
    ledger: Ledger,
    summary: Summary,
    hands: Vec<Hand>,
    mcpd: Mcpd,
    postgres: Option<OwnPostgres>,
    jobs: Jobs,
}

impl World {
    async fn begin(seed: u64, postgres: Option<OwnPostgres>) -> Self {
        let url = postgres.as_ref().map(OwnPostgres::url);
        let mut settings = vec![
            ("MCPD_JOB_RETRY_MIN", "50ms"),
            ("MCPD_JOB_RETRY_MAX", "300ms"),
            ("MCPD_JOB_LEASE", "2s"),
            ("MCPD_DRAIN_TIMEOUT", "1s"),
        ];
        settings.extend(url.as_deref().map(|url| ("MCPD_DATABASE_URL", url)));
        let mcpd = Mcpd::start(&settings).await;
        add_demo(&mcpd, LLM).await;
        let mut hands = Vec::new();
        for n in 0..WORKERS {
            hands.push(Hand::start(&mcpd, &format!("worker-{n}"), &KINDS).await);
        }
        let database = if postgres.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        Self {
            dice: Dice::new(seed),
            moments: Dice::new(seed ^ 0x7469_6d65),
            plan: Plan::new(seed),
            ledger: Ledger::default(),
            summary: Summary {
                database,
                seed,
                ..Summary::default()
            },
            hands,
            jobs: Jobs::of(&mcpd),
            mcpd,
            postgres,
        }
    }

    async fn round(&mut self) {
        let victim = self.victim();
        let moment = Duration::from_millis(self.dice.roll(MOMENT_MS).into());
        let mut calls = self.call();
        match victim {
            Victim::McpdAtByte(percent) => self.kill_at_byte(percent).await,
            _ => {
                sleep(moment).await;
                self.strike(victim).await;
            }
        }
        while let Some(called) = calls.join_next().await {
            let called = called.expect("a call does not panic");
            self.note(called);
        }
        match victim {
            Victim::Mcpd | Victim::McpdAtByte(_) | Victim::McpdPolitely => {
                self.mcpd.start_again().await;
            }
            _ => {}
        }
        let dead = self.revive();
        let by_us = u32::from(matches!(victim, Victim::Worker(_)));
        self.summary.worker_kills.1 += dead - by_us.min(dead);
    }

    fn victim(&mut self) -> Victim {
        let has_database = self.postgres.is_some();
        let dice = &mut self.dice;
        let hand = dice.roll(3) as usize % WORKERS;
        match dice.roll(100) {
            0..55 => Victim::Mcpd,
            55..70 => Victim::McpdAtByte(dice.roll(101)),
            70..74 => Victim::McpdPolitely,
            74..84 => Victim::Worker(hand),
            84..90 => Victim::Frozen(hand),
            90..95 => Victim::Thawed(hand),
            95..98 if has_database => Victim::Database,
            _ => Victim::Nobody,
        }
    }

    /// Submits, submits again, cancels: all side by side, at moments of their own.
    fn call(&mut self) -> JoinSet<Called> {
        let mut calls = JoinSet::new();
        let again = self.ledger.take_unclear();
        let new = 1 + self.dice.roll(SUBMISSIONS);
        let new: Vec<_> = (0..new).map(|_| self.plan.submission()).collect();
        for submission in again.into_iter().chain(new) {
            let wait = Duration::from_millis(self.moments.roll(MOMENT_MS / 2).into());
            let jobs = self.jobs.clone();
            calls.spawn(async move {
                sleep(wait).await;
                let (fate, strange) = submit(&jobs, &submission).await;
                Called::Submitted(submission, fate, strange)
            });
        }
        let known = self.ledger.acknowledged();
        if self.dice.in_a_hundred(30) && !known.is_empty() {
            let newest = known[known.len().saturating_sub(NEWEST)..].to_vec();
            let id = self.moments.pick(&newest).clone();
            let jobs = self.jobs.clone();
            // Entered first: it may be heard and not be answered.
            self.ledger.cancels.insert(id.clone());
            calls.spawn(async move {
                let ask = Ask::post(&format!("/v1/jobs/{id}/cancel"), "");
                let answer = jobs.call(ask).await;
                let is_canceled = answer.is_ok_and(|answer| {
                    answer.status == 200 && answer.json()["status"] == "canceled"
                });
                Called::Canceled(id, is_canceled)
            });
        }
        calls
    }

    fn note(&mut self, called: Called) {
        match called {
            Called::Submitted(submission, fate, strange) => {
                self.summary.unclear += u32::from(fate == Fate::Unclear);
                self.ledger.strange.extend(strange);
                self.ledger.enter(submission, fate);
            }
            Called::Canceled(id, true) => drop(self.ledger.canceled.insert(id)),
            Called::Canceled(_, false) => {}
        }
    }

    async fn strike(&mut self, victim: Victim) {
        match victim {
            Victim::Mcpd => {
                self.mcpd.process.kill();
                self.summary.mcpd_kills.0 += 1;
            }
            Victim::McpdPolitely => {
                self.mcpd.terminate();
                self.mcpd.process.end(STOP_LIMIT).await;
                self.summary.mcpd_stops += 1;
            }
            Victim::Worker(n) => {
                self.hands[n].process.kill();
                self.summary.worker_kills.0 += 1;
            }
            Victim::Frozen(n) => {
                self.hands[n].process.freeze();
                self.summary.freezes += 1;
            }
            Victim::Thawed(n) => self.hands[n].process.thaw(),
            Victim::Database => {
                if let Some(postgres) = &mut self.postgres {
                    postgres.stop(Signal::QUIT).await;
                    postgres.launch().await;
                    self.summary.database_crashes += 1;
                }
            }
            Victim::McpdAtByte(_) | Victim::Nobody => {}
        }
    }

    /// Kills mcpd when it was sent a part of a submission, or all of it and maybe some of its answer is out.
    async fn kill_at_byte(&mut self, percent: u32) {
        let submission = self.plan.submission();
        let ask = request(&submission).token(&self.jobs.token);
        let sent = ask.dispatch_part(self.jobs.addr, percent).await;
        if percent == 100 {
            sleep(Duration::from_micros(u64::from(self.moments.roll(8)) * 500)).await;
        }
        self.mcpd.process.kill();
        drop(sent);
        self.summary.mcpd_kills.0 += 1;
        self.summary.mcpd_kills.1 += 1;
        self.note(Called::Submitted(submission, Fate::Unclear, None));
    }

    /// Starts workers anew that have died; how many had.
    fn revive(&mut self) -> u32 {
        let revived = self.hands.iter_mut().map(|hand| u32::from(hand.revive()));
        revived.sum()
    }

    /// Lets everything come to its end, and looks at all of it.
    async fn end(mut self) -> Summary {
        self.hands.iter().for_each(|hand| hand.process.thaw());
        for submission in self.ledger.take_unclear() {
            let (fate, strange) = submit(&self.jobs, &submission).await;
            self.note(Called::Submitted(submission, fate, strange));
        }
        add_demo(&self.mcpd, LATER).await;
        let jobs = self.jobs.clone();
        until("everything to end", DRAIN_LIMIT, async || {
            self.summary.worker_kills.1 += self.revive();
            let answer = jobs.call(Ask::get("/v1/jobs/summary")).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(answer.text());
            }
            let summary = answer.json();
            let open = list_in(&summary, "counts").iter();
            let open = open.filter(|one| {
                ["queued", "running"].contains(&one["status"].as_str().unwrap_or(""))
            });
            let open: Vec<_> = open.collect();
            if open.is_empty() {
                Ok(())
            } else {
                Err(format!("{open:?}"))
            }
        })
        .await;
        self.look().await;
        self.summary
    }

    async fn look(&mut self) {
        let mut notes = Notes::default();
        for hand in &mut self.hands {
            hand.process.kill();
            hand.note_into(&mut notes);
        }
        let mut all = Vec::new();
        for job in self.jobs.list().await {
            let id = job["id"].as_str().unwrap_or_default();
            all.push(self.jobs.job(id).await);
        }
        let summary = &mut self.summary;
        summary.starved = self.mcpd.process.log().matches(STARVED).count();
        summary.jobs = (all.len(), self.ledger.acknowledged().len());
        for job in &all {
            summary.attempts += job["attempts"].as_u64().unwrap_or(0);
            let status = job["status"].as_str().unwrap_or_default().to_owned();
            *summary.ended.entry(status).or_insert(0) += 1;
        }
        summary.violations = check(&all, &self.ledger, &notes);
        self.mcpd.at_rest().await;
    }
}

enum Called {
    Submitted(Submission, Fate, Option<String>),
    Canceled(String, bool),
}

fn request(submission: &Submission) -> Ask {
    let ask = Ask::post("/v1/jobs", &submission.body);
    match &submission.key {
        Some(key) => ask.header("idempotency-key", key),
        None => ask,
    }
}

/// Submits, and tells what is known then; besides an answer that nobody should get.
async fn submit(jobs: &Jobs, submission: &Submission) -> (Fate, Option<String>) {
    let Ok(answer) = jobs.call(request(submission)).await else {
        return (Fate::Unclear, None);
    };
    match answer.status {
        202 => {
            let answer: Value = answer.json();
            let ids = match answer["job_id"].is_null() {
                true => ids_in(&answer),
                false => vec![id_in(&answer)],
            };
            let count = submission.jobs.len();
            let strange = (ids.len() != count).then(|| format!("{count} jobs, {answer}"));
            (Fate::Acknowledged(ids), strange)
        }
        // It stops, or its database is away.
        503 => (Fate::Unclear, None),
        _ => {
            let strange = format!("{submission:?}: {} {}", answer.status, answer.text());
            (Fate::Unclear, Some(strange))
        }
    }
}

/// A disk that others keep busy may make a database wait longer than mcpd does.
async fn add_demo(mcpd: &Mcpd, name: &str) {
    let row = json!({"name": name, "type": "demo", "model": "demo"});
    until("the LLM to be stored", DRAIN_LIMIT, async || {
        let answer = mcpd.admin(Ask::post("/api/v1/llms", &row)).await;
        // A second try may find that the first was heard.
        let is_there = [201, 200, 409].contains(&answer.status);
        is_there.then_some(()).ok_or_else(|| answer.text())
    })
    .await;
}
