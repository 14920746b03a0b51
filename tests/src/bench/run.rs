//! One run: raise the ways, visit them in alternation, write the report.

use super::book::{Book, Section, Subject};
use super::client::Target;
use super::lane::{Lane, Path};
use super::launch::bore::Bore;
use super::launch::litellm::{self, Litellm};
use super::launch::mcpd::Mcpd;
use super::launch::mcplocal::Mcplocal;
use super::launch::mock::MockProcess;
use super::launch::nginx::Nginx;
use super::launch::{Running, Scratch};
use super::meter::Meter;
use super::options::RunOptions;
use super::plan::Plan;
use super::report::{Heading, markdown};
use super::sections::{burst, connect, memory, paced, publishers, requests, soak, start};
use super::trouble::{During, Trouble};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::PathBuf;

const CHAT: &str = "/v1/chat/completions";
const PUBLIC_ROW: &str = "bench-public";
const VIRTUAL_ROW: &str = "bench-virtual";
const V1_ROW: &str = "bench-v1";
/// What requests name where the way does not look at it.
const ANY_MODEL: &str = "mock";
/// Longest a public row may take to answer.
const ROW_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Measures what `options` ask for; the report as Markdown. `say` is told what is going on.
///
/// # Errors
/// When not even the mock comes up. A way that does not is skipped and named in the report.
pub async fn run(options: &RunOptions, say: impl Fn(&str)) -> Result<String, Trouble> {
    raise_file_limit()?;
    let plan = options.plan();
    let scratch = Scratch::create()?;
    let programs = Programs::find(options)?;
    let mut book = Book::default();
    let bed = Bed::raise(options, &programs, &scratch, &mut book).await?;
    for round in 0..plan.rounds {
        for section in options.sections() {
            say(&format!(
                "round {} of {}: {}",
                round + 1,
                plan.rounds,
                section.title()
            ));
            match section {
                Section::Start | Section::Publishers => {
                    if options
                        .paths()
                        .iter()
                        .any(|path| matches!(path, Path::Public | Path::Virtual | Path::V1))
                    {
                        alone(section, &programs, &scratch, &plan, round, &mut book).await;
                    }
                }
                _ => every_lane(section, &bed.lanes, &plan, round, &mut book).await,
            }
        }
    }
    drop(bed);
    let heading = Heading {
        rounds: plan.rounds,
        quick: options.quick,
        machine: machine(),
    };
    Ok(markdown(&book, &heading))
}

/// Visits each lane; the first of a round is the second of the round before.
async fn every_lane(section: Section, lanes: &[Lane], plan: &Plan, round: usize, book: &mut Book) {
    for n in 0..lanes.len() {
        let lane = &lanes[(n + round) % lanes.len()];
        if lane.path.is_slow() && round > 0 {
            continue;
        }
        let measured = match section {
            Section::Requests => requests::run(lane, plan, round, book).await,
            Section::Connect => connect::run(lane, plan, round, book).await,
            Section::Paced => paced::run(lane, plan, round, book).await,
            Section::Burst => burst::run(lane, plan, round, book).await,
            // A thousand streams for twenty seconds on each way, hundreds of thousands of requests: once is enough.
            Section::Memory if round == 0 => memory::run(lane, plan, round, book).await,
            Section::Soak if round == 0 => soak::run(lane, plan, round, book).await,
            Section::Memory | Section::Soak | Section::Publishers | Section::Start => Ok(()),
        };
        if let Err(trouble) = measured {
            book.fault(format!(
                "{}, {}: {}",
                lane.path.name(),
                section.title(),
                trouble.chain()
            ));
        }
    }
}

/// Sections that need an mcpd of their own.
async fn alone(
    section: Section,
    programs: &Programs,
    scratch: &Scratch,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) {
    let measured = match section {
        Section::Start => start::run(&programs.mcpd, scratch, plan, round, book).await,
        _ => fresh_publishers(programs, scratch, plan, round, book).await,
    };
    if let Err(trouble) = measured {
        book.fault(format!("{}: {}", section.title(), trouble.chain()));
    }
}

