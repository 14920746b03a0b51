//! What keys and news do.

use super::stage::{Stage, job, llm, rows};
use crate::{Action, By, Feed, Kind, Target, TroubleKind, View, What};

fn target(kind: Kind, name: &str) -> Target {
    let name = name.into();
    Target { kind, name }
}

#[test]
fn views_are_reached_by_number_by_name_and_in_turn_and_esc_leads_back() {
    let mut stage = Stage::full(View::Llm);
    stage.press("3");
    assert_eq!(stage.console.view, View::Jobs);
    stage.press(":us<Tab><Enter>");
    assert_eq!(stage.console.view, View::Usage);
    stage.press("<Tab><Tab><BackTab>");
    assert_eq!(stage.console.view, View::Requests);
    stage.press("<Esc><Esc><Esc><Esc><Esc><Esc>");
    assert_eq!(stage.console.view, View::Llm);
    stage.press(":jbs<Enter>");
    assert!(stage.screen(80, 24).contains("did you mean `jobs`?"));
    assert_eq!(
        stage.press(":q<Enter>"),
        Some(Action::Leave { interrupted: false })
    );
    assert_eq!(
        stage.press(":x<C-c>"),
        Some(Action::Leave { interrupted: true })
    );
}

#[test]
fn only_what_is_looked_at_is_fetched() {
    let mut stage = Stage::full(View::Llm);
    assert_eq!(stage.console.wanted(), [Feed::Llms, Feed::Load]);
    stage.press("v");
    assert!(stage.console.wanted().contains(&Feed::Jobs));
    stage.press("v4");
    assert!(stage.console.wanted().contains(&Feed::Usage(By::Llm)));
    stage.press("b");
    assert_eq!(
        stage.console.wanted(),
        [Feed::Llms, Feed::Load, Feed::Usage(By::Token)]
    );
    // What was on its way is nobody's news.
    stage.tell(
        Feed::Usage(By::Llm),
        rows(&[serde_json::json!({"llm": "gpt"})]),
    );
    assert_eq!(stage.console.table().total(), 0);
    stage.press("3");
    stage.tell_all();
    stage.press("l");
    let id = "0199a1b2-1b7d-7f00-8000-000000000005";
    assert!(stage.console.wanted().contains(&Feed::JobLog(id.into())));
    stage.press("d");
    assert!(stage.console.wanted().contains(&Feed::Job(id.into())));
    stage.press("<Esc>");
    assert_eq!(stage.console.wanted(), [Feed::Llms, Feed::Load, Feed::Jobs]);
}

#[test]
fn nothing_is_deleted_without_a_clear_yes() {
    let mut stage = Stage::full(View::Llm);
    for no in ["n", "<Esc>", "<C-d>", "q", " "] {
        assert_eq!(stage.press("<C-d>"), None);
        assert_eq!(stage.press(no), None, "{no}");
    }
    for yes in ["y", "<Enter>"] {
        stage.press("<C-d>");
        let delete = Action::Delete(target(Kind::Llm, "attic"));
        assert_eq!(stage.press(yes), Some(delete));
    }
    // What moves under the question does not change what was asked.
    stage.press("<C-d>");
    stage.tell(Feed::Llms, rows(&[llm("other", "public", "active")]));
    let delete = Action::Delete(target(Kind::Llm, "attic"));
    assert_eq!(stage.press("y"), Some(delete));
    stage.press("4");
    stage.tell_all();
    assert_eq!(
        stage.press("<C-d>y"),
        Some(Action::Copy("gpt".into())),
        "a sum is nothing to delete"
    );
}

#[test]
fn keys_act_on_what_they_can_act_on() {
    let mut stage = Stage::full(View::Llm);
    assert_eq!(stage.press("jc"), Some(Action::Chat("gpt".into())));
    assert_eq!(
        stage.press("e"),
        Some(Action::Edit(target(Kind::Llm, "gpt")))
    );
    assert_eq!(stage.press("x"), None);
    assert_eq!(stage.press("y"), Some(Action::Copy("gpt".into())));
    assert_eq!(stage.press("<C-r>"), Some(Action::Refresh));
    stage.press("3");
    stage.tell_all();
    let id = "0199a1b2-1b7d-7f00-8000-000000000004";
    assert_eq!(stage.press("jx"), Some(Action::Cancel(id.into())));
    assert_eq!(stage.press("r"), Some(Action::Retry(id.into())));
    assert_eq!(stage.press("c"), None);
    assert_eq!(stage.press("e"), None);
    stage.press("9");
    stage.tell_all();
    assert_eq!(stage.press("e"), None, "a token has no document to edit");

    let mut stage = Stage::with(View::Llm, true, true);
    stage.tell_all();
    for changes in ["e", "x", "r", "<C-d>y"] {
        let action = stage.press(changes);
        assert!(
            matches!(action, None | Some(Action::Copy(_))),
            "{changes}: {action:?}"
        );
    }
    assert_eq!(stage.press("c"), Some(Action::Chat("attic".into())));
}

