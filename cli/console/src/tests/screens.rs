//! What a person sees.

use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};
use serde_json::json;

use super::stage::{Stage, job, llm, rows, text};
use crate::{Feed, TroubleKind, View, What};

#[test]
fn every_view_in_a_usual_terminal() {
    for view in View::ALL {
        assert_snapshot!(
            format!("{}_80x24", view.name()),
            Stage::full(view).screen(80, 24)
        );
    }
}

#[test]
fn every_view_in_a_large_terminal_with_the_row_beside_it_and_events() {
    for view in View::ALL {
        let mut stage = Stage::full(view);
        stage.press("v<Enter>");
        stage.tell_all();
        assert_snapshot!(format!("{}_200x50", view.name()), stage.screen(200, 50));
    }
}

#[test]
fn the_pane_of_a_job_and_its_log() {
    let mut stage = Stage::full(View::Jobs);
    stage.press("jd");
    stage.tell_all();
    assert_snapshot!("job_fields", stage.screen(80, 24));
    stage.press("l");
    stage.tell_all();
    assert_snapshot!("job_log", stage.screen(60, 14));
    let mut stage = Stage::full(View::Llm);
    stage.press("jjl");
    stage.tell_all();
    assert_snapshot!("llm_log", stage.screen(80, 12));
}

#[test]
fn narrow_terminals_keep_what_counts_most() {
    for view in [View::Llm, View::Jobs, View::Usage] {
        let mut stage = Stage::full(view);
        assert_snapshot!(format!("{}_40x10", view.name()), stage.screen(40, 10));
    }
    assert_snapshot!("too_small", Stage::full(View::Llm).screen(39, 9));
    // One that reports no room at all.
    assert_eq!(Stage::full(View::Llm).screen(0, 0), "");
}

#[test]
fn nothing_there_yet_and_nothing_there() {
    let mut stage = Stage::empty(View::Jobs);
    assert!(stage.screen(80, 24).contains("\nloading …\n"));
    stage.tell(Feed::Jobs, rows(&[]));
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("no jobs; submit one with `mcpctl create job`"),
        "{screen}"
    );
}

#[test]
fn a_lost_connection_keeps_what_was_seen_and_says_so() {
    let mut stage = Stage::full(View::Llm);
    let why = "http://mcpd.example refused the connection";
    stage.lose(Feed::Llms, TroubleKind::Away, why, None);
    stage.wait(2);
    stage.press("v");
    assert_snapshot!("lost", stage.screen(80, 24));
    stage.wait(30);
    stage.tell(Feed::Llms, rows(&[llm("laptop", "virtual", "active")]));
    let screen = stage.screen(80, 24);
    assert!(
        !screen.contains("connection lost 3") && !screen.contains("stale"),
        "{screen}"
    );
    assert!(screen.contains("connection back"), "{screen}");
}

#[test]
fn a_token_that_is_refused_is_told_what_to_do() {
    let mut stage = Stage::empty(View::Secret);
    let feed = Feed::Documents(crate::Kind::Secret);
    let hint = Some("`mcpctl whoami` shows your roles");
    stage.lose(
        feed,
        TroubleKind::Forbidden,
        "this needs the role admin",
        hint,
    );
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("this needs the role admin; try: `mcpctl whoami`"),
        "{screen}"
    );
    let hint = Some("send another header");
    stage.lose(
        Feed::Llms,
        TroubleKind::Unknown,
        "the token is not known",
        hint,
    );
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("the token is not known; try: mcpctl login http://mcpd.example"),
        "{screen}"
    );
}

#[test]
fn a_filter_a_sort_the_keys_and_the_question_are_seen() {
    let mut stage = Stage::full(View::Llm);
    stage.press("/virt|gpt");
    assert_snapshot!("filter_typing", stage.screen(80, 12));
    stage.press("<Enter>sssS");
    assert_snapshot!("filter_sorted", stage.screen(80, 12));
    stage.press("?");
    assert_snapshot!("help", stage.screen(80, 24));
    stage.press("<Esc><C-d>");
    assert_snapshot!("confirm", stage.screen(80, 24));
    stage.press("n:j");
    assert_snapshot!("command", stage.screen(80, 12));
}

#[test]
fn the_keys_scroll_where_they_do_not_fit() {
    let mut stage = Stage::full(View::Llm);
    stage.press("?");
    let top = stage.screen(40, 10);
    stage.press("<PgDn><PgDn><PgDn><PgDn><PgDn><PgDn>");
    let end = stage.screen(40, 10);
    assert!(
        top.contains("to a view") && !end.contains("to a view"),
        "{end}"
    );
    assert!(end.contains("q :q Ctrl-C"), "{end}");
}

#[test]
fn without_colour_nothing_is_painted_and_the_row_is_still_found() {
    let mut stage = Stage::with(View::Llm, false, false);
    stage.tell_all();
    stage.lose(Feed::Llms, TroubleKind::Away, "refused", None);
    stage.press("v");
    let buffer = stage.buffer(80, 24);
    let plain = |cell: &ratatui::buffer::Cell| {
        cell.fg == Color::Reset && cell.bg == Color::Reset && !cell.modifier.contains(Modifier::DIM)
    };
    assert!(buffer.content().iter().all(plain));
    let screen = text(&buffer);
    assert!(screen.contains("\n> attic"), "{screen}");
    let mut stage = Stage::full(View::Llm);
    assert!(
        !stage.buffer(80, 24).content().iter().all(plain),
        "with colour there is some"
    );
}

#[test]
fn no_control_character_reaches_the_screen() {
    let mut stage = Stage::empty(View::Llm);
    let mut dirty = llm("a\u{1b}[2Jb\u{202e}c", "virtual", "active");
    dirty["spec"]["model"] = "x\ty\nz\u{7}".into();
    stage.tell(Feed::Llms, rows(&[dirty]));
    stage.press("d");
    for (width, height) in [(80, 24), (200, 50)] {
        let buffer = stage.buffer(width, height);
        let symbols = buffer.content().iter().map(|cell| cell.symbol());
        let bad = |c: char| c.is_control() || c == '\u{202e}';
        assert!(symbols.clone().all(|symbol| !symbol.contains(bad)));
    }
}

#[test]
fn thousands_of_rows_are_drawn_by_the_page_and_counted() {
    let mut stage = Stage::full(View::Jobs);
    let many: Vec<_> = (0..500).map(|n| job(n, "queued")).collect();
    let more = true;
    stage.tell(Feed::Jobs, What::Rows { rows: many, more });
    let screen = stage.screen(80, 24);
    assert!(screen.contains("500 of 12,000 shown"), "{screen}");
    stage.press("G");
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("> 0199a1b2-1b7d-7f00-8000-000000000499"),
        "{screen}"
    );
    stage.press("<PgUp>");
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("> 0199a1b2-1b7d-7f00-8000-000000000480"),
        "{screen}"
    );
}

#[test]
fn a_gigantic_document_is_shown_in_part() {
    let mut stage = Stage::full(View::Jobs);
    stage.press("d");
    let mut big = job(5, "running");
    big["payload"] = json!({"text": "x".repeat(4 << 20)});
    let id = big["id"].as_str().unwrap().to_owned();
    stage.tell(Feed::Job(id), What::Object(big));
    stage.screen(80, 24);
    stage.press("G");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("(4194304 bytes)"), "{screen}");
}