async fn fresh_publishers(
    programs: &Programs,
    scratch: &Scratch,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let mcpd = Mcpd::start(
        &programs.mcpd,
        &scratch.dir(&format!("publishers-{round}"))?,
    )
    .await?;
    publishers::run(&mcpd, plan, round, book).await
}

struct Programs {
    mcpd: PathBuf,
    mcplocal: PathBuf,
}

impl Programs {
    fn find(options: &RunOptions) -> Result<Self, Trouble> {
        let here = std::env::current_exe().during("find this program")?;
        let beside = here.parent().map(PathBuf::from).unwrap_or_default();
        let dir = options.bin_dir.clone().unwrap_or(beside);
        Ok(Self {
            mcpd: dir.join("mcpd"),
            mcplocal: dir.join("mcplocal"),
        })
    }
}

/// Everything that stands while the lanes are measured. Fields are dropped in order: callers before the called.
struct Bed {
    lanes: Vec<Lane>,
    _litellm: Option<Litellm>,
    _v1: Option<Mcpd>,
    _mcplocal: Option<Mcplocal>,
    _mcpd: Option<Mcpd>,
    _bore: Option<Bore>,
    _nginx: Option<Nginx>,
    _mock: MockProcess,
}

impl Bed {
    async fn raise(
        options: &RunOptions,
        programs: &Programs,
        scratch: &Scratch,
        book: &mut Book,
    ) -> Result<Self, Trouble> {
        let logs = scratch.dir("logs")?;
        let paths = options.paths();
        let mock = MockProcess::start(&logs).await?;
        let mut bed = Self {
            lanes: Vec::new(),
            _litellm: None,
            _v1: None,
            _mcplocal: None,
            _mcpd: None,
            _bore: None,
            _nginx: None,
            _mock: mock,
        };
        bed.add(Path::Direct, Target::post(bed._mock.addr, CHAT, None), &[]);
        if paths.contains(&Path::Nginx) {
            let up = Nginx::start(&options.nginx, &scratch.dir("nginx")?, bed._mock.addr).await;
            if let Some(nginx) = noted(up, Path::Nginx, book) {
                bed.add(
                    Path::Nginx,
                    Target::post(nginx.addr, CHAT, None),
                    &[&nginx.running],
                );
                bed._nginx = Some(nginx);
            }
        }
        if paths.contains(&Path::Bore) {
            let up = Bore::start(&options.bore, &logs, bed._mock.addr).await;
            if let Some(bore) = noted(up, Path::Bore, book) {
                bed.add(
                    Path::Bore,
                    Target::post(bore.addr, CHAT, None),
                    &[&bore.server, &bore.local],
                );
                bed._bore = Some(bore);
            }
        }
        bed.raise_daemons(&paths, programs, scratch, book).await?;
        if paths.contains(&Path::V1) {
            let up = bed.raise_v1(programs, scratch).await;
            noted(up, Path::V1, book);
        }
        if paths.contains(&Path::Litellm) {
            let up = bed.raise_litellm(options, scratch).await;
            noted(up, Path::Litellm, book);
        }
        Ok(bed)
    }

    /// The data plane in an mcpd of its own, whose memory no other way has touched.
    async fn raise_v1(&mut self, programs: &Programs, scratch: &Scratch) -> Result<(), Trouble> {
        let mcpd = Mcpd::start(&programs.mcpd, &scratch.dir("mcpd-v1")?).await?;
        mcpd.create_public(V1_ROW, self._mock.addr).await?;
        mcpd.price(V1_ROW).await?;
        let chat = mcpd.v1().await?;
        mcpd.answers_at(&chat, V1_ROW, ROW_LIMIT).await?;
        self.add_for(Path::V1, V1_ROW, chat, &[&mcpd.running]);
        self._v1 = Some(mcpd);
        Ok(())
    }

