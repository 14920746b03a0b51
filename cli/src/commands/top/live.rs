//! The live view: looks, draws, and listens to the keyboard, until someone leaves.
//!
//! ```text
//! look -> draw -> wait for { a key, a new size, the interval's end } -> draw or look again
//! ```

use std::pin::Pin;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use shared::load::LoadList;

use super::frame::{Paint, View};
use super::{look, only};
use crate::args::gateway::TopLlm;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;
use crate::output::screen::Screen;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Leave(Exit),
    Scroll(isize),
    Redraw,
    Nothing,
}

/// Draws until someone leaves. The terminal is as before when this returns, however it does.
pub(super) async fn run(
    args: &TopLlm,
    client: &Client,
    list: LoadList,
    output: &Output,
) -> Result<Exit> {
    let mut view = View {
        title: format!(
            "mcpctl top llm  {}  every {}  q leaves",
            client.server(),
            shared::span::Span(args.interval)
        ),
        list: named(list, args),
        lost: None,
        scrolled: 0,
    };
    let paint = Paint {
        colour: output.colour_on_out(),
    };
    let mut screen = Screen::take(output)?;
    let mut end = std::pin::pin!(asked_to_end());
    let mut next = look_after(client, args);
    loop {
        let (width, height) = screen.size();
        screen.draw(&view.lines(width, height, paint))?;
        tokio::select! {
            biased;
            () = &mut end => return Ok(Exit::Interrupted),
            event = screen.event() => match wish(&event?) {
                Wish::Leave(exit) => return Ok(exit),
                Wish::Scroll(by) => {
                    let most = view.most_scrolled(height);
                    view.scrolled = view.scrolled.min(most).saturating_add_signed(by).min(most);
                }
                Wish::Redraw => screen.forget(),
                Wish::Nothing => {}
            },
            looked = &mut next => {
                match looked {
                    Ok(list) => {
                        view.list = named(list, args);
                        view.lost = None;
                    }
                    // A server that restarts, or a network that is away, comes back.
                    Err(why) if why.exit() == Exit::Unavailable => {
                        let text = why.lines().first().map(|(_, text)| (*text).to_owned());
                        view.lost = Some(text.unwrap_or_default());
                    }
                    Err(why) => return Err(why),
                }
                next = look_after(client, args);
            }
        }
    }
}

type Looking<'a> = Pin<Box<dyn Future<Output = Result<LoadList>> + 'a>>;

/// Looks once the interval is over.
fn look_after<'a>(client: &'a Client, args: &TopLlm) -> Looking<'a> {
    let interval = args.interval;
    Box::pin(async move {
        tokio::time::sleep(interval).await;
        look(client).await
    })
}

fn named(mut list: LoadList, args: &TopLlm) -> LoadList {
    list.items = only(list.items, &args.names);
    list
}

fn wish(event: &Event) -> Wish {
    match event {
        Event::Resize(..) | Event::FocusGained => Wish::Redraw,
        Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press | KeyEventKind::Repeat,
            ..
        }) => match code {
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => {
                Wish::Leave(Exit::Interrupted)
            }
            KeyCode::Char('l') if modifiers.contains(KeyModifiers::CONTROL) => Wish::Redraw,
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => Wish::Leave(Exit::Done),
            KeyCode::Up | KeyCode::Char('k') => Wish::Scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => Wish::Scroll(1),
            KeyCode::PageUp => Wish::Scroll(-10),
            KeyCode::PageDown => Wish::Scroll(10),
            KeyCode::Home => Wish::Scroll(isize::MIN),
            KeyCode::End => Wish::Scroll(isize::MAX),
            _ => Wish::Nothing,
        },
        _ => Wish::Nothing,
    }
}

/// Waits for a signal that ends programs: the terminal must be given back first.
#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let waits = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = waits else {
        // Without them the keyboard is left.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_people_expect() {
        let press = |code, modifiers| wish(&Event::Key(KeyEvent::new(code, modifiers)));
        let plain = |code| press(code, KeyModifiers::NONE);
        assert_eq!(plain(KeyCode::Char('q')), Wish::Leave(Exit::Done));
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Wish::Leave(Exit::Interrupted)
        );
        assert_eq!(plain(KeyCode::Char('c')), Wish::Nothing);
        assert_eq!(plain(KeyCode::Down), Wish::Scroll(1));
        assert_eq!(wish(&Event::Resize(1, 1)), Wish::Redraw);
    }
}
