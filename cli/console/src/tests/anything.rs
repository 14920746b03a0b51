//! Whatever is typed and told, in whatever terminal: it goes on, and chooses a row that there is.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stage::{Stage, answers};
use crate::{Feed, TroubleKind, View, What};

#[derive(Clone, Debug)]
enum Step {
    Key(KeyEvent),
    /// What it wants to know, as it should be.
    All,
    /// To the feed of that place among the wanted.
    Tell(usize, Odd),
    Wait(u64),
    Draw(u16, u16),
}

/// What no server should say.
#[derive(Clone, Debug)]
enum Odd {
    Rows(Vec<Value>, bool),
    Object(Value),
    Changed(Value),
    Gone(String),
    Line(String),
    Text(String),
    Lost(u8),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let letters = "jkgGnpdlvbsScexry/:?qQ 123456789aZ日\u{301}👩"
        .chars()
        .collect::<Vec<_>>();
    let code = prop_oneof![
        6 => prop::sample::select(letters).prop_map(KeyCode::Char),
        2 => prop::sample::select(vec![KeyCode::Esc, KeyCode::Enter, KeyCode::Tab, KeyCode::BackTab,
            KeyCode::Up, KeyCode::Down, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home,
            KeyCode::End, KeyCode::Backspace, KeyCode::Left, KeyCode::F(5), KeyCode::Null]),
    ];
    let modifiers = prop_oneof![
        8 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        prop::sample::select(vec![
            "laptop",
            "active",
            "2026-11-21T09:30:00Z",
            "running",
            "virtual"
        ])
        .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "metadata",
        "spec",
        "status",
        "name",
        "id",
        "phase",
        "items",
        "counts",
        "jobs",
        "llm",
        "kind",
        "inFlight",
        "tokensPerSecond",
        "createdAt",
        "serves",
        "worker_id",
        "tags",
        "lastError",
        "\u{1b}[2J",
    ]);
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5)
                .prop_map(|fields| json!(fields)),
        ]
    })
}

fn odd() -> impl Strategy<Value = Odd> {
    prop_oneof![
        (prop::collection::vec(value(), 0..6), any::<bool>()).prop_map(|(v, m)| Odd::Rows(v, m)),
        value().prop_map(Odd::Object),
        value().prop_map(Odd::Changed),
        prop::sample::select(vec!["laptop", "gpt", ""]).prop_map(|name| Odd::Gone(name.into())),
        ".{0,80}".prop_map(Odd::Line),
        ".{0,80}".prop_map(Odd::Text),
        (0u8..4).prop_map(Odd::Lost),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => key().prop_map(Step::Key),
        3 => Just(Step::All),
        3 => (0usize..6, odd()).prop_map(|(place, odd)| Step::Tell(place, odd)),
        1 => (0u64..100).prop_map(Step::Wait),
        3 => (0u16..210, 0u16..60).prop_map(|(width, height)| Step::Draw(width, height)),
        2 => Just(Step::Draw(80, 24)),
    ]
}

fn tell(stage: &mut Stage, place: usize, odd: Odd) {
    let wanted = stage.console.wanted();
    let feed: Feed = wanted[place % wanted.len()].clone();
    let what = match odd {
        Odd::Rows(rows, more) => What::Rows { rows, more },
        Odd::Object(object) => What::Object(object),
        Odd::Changed(row) => What::Changed(row),
        Odd::Gone(name) => What::Gone(name),
        Odd::Line(line) => What::Line(line),
        Odd::Text(text) => What::Text(text),
        Odd::Lost(kind) => {
            let kinds = [
                TroubleKind::Away,
                TroubleKind::Unknown,
                TroubleKind::Forbidden,
                TroubleKind::Other,
            ];
            let kind = kinds[usize::from(kind) % kinds.len()];
            stage.lose(feed, kind, "why\n你好", Some("that"));
            return;
        }
    };
    stage.tell(feed, what);
}

fuzzing::targets! {
    #![cases(48)]

    fn it_goes_on_and_chooses_a_row_that_there_is(
        view in prop::sample::select(View::ALL.to_vec()),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut stage = Stage::empty(view);
        for step in steps {
            match step {
                Step::Key(key) => drop(stage.console.key(key)),
                Step::All => stage.tell_all(),
                Step::Tell(place, odd) => tell(&mut stage, place, odd),
                Step::Wait(seconds) => stage.wait(seconds),
                Step::Draw(width, height) => drop(stage.buffer(width, height)),
            }
            let table = stage.console.table();
            prop_assert!(table.chosen() < table.rows().len().max(1));
            prop_assert!(stage.console.wanted().len() <= 6);
            prop_assert!(stage.console.before.len() <= 32);
        }
        // What is well makes it well again.
        stage.press("<Esc><Esc><Esc>1");
        for what in answers(&Feed::Llms) {
            stage.tell(Feed::Llms, what);
        }
        prop_assert_eq!(stage.console.table().total(), 4);
    }
}
