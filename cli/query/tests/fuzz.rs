//! Expressions that people type, and values that anybody sends: read or refused with a place, and never more.

use fuzzing::{bytes, garbled, mutated};
use proptest::prelude::*;
use query::{BadExpression, Columns, FieldSelector, Path, Selector, Template, sort_by, text};
use serde_json::Value;

const EXPRESSIONS: [&str; 14] = [
    r#"{range .items[*]}{.metadata.name}{"\t"}{.status.phase}{'\n'}{end}"#,
    r#"{.items[?(@.status.phase=="active")].metadata.name}"#,
    r"{.items[*].metadata.labels.a\.b/c}",
    "{..name}",
    "{.items[-1:].x}{.items[0:9:2]}",
    "{.items[*]['metadata.name', 'status']}",
    "NAME:.metadata.name,PHASE:.status.phase,LAST:{.items[-1].x}",
    "team=docs,tier in (fast, heavy),x notin (a),!old,b!=c,d==e",
    "status.phase=active,spec.kind!=virtual,metadata.name==a",
    ".status.inFlight",
    "$['a'][?(length(@.b) > 1 && !(@.c || @.d <= -1.5e3))]",
    "NAME PHASE\n.metadata.name .status.phase",
    "{range .a}{range .b}{.c}{end}{$.d}{end}ü👋",
    "{.a[(",
];

const VALUES: [&str; 2] = [
    r#"{"kind":"LlmList","items":[{"metadata":{"name":"laptop","labels":{"a.b/c":"l"}},"status":{"phase":"active","n":2,"inFlight":1.5}},{"metadata":{"name":"gpt"},"status":{"phase":"inactive","n":null,"inFlight":true}},null,[1,"x"]]}"#,
    r#"{"a":[{"a":{"b":[1,2,{"d":"x"}]},"b":[],"c":{"":0}}],"d":"\u001b[31m"}"#,
];

fn expression() -> impl Strategy<Value = String> {
    let written = prop_oneof![6 => garbled(&EXPRESSIONS, 5), 1 => bytes(40)];
    let deep = (
        proptest::sample::select(vec![
            "(",
            "[",
            "{",
            "!",
            ".a[?(",
            "[?(@",
            "..",
            "{range .a}",
        ]),
        0..300usize,
    );
    let deep = prop_oneof![9 => Just(String::new()), 1 => deep.prop_map(|(part, times)| part.repeat(times))];
    (written, deep, any::<bool>()).prop_map(|(written, deep, before)| {
        let written = String::from_utf8_lossy(&written).into_owned();
        if before {
            deep + &written
        } else {
            written + &deep
        }
    })
}

/// The one that was read; a fault must be told in words.
fn read<T>(read: Result<T, BadExpression>) -> Option<T> {
    read.inspect_err(|why| assert!(!why.to_string().is_empty()))
        .ok()
}

fuzzing::targets! {
    fn any_expression_is_read_or_refused_and_takes_only_what_is_there(
        source in expression(),
        value in mutated(&VALUES),
    ) {
        let Some(value) = value.value() else { return Ok(()) };
        if let Some(path) = read(source.parse::<Path>()) {
            let all = path.all(&value);
            prop_assert_eq!(path.first(&value), all.first().copied());
            let texts = all.into_iter().map(text).collect::<Vec<_>>();
            prop_assert!(texts.len() <= 100_000);
            let mut values = match &value["items"] {
                Value::Array(items) => items.clone(),
                other => vec![other.clone(), value.clone(), Value::Null],
            };
            let before = values.clone();
            sort_by(&mut values, &path);
            prop_assert!(before.iter().all(|one| values.contains(one)) && before.len() == values.len());
            let sorted = values.clone();
            sort_by(&mut values, &path);
            prop_assert_eq!(values, sorted);
        }
        if let Some(template) = read(source.parse::<Template>()) {
            let _ = template.render(&value);
        }
        for columns in [source.parse::<Columns>(), Columns::from_lines(&source)] {
            if let Some(columns) = read(columns) {
                prop_assert_eq!(columns.headers().len(), columns.row(&value).len());
            }
        }
        if let Some(selector) = read(source.parse::<Selector>()) {
            let labels = value["metadata"]["labels"].clone();
            let matches = |selector: &Selector| selector.matches(|key| labels.get(key).and_then(Value::as_str));
            prop_assert_eq!(matches(&selector), matches(&source.parse().unwrap()));
        }
        if let Some(selector) = read(source.parse::<FieldSelector>()) {
            let _ = selector.matches(&value);
        }
    }
}
