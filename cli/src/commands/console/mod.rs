//! `mcpctl console`: the live view. What is shown is decided in the crate `console`; here is what
//! it needs of the world.
//!
//! ```text
//!   keys ─┐                       ┌─► frame ─► terminal
//!   news ─┼─► loop ─► Console ────┼─► feeds wanted ─► feeds ─► news
//!   time ─┘                       └─► actions ─► errands (calls), child (edit, chat)
//! ```
//!
//! The loop waits for nothing else: a slow server never holds up a key.

use std::io::IsTerminal;
use std::time::Duration;

use console::{Action, Console, Setup};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::args::console as args;
use crate::client::Client;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

mod child;
mod clean;
mod errand;
mod feeds;
mod fetch;
mod screen;
mod signals;
mod taken;

use feeds::{Feeds, Told};
use screen::Screen;
use signals::{Asked, Signals};

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(50);
/// How often ages are counted on.
const TICK: Duration = Duration::from_secs(1);
/// News that are taken before the next frame is drawn.
const AT_ONCE: usize = 256;

pub(super) async fn run(args: &args::Console, session: &Session<'_>) -> Result<Exit> {
    check_terminal(session.output)?;
    let client = quiet_client(session)?;
    let console = Console::new(Setup {
        server: client.server().to_string(),
        view: args.view,
        colour: session.output.colour_on_out(),
        read_only: args.read_only,
        now: now(),
    });
    // Before the screen: without them the terminal could not be given back.
    let signals = Signals::listen()?;
    let feeds = Feeds::new(client);
    let screen = Screen::take(session.output)?;
    let mut live = Live {
        console,
        screen,
        feeds,
        signals,
        session,
    };
    let end = live.run().await;
    let Live { screen, feeds, .. } = live;
    drop(feeds);
    screen.give_back();
    end
}

/// A client that does not write its exchange across the screen.
fn quiet_client(session: &Session<'_>) -> Result<Client> {
    let mut global = session.global.clone();
    global.verbose = false;
    let output = Output::new(&global);
    Session::new(&global, &output)?.client()
}

fn check_terminal(output: &Output) -> Result<()> {
    if output.can_draw() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    let cause = if output.to_terminal() && std::io::stdin().is_terminal() {
        "TERM is `dumb` or not set: the cursor can't be moved"
    } else {
        "stdin or stdout is not a terminal"
    };
    Err(Failure::failed("the console needs a terminal")
        .cause(cause)
        .hint("`mcpctl get llm -w` prints changes as lines"))
}

/// Everything that the loop holds.
struct Live<'a> {
    console: Console,
    screen: Screen,
    feeds: Feeds,
    signals: Signals,
    session: &'a Session<'a>,
}

impl Live<'_> {
    /// Until someone leaves. The terminal is given back by the caller.
    async fn run(&mut self) -> Result<Exit> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = Instant::now();
        let mut dirty = true;
        loop {
            self.feeds.follow(&self.console.wanted());
            dirty |= self.console.take_changed();
            let begun = Instant::now();
            if dirty && next <= begun {
                self.screen.draw(&mut self.console)?;
                // A long list, or a slow terminal, has most of the time for other things, too.
                let taken = begun.elapsed();
                next = Instant::now() + FRAME.max(taken * 4);
                dirty = false;
                continue;
            }
            tokio::select! {
                biased;
                asked = self.signals.next() => match asked {
                    Asked::End(exit) => return Ok(exit),
                    Asked::Stop => self.stop()?,
                },
                event = self.screen.event() => {
                    let Some(action) = self.hear(event?)? else { continue };
                    if let Some(exit) = self.act(action).await? {
                        return Ok(exit);
                    }
                }
                told = self.feeds.next() => self.take(told),
                _ = ticks.tick() => {
                    // A terminal that is gone tells nobody whom hangups don't reach.
                    if !std::io::stdin().is_terminal() {
                        return Ok(Exit::Terminated);
                    }
                    self.console.tick(now());
                }
                () = sleep_until(next), if dirty => {}
            }
        }
    }

    fn hear(&mut self, event: crossterm::event::Event) -> Result<Option<Action>> {
        use crossterm::event::Event;
        match event {
            Event::Key(key) => Ok(self.console.key(key)),
            Event::Resize(..) | Event::FocusGained => {
                self.screen.redraw()?;
                self.console.tick(now());
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn take(&mut self, told: Told) {
        self.take_one(told);
        for _ in 1..AT_ONCE {
            let Some(told) = self.feeds.ready() else {
                break;
            };
            self.take_one(told);
        }
    }

    fn take_one(&mut self, told: Told) {
        match told {
            Told::News(news) => self.console.tell(news, now()),
            Told::Did { what, well } => {
                self.console.did(what, well);
                // What it changed is seen at once.
                self.feeds.begin_anew();
            }
        }
    }

    /// Does what a key asked for. Says how to leave, where it asked for that.
    async fn act(&mut self, action: Action) -> Result<Option<Exit>> {
        match action {
            Action::Leave { interrupted: true } => return Ok(Some(Exit::Interrupted)),
            Action::Leave { interrupted: false } => return Ok(Some(Exit::Done)),
            Action::Suspend => self.stop()?,
            Action::Redraw => self.screen.redraw()?,
            Action::Refresh => self.feeds.begin_anew(),
            Action::Copy(text) => self.screen.copy(&text)?,
            Action::Edit(target) => {
                let end = self.lend(&["edit", &target.to_string()]).await?;
                return Ok(end);
            }
            Action::Chat(name) => return self.lend(&["chat-llm", &name]).await,
            Action::Delete(target) => self.feeds.errand(errand::delete(target)),
            Action::Cancel(id) => self.feeds.errand(errand::cancel(id)),
            Action::Retry(id) => self.feeds.errand(errand::retry(id)),
        }
        Ok(None)
    }

    /// Gives the terminal to one of our own commands until it ends.
    async fn lend(&mut self, words: &[&str]) -> Result<Option<Exit>> {
        self.feeds.pause();
        self.screen.lend()?;
        let end = child::run(words, self.session, &mut self.signals).await;
        let end = match end {
            Ok(end) => end,
            // It is told like any other end that was not well.
            Err(why) => {
                self.session.output.failure(&why);
                child::End::Failed
            }
        };
        match end {
            child::End::Asked(exit) => return Ok(Some(exit)),
            child::End::Well => {}
            child::End::Failed => {
                let exit = child::pause(self.session.output, &mut self.signals).await?;
                if exit.is_some() {
                    return Ok(exit);
                }
            }
        }
        self.screen.take_back()?;
        self.console.tick(now());
        Ok(None)
    }

    /// Stops this process as Ctrl-Z does; goes on where someone brings it back.
    fn stop(&mut self) -> Result<()> {
        if !signals::can_be_brought_back() {
            self.console
                .did("no shell could bring it back here".into(), false);
            return Ok(());
        }
        self.screen.lend()?;
        signals::stop_this_process();
        self.screen.take_back()?;
        self.console.tick(now());
        Ok(())
    }
}
