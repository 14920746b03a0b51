//! The script for bash 4 and later, with or without bash-completion.
//!
//! bash splits words at `:` and `=`; the line is split at blanks here, and what bash has already
//! is taken off each reply, so that `qwen2.5:7b` completes.

use super::model::Node;

pub(super) fn script(nodes: &[Node]) -> String {
    let mut table = String::new();
    let mut values = String::new();
    for node in nodes {
        let path = &node.path;
        let subs: Vec<_> = node.subcommands.iter().map(|(name, _)| &**name).collect();
        let flags: Vec<_> = node.flags.iter().map(|flag| &*flag.word).collect();
        table += &format!(
            "    '{path}')\n        subs='{}'\n        flags='{}'\n        slot='{}' many={}\n        ;;\n",
            subs.join(" "),
            flags.join(" "),
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

const TEMPLATE: &str = r#"# bash completion for mcpctl; made by `mcpctl completions bash`

_mcpctl_table() {
    subs='' flags='' slot='' many=0
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
    local IFS=$' \t\n'
    local subs flags slot many value word kind='' cur='' path='' first='' want='' from='' full head
    local count=0 line=${COMP_LINE:0:COMP_POINT}
    local -a words pass
    read -ra words <<<"$line"
    case "$line" in
    *[[:space:]]) ;;
    *)
        cur=${words[${#words[@]} - 1]}
        unset "words[${#words[@]} - 1]"
        ;;
    esac
    full=$cur

    for word in "${words[@]:1}"; do
        if [[ -n $want ]]; then
            case "$want" in --server | --context) pass+=("$want" "$word") ;; esac
            want=''
            continue
        fi
        case "$word" in
        --server=* | --context=*) pass+=("$word") ;;
        -*=*) ;;
        -*) _mcpctl_value "$path" "$word" && want=$word ;;
        *)
            _mcpctl_table "$path"
            if [[ $count -eq 0 && " $subs " == *" $word "* ]]; then
                path="$path $word"
            else
                [[ $count -eq 0 ]] && first=$word
                count=$((count + 1))
            fi
            ;;
        esac
    done

    _mcpctl_table "$path"
    if [[ -n $want ]]; then
        _mcpctl_value "$path" "$want" && kind=$value
    elif [[ $cur == --*=* ]]; then
        from="${cur%%=*}="
        _mcpctl_value "$path" "${cur%%=*}" && kind=$value
        cur=${cur#*=}
    elif [[ $cur == -* ]]; then
        kind=$flags
    elif [[ -n $subs ]]; then
        kind=$subs
    elif [[ $count -eq 0 || $many -eq 1 ]]; then
        kind=$slot
        [[ $slot == @what* && $count -gt 0 && $first != */* ]] && kind="@of:$first"
    fi

    COMPREPLY=()
    case "$kind" in
    '') return ;;
    @file)
        compopt -o default 2>/dev/null
        return
        ;;
    @*) kind=$(command mcpctl ${pass[@]+"${pass[@]}"} __complete "${kind#@}" "$cur" 2>/dev/null) ;;
    esac
    for word in $kind; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$from$word")
    done
    case "$COMP_WORDBREAKS" in
    *:*) head=${full%"${full##*[:=]}"} ;;
    *=*) head=${full%"${full##*=}"} ;;
    *) head='' ;;
    esac
    COMPREPLY=(${COMPREPLY[@]+"${COMPREPLY[@]#"$head"}"})
}

complete -F _mcpctl mcpctl
"#;
