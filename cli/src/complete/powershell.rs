//! The script for PowerShell 5 and later.

use super::model::Node;

pub(super) fn script(nodes: &[Node]) -> String {
    let mut table = String::new();
    let mut values = String::new();
    for node in nodes {
        let list = |entries: Vec<(&str, &str)>| {
            let each = entries.into_iter().map(|(word, about)| {
                let about = about.replace('\'', "''");
                let about = if about.is_empty() { word } else { &about };
                format!("            '{word}' = '{about}'\n")
            });
            each.collect::<String>()
        };
        let subs = list(node.subcommands.iter().map(|(n, a)| (&**n, &**a)).collect());
        let flags = list(node.flags.iter().map(|f| (&*f.word, &*f.about)).collect());
        table += &format!(
            "    '{}' = @{{\n        Subs = [ordered]@{{\n{subs}        }}\n        Flags = [ordered]@{{\n{flags}        }}\n        Slot = '{}'; Many = ${}\n    }}\n",
            node.path,
            node.slot.text(),
            node.many
        );
        for flag in &node.flags {
            if let Some(value) = &flag.value {
                values += &format!("    '{} {}' = '{}'\n", node.path, flag.word, value.text());
            }
        }
    }
    TEMPLATE
        .replace("{table}", &table)
        .replace("{values}", &values)
}

const TEMPLATE: &str = r#"# PowerShell completion for mcpctl; made by `mcpctl completions powershell`

# Keys differ by case (-v and -V), so these tables must too.
$script:McpctlTable = [System.Collections.Hashtable]::new([System.StringComparer]::Ordinal)
@{
{table}}.GetEnumerator() | ForEach-Object { $script:McpctlTable[$_.Key] = $_.Value }
$script:McpctlValues = @{
{values}}

Register-ArgumentCompleter -Native -CommandName 'mcpctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $cur = "$wordToComplete"
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 | ForEach-Object { "$_" })
    $at = ''; $first = ''; $want = ''; $count = 0; $pass = @(); $kind = ''; $from = ''
    foreach ($word in $words) {
        if ($want) {
            if ($want -in '--server', '--context') { $pass += $want, $word }
            $want = ''
        } elseif ($word -match '^--(server|context)=') { $pass += $word
        } elseif ($word -match '^-.*=') {
        } elseif ($word -like '-*') {
            if ($script:McpctlValues.ContainsKey("$at $word")) { $want = $word }
        } elseif ($count -eq 0 -and $script:McpctlTable[$at].Subs.Contains($word)) {
            $at = "$at $word"
        } else {
            if ($count -eq 0) { $first = $word }
            $count++
        }
    }

    $node = $script:McpctlTable[$at]
    $candidates = [ordered]@{}
    if ($want) { $kind = $script:McpctlValues["$at $want"]
    } elseif ($cur -match '^(--[^=]+)=(.*)$') {
        $from = "$($Matches[1])="; $cur = $Matches[2]
        $kind = $script:McpctlValues["$at $($Matches[1])"]
    } elseif ($cur -like '-*') { $candidates = $node.Flags
    } elseif ($node.Subs.Count) { $candidates = $node.Subs
    } elseif ($count -eq 0 -or $node.Many) {
        $kind = $node.Slot
        if ($kind -like '@what*' -and $count -gt 0 -and $first -notlike '*/*') { $kind = "@of:$first" }
    }
    if ($kind -eq '@file') { return }
    if ($kind -like '@*') {
        $found = & mcpctl @pass __complete $kind.Substring(1) $cur 2>$null
        foreach ($name in $found) { $candidates[$name] = $name }
    } elseif ($kind) {
        foreach ($name in $kind -split ' ') { $candidates[$name] = $name }
    }
    foreach ($name in $candidates.Keys) {
        if ($name.StartsWith($cur, [System.StringComparison]::Ordinal)) {
            [System.Management.Automation.CompletionResult]::new(
                "$from$name", $name, 'ParameterValue', $candidates[$name])
        }
    }
}
"#;
