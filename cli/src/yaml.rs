//! YAML as people write it today: `no` and `n` are words, and not `false`.

use serde_json::Value;

/// One document.
pub(crate) fn one(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str_with_options(text, options()).map_err(in_words)
}

/// All documents of a text; empty ones are passed over.
pub(crate) fn all(text: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple_with_options(text, options()).map_err(in_words)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

fn in_words(why: serde_saphyr::Error) -> String {
    let why = why.to_string();
    why.strip_prefix("error: ").unwrap_or(&why).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Manifests as people write them, and what YAML can do besides.
    const RECORDED: [&str; 6] = [
        "apiVersion: mcpctl/v1\nkind: Llm\nmetadata:\n  name: a\n  labels: {team: docs, n: no}\nspec:\n  type: openai\n  url: https://api.example/v1\n  capabilities: [chat, \"stream\"]\n---\nkind: Secret\nname: s\n",
        "a: &x [1, 2.0, 0x1f, 0o17, 1e3, .inf, ~]\nb: *x\nc: {<<: {d: 1}, e: |-\n  text\n   more\n, f: >+\n  folded\n\n}\n",
        "- 'single ''quoted'' word'\n- \"double \\u00e9 \\x41 \\n\"\n- ? complex\n  : key\n- !!str 5\n- 2026-11-21T09:30:00Z\n...\n--- # comment\n",
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
        "{\"kind\": \"List\", \"items\": [{\"a\": [[[[[[[[{}]]]]]]]]}]}\n",
        "\u{feff}%YAML 1.2\n---\nkey:\twith tab\nkey: twice\n",
    ];

    fuzzing::targets! {
        fn any_manifest_is_documents_or_an_error_in_words(
            text in prop_oneof![6 => fuzzing::garbled(&RECORDED, 5), 1 => fuzzing::bytes(120)],
            nested in prop_oneof![9 => Just(0), 1 => 1..20_000usize],
        ) {
            let text = format!("{}{}", "[".repeat(nested), String::from_utf8_lossy(&text));
            match all(&text) {
                // As JSON, which is YAML too, they mean the same.
                Ok(documents) => for document in documents {
                    prop_assert_eq!(one(&document.to_string()).ok(), Some(document));
                },
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }

    #[test]
    fn a_word_is_no_boolean() {
        let value = json!({"a": "n", "b": "no", "c": true, "d": "on", "e": 1, "f": null});
        assert_eq!(
            one("{a: n, b: no, c: true, d: on, e: 1, f: null}").unwrap(),
            value
        );
        assert_eq!(all("a: y\n---\n---\nb: 2\n").unwrap().len(), 2);
        assert!(one("a: [").unwrap_err().starts_with("line 1"));
    }
}
