//! The script for zsh: to be found on `fpath` as `_mcpctl`, or sourced.

use super::model::Node;

pub(super) fn script(nodes: &[Node]) -> String {
    let mut table = String::new();
    let mut values = String::new();
    for node in nodes {
        let path = &node.path;
        let list = |entries: Vec<(&str, &str)>| {
            let each = entries.into_iter().map(|(word, about)| {
                let about = about.replace('\'', "'\\''");
                format!("            '{word}:{about}'\n")
            });
            each.collect::<String>()
        };
        let subs = list(node.subcommands.iter().map(|(n, a)| (&**n, &**a)).collect());
        let flags = list(node.flags.iter().map(|f| (&*f.word, &*f.about)).collect());
        table += &format!(
            "    '{path}')\n        subs=(\n{subs}        )\n        flags=(\n{flags}        )\n        slot='{}' many={}\n        ;;\n",
            node.slot.text(),
            u8::from(node.many)
        );
        for flag in &node.flags {
            if let Some(value) = &flag.value {
                values += &format!("    '{path} {}') value='{}' ;;\n", flag.word, value.text());
            }
        }
    }
    TEMPLATE
        .replace("{table}", &table)
        .replace("{values}", &values)
}

const TEMPLATE: &str = r#"#compdef mcpctl
# zsh completion for mcpctl; made by `mcpctl completions zsh`

_mcpctl_table() {
    subs=() flags=() slot='' many=0
    case "$1" in
{table}    esac
}

# What follows a flag; fails where nothing does.
_mcpctl_value() {
    case "$1 $2" in
{values}    *) return 1 ;;
    esac
}

_mcpctl() {
    emulate -L zsh
    local slot many value word kind='' cur="${words[CURRENT]}" first='' want='' at=''
    local -i count=0
    local -a subs flags pass found

    for word in "${(@Q)words[2,CURRENT-1]}"; do
        if [[ -n $want ]]; then
            [[ $want == (--server|--context) ]] && pass+=("$want" "$word")
            want=''
            continue
        fi
        case "$word" in
        --server=*|--context=*) pass+=("$word") ;;
        -*=*) ;;
        -*) _mcpctl_value "$at" "$word" && want=$word ;;
        *)
            _mcpctl_table "$at"
            if (( count == 0 && ${subs[(I)${(b)word}:*]} )); then
                at="$at $word"
            else
                (( count == 0 )) && first=$word
                count+=1
            fi
            ;;
        esac
    done

    _mcpctl_table "$at"
    if [[ -n $want ]]; then
        _mcpctl_value "$at" "$want" && kind=$value
    elif [[ $cur == --*=* ]]; then
        _mcpctl_value "$at" "${cur%%=*}" && kind=$value
        compset -P '*='
        cur=${cur#*=}
    elif [[ $cur == -* ]]; then
        _describe -o 'option' flags
        return
    elif (( $#subs )); then
        _describe 'command' subs
        return
    elif (( count == 0 || many )); then
        kind=$slot
        [[ $slot == @what* && $count -gt 0 && $first != */* ]] && kind="@of:$first"
    fi

    case "$kind" in
    '') return 1 ;;
    @file) _files ;;
    @*)
        found=(${(f)"$(command mcpctl $pass __complete "${kind#@}" "${(Q)cur}" 2>/dev/null)"})
        compadd -a found
        ;;
    *)
        found=(${=kind})
        compadd -a found
        ;;
    esac
}

if [[ "${funcstack[1]}" == _mcpctl ]]; then
    _mcpctl "$@"
elif (( $+functions[compdef] )); then
    compdef _mcpctl mcpctl
fi
"#;
