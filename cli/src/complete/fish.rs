//! The script for fish 3 and later.

use super::model::Node;

pub(super) fn script(nodes: &[Node]) -> String {
    let mut table = String::new();
    let mut values = String::new();
    for node in nodes {
        let path = &node.path;
        let list = |entries: Vec<(&str, &str)>| {
            let each = entries
                .into_iter()
                .map(|(word, about)| format!(" \\\n                {word}\\t{}", quoted(about)));
            each.collect::<String>()
        };
        let subs = list(node.subcommands.iter().map(|(n, a)| (&**n, &**a)).collect());
        let flags = list(node.flags.iter().map(|f| (&*f.word, &*f.about)).collect());
        table += &format!(
            "        case '{path}'\n            set subs{subs}\n            set flags{flags}\n            set slot '{}'\n            set many {}\n",
            node.slot.text(),
            u8::from(node.many)
        );
        for flag in &node.flags {
            if let Some(value) = &flag.value {
                values += &format!(
                    "        case '{path} {}'\n            echo '{}'\n",
                    flag.word,
                    value.text()
                );
            }
        }
    }
    TEMPLATE
        .replace("{table}", &table)
        .replace("{values}", &values)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

const TEMPLATE: &str = r#"# fish completion for mcpctl; made by `mcpctl completions fish`

function __mcpctl_table --no-scope-shadowing --argument-names __mcpctl_path
    set subs
    set flags
    set slot ''
    set many 0
    switch "$__mcpctl_path"
{table}    end
end

# What follows a flag; fails where nothing does.
function __mcpctl_value
    switch "$argv[1] $argv[2]"
{values}        case '*'
            return 1
    end
end

function __mcpctl_complete
    set -l subs
    set -l flags
    set -l slot ''
    set -l many 0
    set -l tokens (commandline -opc)
    set -l cur (commandline -ct)
    set -l at ''
    set -l first ''
    set -l want ''
    set -l count 0
    set -l pass
    set -l kind ''
    set -l from ''

    for word in $tokens[2..-1]
        if test -n "$want"
            contains -- $want --server --context; and set -a pass $want $word
            set want ''
            continue
        end
        switch $word
            case '--server=*' '--context=*'
                set -a pass $word
            case '-*=*'
            case '-*'
                __mcpctl_value "$at" $word >/dev/null; and set want $word
            case '*'
                __mcpctl_table "$at"
                if test $count -eq 0; and string match -q -- "$word"\t'*' $subs
                    set at "$at $word"
                else
                    test $count -eq 0; and set first $word
                    set count (math $count + 1)
                end
        end
    end

    __mcpctl_table "$at"
    if test -n "$want"
        set kind (__mcpctl_value "$at" $want)
    else if string match -q -- '--*=*' $cur
        set from (string replace -r -- '=.*' '=' $cur)
        set kind (__mcpctl_value "$at" (string replace -r -- '=.*' '' $cur))
        set cur (string replace -r -- '^[^=]*=' '' $cur)
    else if string match -q -- '-*' $cur
        printf '%s\n' $flags
        return
    else if set -q subs[1]
        printf '%s\n' $subs
        return
    else if test $count -eq 0 -o $many -eq 1
        set kind $slot
        if string match -q -- '@what*' "$slot"; and test $count -gt 0; and not string match -q -- '*/*' $first
            set kind "@of:$first"
        end
    end

    switch "$kind"
        case ''
        case @file
            printf '%s\n' $from(__fish_complete_path $cur)
        case '@*'
            set -l found (command mcpctl $pass __complete (string sub -s 2 -- $kind) "$cur" 2>/dev/null)
            printf '%s\n' $from$found
        case '*'
            printf '%s\n' $from(string split ' ' -- $kind)
    end
end

complete -c mcpctl -e
complete -c mcpctl -f -a '(__mcpctl_complete)'
"#;