    async fn raise_litellm(
        &mut self,
        options: &RunOptions,
        scratch: &Scratch,
    ) -> Result<(), Trouble> {
        let missing = || Trouble::Unexpected("where it is was not said by --litellm".to_owned());
        let program = options.litellm.as_deref().ok_or_else(missing)?;
        let up = Litellm::start(program, &scratch.dir("litellm")?, self._mock.addr).await?;
        let chat = Litellm::chat(up.addr);
        self.add_for(Path::Litellm, litellm::MODEL, chat, &[&up.running]);
        self._litellm = Some(up);
        Ok(())
    }

    async fn raise_daemons(
        &mut self,
        paths: &[Path],
        programs: &Programs,
        scratch: &Scratch,
        book: &mut Book,
    ) -> Result<(), Trouble> {
        let Some(first) = paths
            .iter()
            .find(|path| matches!(path, Path::Public | Path::Virtual))
        else {
            return Ok(());
        };
        let up = Mcpd::start(&programs.mcpd, &scratch.dir("mcpd")?).await;
        let Some(mcpd) = noted(up, *first, book) else {
            return Ok(());
        };
        note_idle(Subject::Mcpd, &mcpd.running, book)?;
        if paths.contains(&Path::Public) {
            let made = self.public_row(&mcpd).await;
            if noted(made, Path::Public, book).is_some() {
                self.add(Path::Public, mcpd.infer(PUBLIC_ROW), &[&mcpd.running]);
            }
        }
        if paths.contains(&Path::Virtual) {
            let dir = scratch.dir("mcplocal")?;
            let up = Mcplocal::start(
                &programs.mcplocal,
                &dir,
                &mcpd,
                VIRTUAL_ROW,
                self._mock.addr,
            )
            .await;
            if let Some(mcplocal) = noted(up, Path::Virtual, book) {
                note_idle(Subject::Mcplocal, &mcplocal.running, book)?;
                self.add(
                    Path::Virtual,
                    mcpd.infer(VIRTUAL_ROW),
                    &[&mcpd.running, &mcplocal.running],
                );
                self._mcplocal = Some(mcplocal);
            }
        }
        self._mcpd = Some(mcpd);
        Ok(())
    }

    async fn public_row(&self, mcpd: &Mcpd) -> Result<(), Trouble> {
        mcpd.create_public(PUBLIC_ROW, self._mock.addr).await?;
        mcpd.answers(PUBLIC_ROW, ROW_LIMIT).await
    }

    fn add(&mut self, path: Path, chat: Target, processes: &[&Running]) {
        self.add_for(path, ANY_MODEL, chat, processes);
    }

    fn add_for(&mut self, path: Path, model: &'static str, chat: Target, processes: &[&Running]) {
        let processes = processes.iter().map(|running| running.pid()).collect();
        self.lanes.push(Lane {
            path,
            model,
            chat,
            processes,
            mock: self._mock.running.pid(),
        });
    }
}

fn noted<T>(up: Result<T, Trouble>, path: Path, book: &mut Book) -> Option<T> {
    up.map_err(|trouble| book.fault(format!("{}: {}", path.name(), trouble.chain())))
        .ok()
}

fn note_idle(subject: Subject, running: &Running, book: &mut Book) -> Result<(), Trouble> {
    let idle = Meter::of(&[running.pid()]).memory()?;
    book.note(memory::IDLE, subject, 0, idle.resident as f64);
    book.note(memory::IDLE_PRIVATE, subject, 0, idle.anonymous as f64);
    Ok(())
}

/// A thousand streams need several descriptors each; the processes we start inherit the limit.
fn raise_file_limit() -> Result<(), Trouble> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(std::io::Error::from)
        .during("raise the limit of open files")
}

fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores")
}