#[test]
fn esc_and_a_key_in_one_go_do_no_harm() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut stage = Stage::full(View::Jobs);
    stage.press("d");
    let alt = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
    assert_eq!(
        stage.console.key(alt('x')),
        None,
        "that would cancel the job"
    );
    assert!(stage.console.pane.is_none());
    stage.press("d");
    stage.console.key(alt('j'));
    assert_eq!(stage.console.table().chosen(), 1);
}

#[test]
fn a_filter_works_while_it_is_typed_and_goes_with_esc() {
    let mut stage = Stage::full(View::Llm);
    stage.press("/lap");
    assert_eq!(stage.chosen(), Some("laptop"));
    stage.press("<Enter>");
    assert_eq!(stage.console.table().rows().len(), 1);
    // What comes later is filtered, too.
    let llms = [
        llm("laptop", "virtual", "active"),
        llm("gpt", "public", "active"),
    ];
    stage.tell(Feed::Llms, rows(&llms));
    assert_eq!(stage.console.table().rows().len(), 1);
    stage.press("/<C-u>zzz");
    assert!(
        stage
            .screen(80, 24)
            .contains("nothing fits /zzz; Esc shows all")
    );
    assert_eq!(stage.chosen(), None);
    stage.press("<Esc>");
    assert_eq!(stage.console.table().rows().len(), 2);
}

#[test]
fn what_changes_becomes_an_event_and_what_was_there_does_not() {
    let mut stage = Stage::full(View::Llm);
    stage.press("v");
    stage.tell_all();
    let events = |stage: &Stage| -> Vec<String> {
        stage
            .console
            .events
            .last(99)
            .map(|event| event.text.clone())
            .collect()
    };
    assert!(events(&stage).is_empty(), "{:?}", events(&stage));
    stage.tell(Feed::Llms, What::Changed(llm("attic", "virtual", "active")));
    stage.tell(Feed::Llms, What::Changed(llm("attic", "virtual", "active")));
    stage.tell(Feed::Llms, What::Gone("gpt".into()));
    stage.lose(Feed::Llms, TroubleKind::Away, "refused", None);
    stage.lose(Feed::Load, TroubleKind::Away, "refused", None);
    stage.tell(Feed::Load, What::Object(serde_json::json!({"items": []})));
    // What happened meanwhile shows when the connection is back.
    stage.tell(
        Feed::Llms,
        rows(&[
            llm("attic", "virtual", "inactive"),
            llm("new", "public", "active"),
        ]),
    );
    stage.tell(Feed::Jobs, rows(&[job(5, "error"), job(4, "queued")]));
    let expected = [
        "llm/attic active, was inactive",
        "llm/gpt deleted",
        "connection lost: refused",
        "connection back",
        "llm/attic inactive, was active",
        "llm/laptop deleted",
        "llm/台所-日本語 deleted",
        "llm/new added, active",
        "job/0199a1b2-1b7d-7f00-8000-000000000005 error (llm.chat): the model is on strike",
    ];
    assert_eq!(events(&stage), expected);
}

#[test]
fn a_key_means_the_row_that_was_drawn() {
    let mut stage = Stage::full(View::Jobs);
    stage.screen(80, 24);
    let without_the_first = rows(&[job(4, "queued"), job(3, "done")]);
    let news = crate::News {
        feed: Feed::Jobs,
        what: without_the_first,
    };
    let now = stage.console.now;
    stage.console.tell(news, now);
    assert_eq!(
        stage.press("x"),
        None,
        "what is seen is gone; the next one is not meant"
    );
    stage.screen(80, 24);
    let next = "0199a1b2-1b7d-7f00-8000-000000000004";
    assert_eq!(stage.press("x"), Some(Action::Cancel(next.into())));
}

#[test]
fn a_heartbeat_makes_a_publisher_heard_and_changes_nothing_else() {
    let mut stage = Stage::full(View::Publishers);
    let mut beat = llm("laptop", "virtual", "inactive");
    beat["status"]["lastHeartbeatAt"] = "2026-11-21T09:29:59.000Z".into();
    let told = [beat, llm("new", "virtual", "active")];
    stage.tell(Feed::Documents(Kind::Llm), rows(&told));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("partly     1s  attic,laptop,"), "{screen}");
}

#[test]
fn the_pane_goes_with_the_row_and_says_when_it_is_gone() {
    let mut stage = Stage::full(View::Llm);
    stage.press("dn");
    assert!(stage.screen(80, 24).contains(" llm/gpt "));
    stage.press("pp");
    assert!(stage.screen(80, 24).contains(" llm/attic "));
    stage.tell(Feed::Llms, What::Gone("attic".into()));
    assert!(stage.screen(80, 24).contains("it is gone"));
    stage.press("<Esc>");
    assert_eq!(stage.chosen(), Some("gpt"));
}

#[test]
fn a_frame_is_asked_for_only_when_something_has_changed() {
    let mut stage = Stage::full(View::Llm);
    assert!(stage.console.take_changed());
    assert!(!stage.console.take_changed());
    stage.press("j");
    assert!(stage.console.take_changed());
    // A feed that is not wanted changes nothing.
    stage.tell(Feed::Workers, rows(&[]));
    assert!(!stage.console.take_changed());
}
