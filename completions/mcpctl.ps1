# PowerShell completion for mcpctl; made by `mcpctl completions powershell`

# Keys differ by case (-v and -V), so these tables must too.
$script:McpctlTable = [System.Collections.Hashtable]::new([System.StringComparer]::Ordinal)
@{
    '' = @{
        Subs = [ordered]@{
            'init' = 'Set this machine up, and publish its models'
            'login' = 'Log in to a server and remember it'
            'logout' = 'Forget the token of a server'
            'whoami' = 'Show whom the server takes you for'
            'context' = 'Choose among servers'
            'get' = 'List resources, or show some of them'
            'describe' = 'Show all fields of resources, and what one would look up next'
            'create' = 'Create a resource'
            'apply' = 'Make resources be as files say'
            'diff' = 'Show what `apply` would change'
            'edit' = 'Change a resource in your editor'
            'delete' = 'Delete resources'
            'wait' = 'Wait until resources stand as wanted'
            'logs' = 'Show a job''s events, an LLM''s requests, or the log of mcplocal'
            'set' = 'Change a part of a resource'
            'explain' = 'Explain a type''s fields, or where a request would go'
            'top' = 'Show how busy things are'
            'console' = 'Look at everything live, and act on it'
            'jobs' = 'Submit, follow and manage durable jobs'
            'api-resources' = 'List the resource types and their short forms'
            'chat-llm' = 'Talk to an LLM'
            'worker' = 'Run jobs with a command of your own'
            'local' = 'Control the mcplocal of this machine'
            'doctor' = 'Look for what is wrong, and say how to mend it'
            'completions' = 'Print the completion script of a shell'
            'man' = 'Print manual pages, or write all of them'
            'version' = 'Show the versions of mcpctl, of the server and of this machine''s mcplocal'
            'help' = 'Explain a command or a topic'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
            '--version' = 'Print version'
            '-V' = 'Print version'
        }
        Slot = ''; Many = $false
    }
    ' init' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--publish' = 'Publish these, by the model''s id or the name proposed for it'
            '--provider' = 'A model server that is not on this machine, or not on a usual port'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--yes' = 'Ask nothing: take the defaults, and publish every chat model found, at most 10'
            '-y' = 'Ask nothing: take the defaults, and publish every chat model found, at most 10'
            '--token-stdin' = 'Read the token from stdin, never from a prompt; needs --yes'
            '--insecure-storage' = 'Store the token in the private file even where there is a keyring'
            '--no-service' = 'Start mcplocal in the background, and leave the service manager alone'
            '--dry-run' = 'Print the config.json that would be written, and change nothing'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' login' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--with-token' = 'Read the token from stdin, never from a prompt'
            '--insecure-storage' = 'Store the token in the private file even where there is a keyring'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' logout' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' whoami' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' context' = @{
        Subs = [ordered]@{
            'list' = 'List the contexts'
            'use' = 'Make a context the current one'
            'show' = 'Show a context, or the one in use'
            'delete' = 'Remove a context; its token stays until `mcpctl logout`'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' context list' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' context use' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@context'; Many = $false
    }
    ' context show' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@context'; Many = $false
    }
    ' context delete' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@context'; Many = $false
    }
    ' get' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--selector' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '-l' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '--field-selector' = 'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between'
            '--sort-by' = 'Order by the field at this path, such as .status.phase; those without it come last'
            '--by' = 'What `usage` is summed by, commas between; default: llm'
            '--since' = 'From when `usage` counts, such as 7d or 2026-11-01 (UTC); default: the first of the month'
            '--until' = 'Until when `usage` counts, exclusive; default: now'
            '--llm' = 'Only this LLM, for `usage` and `requests`'
            '--principal' = 'Only on this one''s behalf, for `usage`'
            '--limit' = 'How many `requests` or `jobs`, newest first; default: 50'
            '--period' = 'Which `costs`: of the current day, week or month (UTC); default: month'
            '--status' = 'Only `jobs` that stand so'
            '--kind' = 'Only `jobs` of this kind'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--watch' = 'Go on with changes, until Ctrl-C'
            '-w' = 'Go on with changes, until Ctrl-C'
            '--no-headers' = 'Leave the header line out'
            '--show-labels' = 'Show the labels as the last column'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what-get'; Many = $true
    }
    ' describe' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--selector' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '-l' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '--field-selector' = 'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what'; Many = $true
    }
    ' create' = @{
        Subs = [ordered]@{
            'llm' = 'Register a public LLM, which the server calls over HTTP'
            'alias' = 'Put one name in front of several LLMs'
            'price' = 'Say what tokens cost'
            'secret' = 'Store values that only the server will read'
            'token' = 'Make an access token; its value is printed once'
            'job' = 'Submit a job that runs until it has ended, whatever breaks in between'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' create llm' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--type' = 'The dialect'
            '--model' = 'The provider''s own model id'
            '--url' = 'The provider''s base URL; default: the vendor''s, Ollama''s on the server''s own machine'
            '--key' = 'Where the API key is kept'
            '--tier' = 'A routing hint: fast, balanced, heavy, or a word of your own'
            '--max-concurrency' = 'Requests that it takes at once; default: 256'
            '--max-queue' = 'Requests that may wait for their turn; default: 32'
            '--breaker-failures' = 'Failures in a row that take it out of rotation; default: 3'
            '--breaker-open-for' = 'How long it stays out before one request probes it, such as 30s; default: 5m'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--no-stream-usage' = 'Don''t ask its streams for their usage: for servers that refuse `stream_options`'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' create alias' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--model' = 'A model id: every LLM that serves it belongs to the pool'
            '--llm' = 'An LLM that belongs to the pool; may be given several times'
            '--policy' = 'Who is called first; default: prefer-local'
            '--fallback' = 'An LLM, alias or model id to try when the pool is spent; may be given several times'
            '--on-unavailable' = 'What becomes of a request that nobody can take now; default: fail'
            '--timeout' = 'What a request to it may take in all, such as 2m; here the alias''s, not this call''s'
            '--first-byte-timeout' = 'How long a candidate may say nothing before the next one is tried, such as 10s'
            '--cache-ttl' = 'Keep answers for so long, to be given again, such as 10m'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--cache-always' = 'Keep also answers of requests with a temperature other than 0'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' create price' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--input' = 'For a million tokens of prompts'
            '--output' = 'For a million tokens of answers; default: 0'
            '--cached-input' = 'For a million tokens of prompts that the provider had cached; default: as --input'
            '-o' = 'How to print, as with all commands; here only as -o'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' create secret' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--from-stdin' = 'Read this field from stdin, or from a prompt that does not echo'
            '--from-file' = 'Read a field from a file'
            '--from-env' = 'Read a field from an environment variable'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' create token' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--role' = 'What its bearer may do; may be given several times'
            '--principal' = 'On whose behalf its bearer acts'
            '--expires' = 'When it ends, counted from now, such as 12h or 30d'
            '--requests-per-minute' = 'Requests in any minute'
            '--tokens-per-minute' = 'Tokens in any minute, in and out together'
            '--max-concurrency' = 'Requests at once'
            '--budget' = 'US dollars per period'
            '--budget-period' = 'When the budget begins anew, in UTC; default: month'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' create job' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--kind' = 'What is to be done: llm.chat, llm.embed, echo, or an external worker''s own word'
            '--llm' = 'The LLM or alias to ask; with --prompt it makes the payload of llm.chat'
            '--prompt' = 'What to ask it; - reads stdin'
            '--system' = 'How it is to answer'
            '--payload' = 'The payload of any kind: JSON, @FILE, or - for stdin'
            '--priority' = 'Higher comes first; default: 0'
            '--max-attempts' = 'Attempts before it is given up; default: 3'
            '--deadline' = 'By when a result is wanted, such as 10m or 2026-11-21T09:30:00Z; it expires then'
            '--run-at' = 'Not before this, such as ''in 5m'' or 2026-11-21T09:30:00Z'
            '--unique-key' = 'Make none while a job with this key has not ended; that one is meant then'
            '--label' = 'A label, for people and filters; may be given several times'
            '--idempotency-key' = 'Makes it safe to repeat the command: the same key and job give the same job again'
            '--timeout' = 'How long to wait for the job, such as 10m; here not this call''s'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--wait' = 'Wait for the end, and print the answer'
            '-w' = 'Wait for the end, and print the answer'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' apply' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--filename' = 'A file, a folder of .yaml, .yml and .json files, or - for stdin'
            '-f' = 'A file, a folder of .yaml, .yml and .json files, or - for stdin'
            '--dry-run' = 'Say what would be done, and don''t do it'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' diff' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--filename' = 'A file, a folder of .yaml, .yml and .json files, or - for stdin'
            '-f' = 'A file, a folder of .yaml, .yml and .json files, or - for stdin'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' edit' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what'; Many = $true
    }
    ' delete' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--filename' = 'What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin'
            '-f' = 'What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin'
            '--selector' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '-l' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '--field-selector' = 'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--all' = 'Delete all of the type'
            '--ignore-not-found' = 'Don''t mind what is not there'
            '--yes' = 'Don''t ask'
            '-y' = 'Don''t ask'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what'; Many = $true
    }
    ' wait' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--for' = 'What for: status=WORD, create, delete, jsonpath=PATH or jsonpath=PATH=VALUE'
            '--selector' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '-l' = 'Only those with these labels: KEY=VALUE, KEY!=VALUE, ''KEY in (A,B)'', KEY, !KEY; commas between'
            '--field-selector' = 'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between'
            '--timeout' = 'How long to wait, such as 2m; here not a call''s'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--all' = 'All of the type that are there'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what'; Many = $true
    }
    ' logs' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--tail' = 'At most so many of the last; default: 50 requests, 200 lines of the daemon, all of a job'
            '--since' = 'From when, such as 1h or 2026-11-01 (UTC)'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--follow' = 'Go on with what comes, until Ctrl-C'
            '-f' = 'Go on with what comes, until Ctrl-C'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@what'; Many = $true
    }
    ' set' = @{
        Subs = [ordered]@{
            'limits' = 'Change what a token''s bearer may use'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' set limits' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--requests-per-minute' = 'Requests in any minute'
            '--tokens-per-minute' = 'Tokens in any minute, in and out together'
            '--max-concurrency' = 'Requests at once'
            '--budget' = 'US dollars per period'
            '--budget-period' = 'When the budget begins anew, in UTC; default: month'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--clear' = 'Drop every limit that is not named'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@limits'; Many = $false
    }
    ' explain' = @{
        Subs = [ordered]@{
            'route' = 'Say which LLM a request would go to now, and why not to the others'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--recursive' = 'Show the fields of the fields too, by their names'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = 'llm alias price secret token job'; Many = $false
    }
    ' explain route' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--no-headers' = 'Leave the header line out'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@route'; Many = $false
    }
    ' top' = @{
        Subs = [ordered]@{
            'llm' = 'Show how busy each LLM is, live on a terminal'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' top llm' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--interval' = 'How often to look, such as 500ms or 10s'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--once' = 'Print the table once'
            '--no-headers' = 'Leave the header line out'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@llm'; Many = $true
    }
    ' console' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--read-only' = 'Change nothing: no edit, no delete, no cancel, no retry'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = 'llm publishers jobs usage requests alias price secret token'; Many = $false
    }
    ' jobs' = @{
        Subs = [ordered]@{
            'submit' = 'Submit a file of jobs'
            'watch' = 'Follow jobs until they have ended'
            'wait' = 'Wait until jobs have ended'
            'logs' = 'Show what a job has told so far'
            'cancel' = 'Take jobs back'
            'retry' = 'Queue ended jobs anew'
            'top' = 'Show how many jobs there are, what runs and what waits for what, live on a terminal'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' jobs submit' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--filename' = 'A file with a job on each line, or - for stdin'
            '-f' = 'A file with a job on each line, or - for stdin'
            '--batch' = 'Jobs in one call, at most'
            '--idempotency-prefix' = 'Tells this submission of the file from others of the same file'
            '--timeout' = 'How long to wait for the jobs, such as 2h; here not a call''s'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--wait' = 'Wait until all have ended'
            '-w' = 'Wait until all have ended'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' jobs watch' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@job'; Many = $true
    }
    ' jobs wait' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--timeout' = 'How long to wait, such as 10m; default: as long as it takes'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@job'; Many = $true
    }
    ' jobs logs' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--follow' = 'Go on until it has ended'
            '-f' = 'Go on until it has ended'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@job'; Many = $false
    }
    ' jobs cancel' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@job'; Many = $true
    }
    ' jobs retry' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@job'; Many = $true
    }
    ' jobs top' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--interval' = 'How often to look, such as 500ms or 10s'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--once' = 'Print it once'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $false
    }
    ' api-resources' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--no-headers' = 'Leave the header line out'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' chat-llm' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--message' = 'Ask this and leave'
            '-m' = 'Ask this and leave'
            '--system' = 'What the model should know or be beforehand'
            '--temperature' = 'How freely it answers, 0 to 2'
            '--max-tokens' = 'The most tokens of an answer'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--no-stream' = 'Wait for the whole answer'
            '--continue' = 'Go on with the last conversation'
            '--raw' = 'Show answers as they are written, not as rendered Markdown'
            '--hide-thinking' = 'Don''t show what the model thinks before it answers'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@route'; Many = $false
    }
    ' worker' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--kinds' = 'What it can do, commas between'
            '--exec' = 'The command, as a line for `sh -c`'
            '--name' = 'What people see it as; default: host and process id'
            '--tag' = 'A word about this worker, for people; may be given several times'
            '--concurrency' = 'How many jobs run at once'
            '--lease' = 'How long the server waits for a sign of life before another worker may have the job'
            '--timeout' = 'How long a job may run, such as 10m; here the job''s, not a call''s'
            '--grace' = 'How long a command that is to end may take for it before it is killed'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--once' = 'End after one job, or when none is there: 0 where it is done, 1 where not'
            '--drain' = 'End when nothing is queued: 1 where a job ended as an error'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $true
    }
    ' local' = @{
        Subs = [ordered]@{
            'status' = 'Show whether it runs, is connected, and what it publishes'
            'publish' = 'Offer a provider of the config file to the server'
            'unpublish' = 'Take a provider back'
            'reload' = 'Read the config file again'
            'logs' = 'Show its recent log'
            'install' = 'Make it start with your session'
            'uninstall' = 'Undo `install`'
            'run' = 'Run it in the foreground'
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' local status' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' local publish' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = '@provider'; Many = $false
    }
    ' local unpublish' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = '@provider'; Many = $false
    }
    ' local reload' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' local logs' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--tail' = 'At most so many lines'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--follow' = 'Go on with new lines, until Ctrl-C'
            '-f' = 'Go on with new lines, until Ctrl-C'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' local install' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $true
    }
    ' local uninstall' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $true
    }
    ' local run' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $true
    }
    ' doctor' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = 'server version auth keyring config daemon channel provider clock proxy'; Many = $true
    }
    ' completions' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = 'bash zsh fish powershell'; Many = $false
    }
    ' man' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--dir' = 'Write the pages of all commands to this folder, which is made where it is missing'
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = ''; Many = $true
    }
    ' version' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--client' = 'Ask neither the server nor mcplocal'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help'
            '-h' = 'Print help'
        }
        Slot = ''; Many = $false
    }
    ' help' = @{
        Subs = [ordered]@{
        }
        Flags = [ordered]@{
            '--server' = 'The server to talk to [env: MCPCTL_SERVER]'
            '--context' = 'The context to use instead of the current one'
            '--output' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '-o' = 'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns='
            '--timeout' = 'Give up after this time, such as 30s or 2m'
            '--verbose' = 'Show the HTTP exchange, secrets masked'
            '-v' = 'Show the HTTP exchange, secrets masked'
            '--quiet' = 'Say nothing but data, warnings and errors'
            '-q' = 'Say nothing but data, warnings and errors'
            '--no-color' = 'Use no colour [env: NO_COLOR]'
            '--help' = 'Print help (see more with ''--help'')'
            '-h' = 'Print help (see more with ''--help'')'
        }
        Slot = 'init login logout whoami context get describe create apply diff edit delete wait logs set explain top console jobs api-resources chat-llm worker local doctor completions man version help exit-codes environment config'; Many = $true
    }
}.GetEnumerator() | ForEach-Object { $script:McpctlTable[$_.Key] = $_.Value }
$script:McpctlValues = @{
    ' --server' = ''
    ' --context' = '@context'
    ' --output' = 'table wide json yaml name'
    ' -o' = 'table wide json yaml name'
    ' --timeout' = ''
    ' init --publish' = ''
    ' init --provider' = '@provider'
    ' init --server' = ''
    ' init --context' = '@context'
    ' init --output' = 'table wide json yaml name'
    ' init -o' = 'table wide json yaml name'
    ' init --timeout' = ''
    ' login --server' = ''
    ' login --context' = '@context'
    ' login --output' = 'table wide json yaml name'
    ' login -o' = 'table wide json yaml name'
    ' login --timeout' = ''
    ' logout --server' = ''
    ' logout --context' = '@context'
    ' logout --output' = 'table wide json yaml name'
    ' logout -o' = 'table wide json yaml name'
    ' logout --timeout' = ''
    ' whoami --server' = ''
    ' whoami --context' = '@context'
    ' whoami --output' = 'table wide json yaml name'
    ' whoami -o' = 'table wide json yaml name'
    ' whoami --timeout' = ''
    ' context --server' = ''
    ' context --context' = '@context'
    ' context --output' = 'table wide json yaml name'
    ' context -o' = 'table wide json yaml name'
    ' context --timeout' = ''
    ' context list --server' = ''
    ' context list --context' = '@context'
    ' context list --output' = 'table wide json yaml name'
    ' context list -o' = 'table wide json yaml name'
    ' context list --timeout' = ''
    ' context use --server' = ''
    ' context use --context' = '@context'
    ' context use --output' = 'table wide json yaml name'
    ' context use -o' = 'table wide json yaml name'
    ' context use --timeout' = ''
    ' context show --server' = ''
    ' context show --context' = '@context'
    ' context show --output' = 'table wide json yaml name'
    ' context show -o' = 'table wide json yaml name'
    ' context show --timeout' = ''
    ' context delete --server' = ''
    ' context delete --context' = '@context'
    ' context delete --output' = 'table wide json yaml name'
    ' context delete -o' = 'table wide json yaml name'
    ' context delete --timeout' = ''
    ' get --selector' = ''
    ' get -l' = ''
    ' get --field-selector' = ''
    ' get --sort-by' = ''
    ' get --by' = 'llm principal token provider day hour'
    ' get --since' = ''
    ' get --until' = ''
    ' get --llm' = '@llm'
    ' get --principal' = ''
    ' get --limit' = ''
    ' get --period' = 'day week month'
    ' get --status' = 'queued running done error canceled expired'
    ' get --kind' = 'echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat'
    ' get --server' = ''
    ' get --context' = '@context'
    ' get --output' = 'table wide json yaml name'
    ' get -o' = 'table wide json yaml name'
    ' get --timeout' = ''
    ' describe --selector' = ''
    ' describe -l' = ''
    ' describe --field-selector' = ''
    ' describe --server' = ''
    ' describe --context' = '@context'
    ' describe --output' = 'table wide json yaml name'
    ' describe -o' = 'table wide json yaml name'
    ' describe --timeout' = ''
    ' create --server' = ''
    ' create --context' = '@context'
    ' create --output' = 'table wide json yaml name'
    ' create -o' = 'table wide json yaml name'
    ' create --timeout' = ''
    ' create llm --type' = 'openai ollama anthropic gemini openrouter demo'
    ' create llm --model' = ''
    ' create llm --url' = ''
    ' create llm --key' = ''
    ' create llm --tier' = ''
    ' create llm --max-concurrency' = ''
    ' create llm --max-queue' = ''
    ' create llm --breaker-failures' = ''
    ' create llm --breaker-open-for' = ''
    ' create llm --server' = ''
    ' create llm --context' = '@context'
    ' create llm --output' = 'table wide json yaml name'
    ' create llm -o' = 'table wide json yaml name'
    ' create llm --timeout' = ''
    ' create alias --model' = ''
    ' create alias --llm' = '@llm'
    ' create alias --policy' = 'cost latency least-busy prefer-local round-robin'
    ' create alias --fallback' = '@route'
    ' create alias --on-unavailable' = 'fail wait queue'
    ' create alias --timeout' = ''
    ' create alias --first-byte-timeout' = ''
    ' create alias --cache-ttl' = ''
    ' create alias --server' = ''
    ' create alias --context' = '@context'
    ' create alias --output' = 'table wide json yaml name'
    ' create alias -o' = 'table wide json yaml name'
    ' create price --input' = ''
    ' create price --output' = ''
    ' create price --cached-input' = ''
    ' create price -o' = 'table wide json yaml name'
    ' create price --server' = ''
    ' create price --context' = '@context'
    ' create price --timeout' = ''
    ' create secret --from-stdin' = ''
    ' create secret --from-file' = ''
    ' create secret --from-env' = ''
    ' create secret --server' = ''
    ' create secret --context' = '@context'
    ' create secret --output' = 'table wide json yaml name'
    ' create secret -o' = 'table wide json yaml name'
    ' create secret --timeout' = ''
    ' create token --role' = 'admin user publisher worker'
    ' create token --principal' = ''
    ' create token --expires' = ''
    ' create token --requests-per-minute' = ''
    ' create token --tokens-per-minute' = ''
    ' create token --max-concurrency' = ''
    ' create token --budget' = ''
    ' create token --budget-period' = 'day week month total'
    ' create token --server' = ''
    ' create token --context' = '@context'
    ' create token --output' = 'table wide json yaml name'
    ' create token -o' = 'table wide json yaml name'
    ' create token --timeout' = ''
    ' create job --kind' = 'echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat'
    ' create job --llm' = '@llm'
    ' create job --prompt' = ''
    ' create job --system' = ''
    ' create job --payload' = ''
    ' create job --priority' = ''
    ' create job --max-attempts' = ''
    ' create job --deadline' = ''
    ' create job --run-at' = ''
    ' create job --unique-key' = ''
    ' create job --label' = ''
    ' create job --idempotency-key' = ''
    ' create job --timeout' = ''
    ' create job --server' = ''
    ' create job --context' = '@context'
    ' create job --output' = 'table wide json yaml name'
    ' create job -o' = 'table wide json yaml name'
    ' apply --filename' = '@file'
    ' apply -f' = '@file'
    ' apply --dry-run' = 'none client server'
    ' apply --server' = ''
    ' apply --context' = '@context'
    ' apply --output' = 'table wide json yaml name'
    ' apply -o' = 'table wide json yaml name'
    ' apply --timeout' = ''
    ' diff --filename' = '@file'
    ' diff -f' = '@file'
    ' diff --server' = ''
    ' diff --context' = '@context'
    ' diff --output' = 'table wide json yaml name'
    ' diff -o' = 'table wide json yaml name'
    ' diff --timeout' = ''
    ' edit --server' = ''
    ' edit --context' = '@context'
    ' edit --output' = 'table wide json yaml name'
    ' edit -o' = 'table wide json yaml name'
    ' edit --timeout' = ''
    ' delete --filename' = '@file'
    ' delete -f' = '@file'
    ' delete --selector' = ''
    ' delete -l' = ''
    ' delete --field-selector' = ''
    ' delete --server' = ''
    ' delete --context' = '@context'
    ' delete --output' = 'table wide json yaml name'
    ' delete -o' = 'table wide json yaml name'
    ' delete --timeout' = ''
    ' wait --for' = ''
    ' wait --selector' = ''
    ' wait -l' = ''
    ' wait --field-selector' = ''
    ' wait --timeout' = ''
    ' wait --server' = ''
    ' wait --context' = '@context'
    ' wait --output' = 'table wide json yaml name'
    ' wait -o' = 'table wide json yaml name'
    ' logs --tail' = ''
    ' logs --since' = ''
    ' logs --server' = ''
    ' logs --context' = '@context'
    ' logs --output' = 'table wide json yaml name'
    ' logs -o' = 'table wide json yaml name'
    ' logs --timeout' = ''
    ' set --server' = ''
    ' set --context' = '@context'
    ' set --output' = 'table wide json yaml name'
    ' set -o' = 'table wide json yaml name'
    ' set --timeout' = ''
    ' set limits --requests-per-minute' = ''
    ' set limits --tokens-per-minute' = ''
    ' set limits --max-concurrency' = ''
    ' set limits --budget' = ''
    ' set limits --budget-period' = 'day week month total'
    ' set limits --server' = ''
    ' set limits --context' = '@context'
    ' set limits --output' = 'table wide json yaml name'
    ' set limits -o' = 'table wide json yaml name'
    ' set limits --timeout' = ''
    ' explain --server' = ''
    ' explain --context' = '@context'
    ' explain --output' = 'table wide json yaml name'
    ' explain -o' = 'table wide json yaml name'
    ' explain --timeout' = ''
    ' explain route --server' = ''
    ' explain route --context' = '@context'
    ' explain route --output' = 'table wide json yaml name'
    ' explain route -o' = 'table wide json yaml name'
    ' explain route --timeout' = ''
    ' top --server' = ''
    ' top --context' = '@context'
    ' top --output' = 'table wide json yaml name'
    ' top -o' = 'table wide json yaml name'
    ' top --timeout' = ''
    ' top llm --interval' = ''
    ' top llm --server' = ''
    ' top llm --context' = '@context'
    ' top llm --output' = 'table wide json yaml name'
    ' top llm -o' = 'table wide json yaml name'
    ' top llm --timeout' = ''
    ' console --server' = ''
    ' console --context' = '@context'
    ' console --output' = 'table wide json yaml name'
    ' console -o' = 'table wide json yaml name'
    ' console --timeout' = ''
    ' jobs --server' = ''
    ' jobs --context' = '@context'
    ' jobs --output' = 'table wide json yaml name'
    ' jobs -o' = 'table wide json yaml name'
    ' jobs --timeout' = ''
    ' jobs submit --filename' = '@file'
    ' jobs submit -f' = '@file'
    ' jobs submit --batch' = ''
    ' jobs submit --idempotency-prefix' = ''
    ' jobs submit --timeout' = ''
    ' jobs submit --server' = ''
    ' jobs submit --context' = '@context'
    ' jobs submit --output' = 'table wide json yaml name'
    ' jobs submit -o' = 'table wide json yaml name'
    ' jobs watch --server' = ''
    ' jobs watch --context' = '@context'
    ' jobs watch --output' = 'table wide json yaml name'
    ' jobs watch -o' = 'table wide json yaml name'
    ' jobs watch --timeout' = ''
    ' jobs wait --timeout' = ''
    ' jobs wait --server' = ''
    ' jobs wait --context' = '@context'
    ' jobs wait --output' = 'table wide json yaml name'
    ' jobs wait -o' = 'table wide json yaml name'
    ' jobs logs --server' = ''
    ' jobs logs --context' = '@context'
    ' jobs logs --output' = 'table wide json yaml name'
    ' jobs logs -o' = 'table wide json yaml name'
    ' jobs logs --timeout' = ''
    ' jobs cancel --server' = ''
    ' jobs cancel --context' = '@context'
    ' jobs cancel --output' = 'table wide json yaml name'
    ' jobs cancel -o' = 'table wide json yaml name'
    ' jobs cancel --timeout' = ''
    ' jobs retry --server' = ''
    ' jobs retry --context' = '@context'
    ' jobs retry --output' = 'table wide json yaml name'
    ' jobs retry -o' = 'table wide json yaml name'
    ' jobs retry --timeout' = ''
    ' jobs top --interval' = ''
    ' jobs top --server' = ''
    ' jobs top --context' = '@context'
    ' jobs top --output' = 'table wide json yaml name'
    ' jobs top -o' = 'table wide json yaml name'
    ' jobs top --timeout' = ''
    ' api-resources --server' = ''
    ' api-resources --context' = '@context'
    ' api-resources --output' = 'table wide json yaml name'
    ' api-resources -o' = 'table wide json yaml name'
    ' api-resources --timeout' = ''
    ' chat-llm --message' = ''
    ' chat-llm -m' = ''
    ' chat-llm --system' = ''
    ' chat-llm --temperature' = ''
    ' chat-llm --max-tokens' = ''
    ' chat-llm --server' = ''
    ' chat-llm --context' = '@context'
    ' chat-llm --output' = 'table wide json yaml name'
    ' chat-llm -o' = 'table wide json yaml name'
    ' chat-llm --timeout' = ''
    ' worker --kinds' = ''
    ' worker --exec' = ''
    ' worker --name' = ''
    ' worker --tag' = ''
    ' worker --concurrency' = ''
    ' worker --lease' = ''
    ' worker --timeout' = ''
    ' worker --grace' = ''
    ' worker --server' = ''
    ' worker --context' = '@context'
    ' worker --output' = 'table wide json yaml name'
    ' worker -o' = 'table wide json yaml name'
    ' local --server' = ''
    ' local --context' = '@context'
    ' local --output' = 'table wide json yaml name'
    ' local -o' = 'table wide json yaml name'
    ' local --timeout' = ''
    ' local status --server' = ''
    ' local status --context' = '@context'
    ' local status --output' = 'table wide json yaml name'
    ' local status -o' = 'table wide json yaml name'
    ' local status --timeout' = ''
    ' local publish --server' = ''
    ' local publish --context' = '@context'
    ' local publish --output' = 'table wide json yaml name'
    ' local publish -o' = 'table wide json yaml name'
    ' local publish --timeout' = ''
    ' local unpublish --server' = ''
    ' local unpublish --context' = '@context'
    ' local unpublish --output' = 'table wide json yaml name'
    ' local unpublish -o' = 'table wide json yaml name'
    ' local unpublish --timeout' = ''
    ' local reload --server' = ''
    ' local reload --context' = '@context'
    ' local reload --output' = 'table wide json yaml name'
    ' local reload -o' = 'table wide json yaml name'
    ' local reload --timeout' = ''
    ' local logs --tail' = ''
    ' local logs --server' = ''
    ' local logs --context' = '@context'
    ' local logs --output' = 'table wide json yaml name'
    ' local logs -o' = 'table wide json yaml name'
    ' local logs --timeout' = ''
    ' local install --server' = ''
    ' local install --context' = '@context'
    ' local install --output' = 'table wide json yaml name'
    ' local install -o' = 'table wide json yaml name'
    ' local install --timeout' = ''
    ' local uninstall --server' = ''
    ' local uninstall --context' = '@context'
    ' local uninstall --output' = 'table wide json yaml name'
    ' local uninstall -o' = 'table wide json yaml name'
    ' local uninstall --timeout' = ''
    ' local run --server' = ''
    ' local run --context' = '@context'
    ' local run --output' = 'table wide json yaml name'
    ' local run -o' = 'table wide json yaml name'
    ' local run --timeout' = ''
    ' doctor --server' = ''
    ' doctor --context' = '@context'
    ' doctor --output' = 'table wide json yaml name'
    ' doctor -o' = 'table wide json yaml name'
    ' doctor --timeout' = ''
    ' completions --server' = ''
    ' completions --context' = '@context'
    ' completions --output' = 'table wide json yaml name'
    ' completions -o' = 'table wide json yaml name'
    ' completions --timeout' = ''
    ' man --dir' = ''
    ' man --server' = ''
    ' man --context' = '@context'
    ' man --output' = 'table wide json yaml name'
    ' man -o' = 'table wide json yaml name'
    ' man --timeout' = ''
    ' version --server' = ''
    ' version --context' = '@context'
    ' version --output' = 'table wide json yaml name'
    ' version -o' = 'table wide json yaml name'
    ' version --timeout' = ''
    ' help --server' = ''
    ' help --context' = '@context'
    ' help --output' = 'table wide json yaml name'
    ' help -o' = 'table wide json yaml name'
    ' help --timeout' = ''
}

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
