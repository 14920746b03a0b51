//! One run: raise PostgreSQL, visit the ways in alternation, write the report.

use super::book::{Book, Lane, Section};
use super::cpu::Reading;
use super::database::Server;
use super::graphile::{self, Graphile};
use super::machine::facts;
use super::options::Options;
use super::ours::{self, Ours};
use super::plan::Plan;
use super::raw;
use super::report::{Heading, markdown};
use crate::bench::launch::Scratch;
use crate::bench::trouble::{During, Trouble};
use std::path::PathBuf;

/// Measures what `options` ask for; the report as Markdown. `say` is told what is going on.
///
/// # Errors
/// When not even PostgreSQL comes up. A way that does not is skipped and named in the report.
pub async fn run(options: &Options, say: impl Fn(&str)) -> Result<String, Trouble> {
    let before = Reading::take();
    let plan = options.plan();
    let scratch = Scratch::create()?;
    let bed = Bed::raise(options, &scratch).await?;
    let facts = facts(
        &bed.server,
        &bed.mcpd,
        bed.graphile.as_ref(),
        scratch.path(),
    )
    .await?;
    let mut book = Book::default();
    let lanes = options.lanes();
    if bed.graphile.is_none() {
        book.fault("graphile-worker: no folder with it was given".to_owned());
    }
    for round in 0..plan.rounds {
        for section in options.sections() {
            for n in 0..lanes.len() {
                // The first of a round is the second of the round before.
                let lane = lanes[(n + round) % lanes.len()];
                let (title, name) = (section.title(), lane.name());
                say(&format!(
                    "round {} of {}: {title}: {name}",
                    round + 1,
                    plan.rounds
                ));
                if let Err(trouble) = bed.visit(section, lane, &plan, round, &mut book).await {
                    say(&format!("{name}: {}", trouble.chain()));
                    book.fault(format!("{name}, {title}: {}", trouble.chain()));
                }
            }
        }
    }
    // What it started counts as its own from here on.
    drop(bed);
    let heading = Heading {
        rounds: plan.rounds,
        quick: options.quick,
        others: before.others_since(),
        facts,
    };
    Ok(markdown(&book, &heading))
}

/// What stands while the ways are measured. The server is dropped before its folder goes.
struct Bed<'a> {
    graphile: Option<Graphile>,
    server: Server,
    mcpd: PathBuf,
    scratch: &'a Scratch,
}

impl<'a> Bed<'a> {
    async fn raise(options: &Options, scratch: &'a Scratch) -> Result<Self, Trouble> {
        let here = std::env::current_exe().during("find this program")?;
        let beside = here.parent().map(PathBuf::from).unwrap_or_default();
        let bin = options.bin_dir.clone().unwrap_or(beside);
        let tools = options.graphile.as_deref();
        let made = tools.map(|tools| Graphile::new(tools, scratch.dir("graphile")?));
        Ok(Self {
            graphile: made.transpose()?,
            server: Server::start(options.postgres.as_deref(), scratch.dir("postgres")?).await?,
            mcpd: bin.join("mcpd"),
            scratch,
        })
    }

    async fn visit(
        &self,
        section: Section,
        lane: Lane,
        plan: &Plan,
        round: usize,
        book: &mut Book,
    ) -> Result<(), Trouble> {
        let server = &self.server;
        match lane {
            Lane::Raw | Lane::RawOnce => match section {
                Section::Work => raw::work(server, lane, plan, round, book).await,
                _ if lane == Lane::RawOnce => Ok(()),
                Section::Enqueue => raw::enqueue(server, plan, round, book).await,
                Section::Hand => raw::hand(server, plan, round, book).await,
                Section::Start => raw::start(server, plan, round, book).await,
            },
            Lane::Graphile | Lane::GraphileBatched => {
                let Some(graphile) = &self.graphile else {
                    return Ok(());
                };
                match section {
                    Section::Work => graphile.work(server, lane, plan, round, book).await,
                    Section::Start => graphile.start(server, lane, plan, round, book).await,
                    Section::Enqueue if lane == Lane::Graphile => {
                        graphile::enqueue(graphile, server, plan, round, book).await
                    }
                    Section::Enqueue | Section::Hand => Ok(()),
                }
            }
            Lane::Postgres | Lane::Sqlite => {
                let ours = Ours {
                    program: &self.mcpd,
                    lane,
                    server,
                    scratch: self.scratch,
                };
                match section {
                    Section::Enqueue => ours::enqueue(&ours, plan, round, book).await,
                    Section::Work => ours::work(&ours, plan, round, book).await,
                    Section::Hand => ours::hand(&ours, plan, round, book).await,
                    Section::Start => ours::start(&ours, plan, round, book).await,
                }
            }
        }
    }
}
