# fish completion for mcpctl; made by `mcpctl completions fish`

function __mcpctl_table --no-scope-shadowing --argument-names __mcpctl_path
    set subs
    set flags
    set slot ''
    set many 0
    switch "$__mcpctl_path"
        case ''
            set subs \
                init\t'Set this machine up, and publish its models' \
                login\t'Log in to a server and remember it' \
                logout\t'Forget the token of a server' \
                whoami\t'Show whom the server takes you for' \
                context\t'Choose among servers' \
                get\t'List resources, or show some of them' \
                describe\t'Show all fields of resources, and what one would look up next' \
                create\t'Create a resource' \
                apply\t'Make resources be as files say' \
                diff\t'Show what `apply` would change' \
                edit\t'Change a resource in your editor' \
                delete\t'Delete resources' \
                wait\t'Wait until resources stand as wanted' \
                logs\t'Show a job\'s events, an LLM\'s requests, or the log of mcplocal' \
                set\t'Change a part of a resource' \
                explain\t'Explain a type\'s fields, or where a request would go' \
                top\t'Show how busy things are' \
                console\t'Look at everything live, and act on it' \
                jobs\t'Submit, follow and manage durable jobs' \
                api-resources\t'List the resource types and their short forms' \
                chat-llm\t'Talk to an LLM' \
                worker\t'Run jobs with a command of your own' \
                local\t'Control the mcplocal of this machine' \
                doctor\t'Look for what is wrong, and say how to mend it' \
                completions\t'Print the completion script of a shell' \
                man\t'Print manual pages, or write all of them' \
                version\t'Show the versions of mcpctl, of the server and of this machine\'s mcplocal' \
                help\t'Explain a command or a topic'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')' \
                --version\t'Print version' \
                -V\t'Print version'
            set slot ''
            set many 0
        case ' init'
            set subs
            set flags \
                --publish\t'Publish these, by the model\'s id or the name proposed for it' \
                --provider\t'A model server that is not on this machine, or not on a usual port' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --yes\t'Ask nothing: take the defaults, and publish every chat model found, at most 10' \
                -y\t'Ask nothing: take the defaults, and publish every chat model found, at most 10' \
                --token-stdin\t'Read the token from stdin, never from a prompt; needs --yes' \
                --insecure-storage\t'Store the token in the private file even where there is a keyring' \
                --no-service\t'Start mcplocal in the background, and leave the service manager alone' \
                --dry-run\t'Print the config.json that would be written, and change nothing' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' login'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --with-token\t'Read the token from stdin, never from a prompt' \
                --insecure-storage\t'Store the token in the private file even where there is a keyring' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' logout'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' whoami'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' context'
            set subs \
                list\t'List the contexts' \
                use\t'Make a context the current one' \
                show\t'Show a context, or the one in use' \
                delete\t'Remove a context; its token stays until `mcpctl logout`'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' context list'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' context use'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@context'
            set many 0
        case ' context show'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@context'
            set many 0
        case ' context delete'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@context'
            set many 0
        case ' get'
            set subs
            set flags \
                --selector\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                -l\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                --field-selector\t'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between' \
                --sort-by\t'Order by the field at this path, such as .status.phase; those without it come last' \
                --by\t'What `usage` is summed by, commas between; default: llm' \
                --since\t'From when `usage` counts, such as 7d or 2026-11-01 (UTC); default: the first of the month' \
                --until\t'Until when `usage` counts, exclusive; default: now' \
                --llm\t'Only this LLM, for `usage` and `requests`' \
                --principal\t'Only on this one\'s behalf, for `usage`' \
                --limit\t'How many `requests` or `jobs`, newest first; default: 50' \
                --period\t'Which `costs`: of the current day, week or month (UTC); default: month' \
                --status\t'Only `jobs` that stand so' \
                --kind\t'Only `jobs` of this kind' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --watch\t'Go on with changes, until Ctrl-C' \
                -w\t'Go on with changes, until Ctrl-C' \
                --no-headers\t'Leave the header line out' \
                --show-labels\t'Show the labels as the last column' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what-get'
            set many 1
        case ' describe'
            set subs
            set flags \
                --selector\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                -l\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                --field-selector\t'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what'
            set many 1
        case ' create'
            set subs \
                llm\t'Register a public LLM, which the server calls over HTTP' \
                alias\t'Put one name in front of several LLMs' \
                price\t'Say what tokens cost' \
                secret\t'Store values that only the server will read' \
                token\t'Make an access token; its value is printed once' \
                job\t'Submit a job that runs until it has ended, whatever breaks in between'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' create llm'
            set subs
            set flags \
                --type\t'The dialect' \
                --model\t'The provider\'s own model id' \
                --url\t'The provider\'s base URL; default: the vendor\'s, Ollama\'s on the server\'s own machine' \
                --key\t'Where the API key is kept' \
                --tier\t'A routing hint: fast, balanced, heavy, or a word of your own' \
                --max-concurrency\t'Requests that it takes at once; default: 256' \
                --max-queue\t'Requests that may wait for their turn; default: 32' \
                --breaker-failures\t'Failures in a row that take it out of rotation; default: 3' \
                --breaker-open-for\t'How long it stays out before one request probes it, such as 30s; default: 5m' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --no-stream-usage\t'Don\'t ask its streams for their usage: for servers that refuse `stream_options`' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' create alias'
            set subs
            set flags \
                --model\t'A model id: every LLM that serves it belongs to the pool' \
                --llm\t'An LLM that belongs to the pool; may be given several times' \
                --policy\t'Who is called first; default: prefer-local' \
                --fallback\t'An LLM, alias or model id to try when the pool is spent; may be given several times' \
                --on-unavailable\t'What becomes of a request that nobody can take now; default: fail' \
                --timeout\t'What a request to it may take in all, such as 2m; here the alias\'s, not this call\'s' \
                --first-byte-timeout\t'How long a candidate may say nothing before the next one is tried, such as 10s' \
                --cache-ttl\t'Keep answers for so long, to be given again, such as 10m' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --cache-always\t'Keep also answers of requests with a temperature other than 0' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' create price'
            set subs
            set flags \
                --input\t'For a million tokens of prompts' \
                --output\t'For a million tokens of answers; default: 0' \
                --cached-input\t'For a million tokens of prompts that the provider had cached; default: as --input' \
                -o\t'How to print, as with all commands; here only as -o' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' create secret'
            set subs
            set flags \
                --from-stdin\t'Read this field from stdin, or from a prompt that does not echo' \
                --from-file\t'Read a field from a file' \
                --from-env\t'Read a field from an environment variable' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' create token'
            set subs
            set flags \
                --role\t'What its bearer may do; may be given several times' \
                --principal\t'On whose behalf its bearer acts' \
                --expires\t'When it ends, counted from now, such as 12h or 30d' \
                --requests-per-minute\t'Requests in any minute' \
                --tokens-per-minute\t'Tokens in any minute, in and out together' \
                --max-concurrency\t'Requests at once' \
                --budget\t'US dollars per period' \
                --budget-period\t'When the budget begins anew, in UTC; default: month' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' create job'
            set subs
            set flags \
                --kind\t'What is to be done: llm.chat, llm.embed, echo, or an external worker\'s own word' \
                --llm\t'The LLM or alias to ask; with --prompt it makes the payload of llm.chat' \
                --prompt\t'What to ask it; - reads stdin' \
                --system\t'How it is to answer' \
                --payload\t'The payload of any kind: JSON, @FILE, or - for stdin' \
                --priority\t'Higher comes first; default: 0' \
                --max-attempts\t'Attempts before it is given up; default: 3' \
                --deadline\t'By when a result is wanted, such as 10m or 2026-11-21T09:30:00Z; it expires then' \
                --run-at\t'Not before this, such as \'in 5m\' or 2026-11-21T09:30:00Z' \
                --unique-key\t'Make none while a job with this key has not ended; that one is meant then' \
                --label\t'A label, for people and filters; may be given several times' \
                --idempotency-key\t'Makes it safe to repeat the command: the same key and job give the same job again' \
                --timeout\t'How long to wait for the job, such as 10m; here not this call\'s' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --wait\t'Wait for the end, and print the answer' \
                -w\t'Wait for the end, and print the answer' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' apply'
            set subs
            set flags \
                --filename\t'A file, a folder of .yaml, .yml and .json files, or - for stdin' \
                -f\t'A file, a folder of .yaml, .yml and .json files, or - for stdin' \
                --dry-run\t'Say what would be done, and don\'t do it' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' diff'
            set subs
            set flags \
                --filename\t'A file, a folder of .yaml, .yml and .json files, or - for stdin' \
                -f\t'A file, a folder of .yaml, .yml and .json files, or - for stdin' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' edit'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what'
            set many 1
        case ' delete'
            set subs
            set flags \
                --filename\t'What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin' \
                -f\t'What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin' \
                --selector\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                -l\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                --field-selector\t'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --all\t'Delete all of the type' \
                --ignore-not-found\t'Don\'t mind what is not there' \
                --yes\t'Don\'t ask' \
                -y\t'Don\'t ask' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what'
            set many 1
        case ' wait'
            set subs
            set flags \
                --for\t'What for: status=WORD, create, delete, jsonpath=PATH or jsonpath=PATH=VALUE' \
                --selector\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                -l\t'Only those with these labels: KEY=VALUE, KEY!=VALUE, \'KEY in (A,B)\', KEY, !KEY; commas between' \
                --field-selector\t'Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between' \
                --timeout\t'How long to wait, such as 2m; here not a call\'s' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --all\t'All of the type that are there' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what'
            set many 1
        case ' logs'
            set subs
            set flags \
                --tail\t'At most so many of the last; default: 50 requests, 200 lines of the daemon, all of a job' \
                --since\t'From when, such as 1h or 2026-11-01 (UTC)' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --follow\t'Go on with what comes, until Ctrl-C' \
                -f\t'Go on with what comes, until Ctrl-C' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@what'
            set many 1
        case ' set'
            set subs \
                limits\t'Change what a token\'s bearer may use'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' set limits'
            set subs
            set flags \
                --requests-per-minute\t'Requests in any minute' \
                --tokens-per-minute\t'Tokens in any minute, in and out together' \
                --max-concurrency\t'Requests at once' \
                --budget\t'US dollars per period' \
                --budget-period\t'When the budget begins anew, in UTC; default: month' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --clear\t'Drop every limit that is not named' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@limits'
            set many 0
        case ' explain'
            set subs \
                route\t'Say which LLM a request would go to now, and why not to the others'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --recursive\t'Show the fields of the fields too, by their names' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot 'llm alias price secret token job'
            set many 0
        case ' explain route'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --no-headers\t'Leave the header line out' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@route'
            set many 0
        case ' top'
            set subs \
                llm\t'Show how busy each LLM is, live on a terminal'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' top llm'
            set subs
            set flags \
                --interval\t'How often to look, such as 500ms or 10s' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --once\t'Print the table once' \
                --no-headers\t'Leave the header line out' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@llm'
            set many 1
        case ' console'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --read-only\t'Change nothing: no edit, no delete, no cancel, no retry' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot 'llm publishers jobs usage requests alias price secret token'
            set many 0
        case ' jobs'
            set subs \
                submit\t'Submit a file of jobs' \
                watch\t'Follow jobs until they have ended' \
                wait\t'Wait until jobs have ended' \
                logs\t'Show what a job has told so far' \
                cancel\t'Take jobs back' \
                retry\t'Queue ended jobs anew' \
                top\t'Show how many jobs there are, what runs and what waits for what, live on a terminal'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' jobs submit'
            set subs
            set flags \
                --filename\t'A file with a job on each line, or - for stdin' \
                -f\t'A file with a job on each line, or - for stdin' \
                --batch\t'Jobs in one call, at most' \
                --idempotency-prefix\t'Tells this submission of the file from others of the same file' \
                --timeout\t'How long to wait for the jobs, such as 2h; here not a call\'s' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --wait\t'Wait until all have ended' \
                -w\t'Wait until all have ended' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' jobs watch'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@job'
            set many 1
        case ' jobs wait'
            set subs
            set flags \
                --timeout\t'How long to wait, such as 10m; default: as long as it takes' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@job'
            set many 1
        case ' jobs logs'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --follow\t'Go on until it has ended' \
                -f\t'Go on until it has ended' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@job'
            set many 0
        case ' jobs cancel'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@job'
            set many 1
        case ' jobs retry'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@job'
            set many 1
        case ' jobs top'
            set subs
            set flags \
                --interval\t'How often to look, such as 500ms or 10s' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --once\t'Print it once' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 0
        case ' api-resources'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --no-headers\t'Leave the header line out' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' chat-llm'
            set subs
            set flags \
                --message\t'Ask this and leave' \
                -m\t'Ask this and leave' \
                --system\t'What the model should know or be beforehand' \
                --temperature\t'How freely it answers, 0 to 2' \
                --max-tokens\t'The most tokens of an answer' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --no-stream\t'Wait for the whole answer' \
                --continue\t'Go on with the last conversation' \
                --raw\t'Show answers as they are written, not as rendered Markdown' \
                --hide-thinking\t'Don\'t show what the model thinks before it answers' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@route'
            set many 0
        case ' worker'
            set subs
            set flags \
                --kinds\t'What it can do, commas between' \
                --exec\t'The command, as a line for `sh -c`' \
                --name\t'What people see it as; default: host and process id' \
                --tag\t'A word about this worker, for people; may be given several times' \
                --concurrency\t'How many jobs run at once' \
                --lease\t'How long the server waits for a sign of life before another worker may have the job' \
                --timeout\t'How long a job may run, such as 10m; here the job\'s, not a call\'s' \
                --grace\t'How long a command that is to end may take for it before it is killed' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --once\t'End after one job, or when none is there: 0 where it is done, 1 where not' \
                --drain\t'End when nothing is queued: 1 where a job ended as an error' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 1
        case ' local'
            set subs \
                status\t'Show whether it runs, is connected, and what it publishes' \
                publish\t'Offer a provider of the config file to the server' \
                unpublish\t'Take a provider back' \
                reload\t'Read the config file again' \
                logs\t'Show its recent log' \
                install\t'Make it start with your session' \
                uninstall\t'Undo `install`' \
                run\t'Run it in the foreground'
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' local status'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' local publish'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot '@provider'
            set many 0
        case ' local unpublish'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot '@provider'
            set many 0
        case ' local reload'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' local logs'
            set subs
            set flags \
                --tail\t'At most so many lines' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --follow\t'Go on with new lines, until Ctrl-C' \
                -f\t'Go on with new lines, until Ctrl-C' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' local install'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 1
        case ' local uninstall'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 1
        case ' local run'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 1
        case ' doctor'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot 'server version auth keyring config daemon channel provider clock proxy'
            set many 1
        case ' completions'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot 'bash zsh fish powershell'
            set many 0
        case ' man'
            set subs
            set flags \
                --dir\t'Write the pages of all commands to this folder, which is made where it is missing' \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot ''
            set many 1
        case ' version'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --client\t'Ask neither the server nor mcplocal' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help' \
                -h\t'Print help'
            set slot ''
            set many 0
        case ' help'
            set subs
            set flags \
                --server\t'The server to talk to [env: MCPCTL_SERVER]' \
                --context\t'The context to use instead of the current one' \
                --output\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                -o\t'How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=' \
                --timeout\t'Give up after this time, such as 30s or 2m' \
                --verbose\t'Show the HTTP exchange, secrets masked' \
                -v\t'Show the HTTP exchange, secrets masked' \
                --quiet\t'Say nothing but data, warnings and errors' \
                -q\t'Say nothing but data, warnings and errors' \
                --no-color\t'Use no colour [env: NO_COLOR]' \
                --help\t'Print help (see more with \'--help\')' \
                -h\t'Print help (see more with \'--help\')'
            set slot 'init login logout whoami context get describe create apply diff edit delete wait logs set explain top console jobs api-resources chat-llm worker local doctor completions man version help exit-codes environment config'
            set many 1
    end
end

# What follows a flag; fails where nothing does.
function __mcpctl_value
    switch "$argv[1] $argv[2]"
        case ' --server'
            echo ''
        case ' --context'
            echo '@context'
        case ' --output'
            echo 'table wide json yaml name'
        case ' -o'
            echo 'table wide json yaml name'
        case ' --timeout'
            echo ''
        case ' init --publish'
            echo ''
        case ' init --provider'
            echo '@provider'
        case ' init --server'
            echo ''
        case ' init --context'
            echo '@context'
        case ' init --output'
            echo 'table wide json yaml name'
        case ' init -o'
            echo 'table wide json yaml name'
        case ' init --timeout'
            echo ''
        case ' login --server'
            echo ''
        case ' login --context'
            echo '@context'
        case ' login --output'
            echo 'table wide json yaml name'
        case ' login -o'
            echo 'table wide json yaml name'
        case ' login --timeout'
            echo ''
        case ' logout --server'
            echo ''
        case ' logout --context'
            echo '@context'
        case ' logout --output'
            echo 'table wide json yaml name'
        case ' logout -o'
            echo 'table wide json yaml name'
        case ' logout --timeout'
            echo ''
        case ' whoami --server'
            echo ''
        case ' whoami --context'
            echo '@context'
        case ' whoami --output'
            echo 'table wide json yaml name'
        case ' whoami -o'
            echo 'table wide json yaml name'
        case ' whoami --timeout'
            echo ''
        case ' context --server'
            echo ''
        case ' context --context'
            echo '@context'
        case ' context --output'
            echo 'table wide json yaml name'
        case ' context -o'
            echo 'table wide json yaml name'
        case ' context --timeout'
            echo ''
        case ' context list --server'
            echo ''
        case ' context list --context'
            echo '@context'
        case ' context list --output'
            echo 'table wide json yaml name'
        case ' context list -o'
            echo 'table wide json yaml name'
        case ' context list --timeout'
            echo ''
        case ' context use --server'
            echo ''
        case ' context use --context'
            echo '@context'
        case ' context use --output'
            echo 'table wide json yaml name'
        case ' context use -o'
            echo 'table wide json yaml name'
        case ' context use --timeout'
            echo ''
        case ' context show --server'
            echo ''
        case ' context show --context'
            echo '@context'
        case ' context show --output'
            echo 'table wide json yaml name'
        case ' context show -o'
            echo 'table wide json yaml name'
        case ' context show --timeout'
            echo ''
        case ' context delete --server'
            echo ''
        case ' context delete --context'
            echo '@context'
        case ' context delete --output'
            echo 'table wide json yaml name'
        case ' context delete -o'
            echo 'table wide json yaml name'
        case ' context delete --timeout'
            echo ''
        case ' get --selector'
            echo ''
        case ' get -l'
            echo ''
        case ' get --field-selector'
            echo ''
        case ' get --sort-by'
            echo ''
        case ' get --by'
            echo 'llm principal token provider day hour'
        case ' get --since'
            echo ''
        case ' get --until'
            echo ''
        case ' get --llm'
            echo '@llm'
        case ' get --principal'
            echo ''
        case ' get --limit'
            echo ''
        case ' get --period'
            echo 'day week month'
        case ' get --status'
            echo 'queued running done error canceled expired'
        case ' get --kind'
            echo 'echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat'
        case ' get --server'
            echo ''
        case ' get --context'
            echo '@context'
        case ' get --output'
            echo 'table wide json yaml name'
        case ' get -o'
            echo 'table wide json yaml name'
        case ' get --timeout'
            echo ''
        case ' describe --selector'
            echo ''
        case ' describe -l'
            echo ''
        case ' describe --field-selector'
            echo ''
        case ' describe --server'
            echo ''
        case ' describe --context'
            echo '@context'
        case ' describe --output'
            echo 'table wide json yaml name'
        case ' describe -o'
            echo 'table wide json yaml name'
        case ' describe --timeout'
            echo ''
        case ' create --server'
            echo ''
        case ' create --context'
            echo '@context'
        case ' create --output'
            echo 'table wide json yaml name'
        case ' create -o'
            echo 'table wide json yaml name'
        case ' create --timeout'
            echo ''
        case ' create llm --type'
            echo 'openai ollama anthropic gemini openrouter demo'
        case ' create llm --model'
            echo ''
        case ' create llm --url'
            echo ''
        case ' create llm --key'
            echo ''
        case ' create llm --tier'
            echo ''
        case ' create llm --max-concurrency'
            echo ''
        case ' create llm --max-queue'
            echo ''
        case ' create llm --breaker-failures'
            echo ''
        case ' create llm --breaker-open-for'
            echo ''
        case ' create llm --server'
            echo ''
        case ' create llm --context'
            echo '@context'
        case ' create llm --output'
            echo 'table wide json yaml name'
        case ' create llm -o'
            echo 'table wide json yaml name'
        case ' create llm --timeout'
            echo ''
        case ' create alias --model'
            echo ''
        case ' create alias --llm'
            echo '@llm'
        case ' create alias --policy'
            echo 'cost latency least-busy prefer-local round-robin'
        case ' create alias --fallback'
            echo '@route'
        case ' create alias --on-unavailable'
            echo 'fail wait queue'
        case ' create alias --timeout'
            echo ''
        case ' create alias --first-byte-timeout'
            echo ''
        case ' create alias --cache-ttl'
            echo ''
        case ' create alias --server'
            echo ''
        case ' create alias --context'
            echo '@context'
        case ' create alias --output'
            echo 'table wide json yaml name'
        case ' create alias -o'
            echo 'table wide json yaml name'
        case ' create price --input'
            echo ''
        case ' create price --output'
            echo ''
        case ' create price --cached-input'
            echo ''
        case ' create price -o'
            echo 'table wide json yaml name'
        case ' create price --server'
            echo ''
        case ' create price --context'
            echo '@context'
        case ' create price --timeout'
            echo ''
        case ' create secret --from-stdin'
            echo ''
        case ' create secret --from-file'
            echo ''
        case ' create secret --from-env'
            echo ''
        case ' create secret --server'
            echo ''
        case ' create secret --context'
            echo '@context'
        case ' create secret --output'
            echo 'table wide json yaml name'
        case ' create secret -o'
            echo 'table wide json yaml name'
        case ' create secret --timeout'
            echo ''
        case ' create token --role'
            echo 'admin user publisher worker'
        case ' create token --principal'
            echo ''
        case ' create token --expires'
            echo ''
        case ' create token --requests-per-minute'
            echo ''
        case ' create token --tokens-per-minute'
            echo ''
        case ' create token --max-concurrency'
            echo ''
        case ' create token --budget'
            echo ''
        case ' create token --budget-period'
            echo 'day week month total'
        case ' create token --server'
            echo ''
        case ' create token --context'
            echo '@context'
        case ' create token --output'
            echo 'table wide json yaml name'
        case ' create token -o'
            echo 'table wide json yaml name'
        case ' create token --timeout'
            echo ''
        case ' create job --kind'
            echo 'echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat'
        case ' create job --llm'
            echo '@llm'
        case ' create job --prompt'
            echo ''
        case ' create job --system'
            echo ''
        case ' create job --payload'
            echo ''
        case ' create job --priority'
            echo ''
        case ' create job --max-attempts'
            echo ''
        case ' create job --deadline'
            echo ''
        case ' create job --run-at'
            echo ''
        case ' create job --unique-key'
            echo ''
        case ' create job --label'
            echo ''
        case ' create job --idempotency-key'
            echo ''
        case ' create job --timeout'
            echo ''
        case ' create job --server'
            echo ''
        case ' create job --context'
            echo '@context'
        case ' create job --output'
            echo 'table wide json yaml name'
        case ' create job -o'
            echo 'table wide json yaml name'
        case ' apply --filename'
            echo '@file'
        case ' apply -f'
            echo '@file'
        case ' apply --dry-run'
            echo 'none client server'
        case ' apply --server'
            echo ''
        case ' apply --context'
            echo '@context'
        case ' apply --output'
            echo 'table wide json yaml name'
        case ' apply -o'
            echo 'table wide json yaml name'
        case ' apply --timeout'
            echo ''
        case ' diff --filename'
            echo '@file'
        case ' diff -f'
            echo '@file'
        case ' diff --server'
            echo ''
        case ' diff --context'
            echo '@context'
        case ' diff --output'
            echo 'table wide json yaml name'
        case ' diff -o'
            echo 'table wide json yaml name'
        case ' diff --timeout'
            echo ''
        case ' edit --server'
            echo ''
        case ' edit --context'
            echo '@context'
        case ' edit --output'
            echo 'table wide json yaml name'
        case ' edit -o'
            echo 'table wide json yaml name'
        case ' edit --timeout'
            echo ''
        case ' delete --filename'
            echo '@file'
        case ' delete -f'
            echo '@file'
        case ' delete --selector'
            echo ''
        case ' delete -l'
            echo ''
        case ' delete --field-selector'
            echo ''
        case ' delete --server'
            echo ''
        case ' delete --context'
            echo '@context'
        case ' delete --output'
            echo 'table wide json yaml name'
        case ' delete -o'
            echo 'table wide json yaml name'
        case ' delete --timeout'
            echo ''
        case ' wait --for'
            echo ''
        case ' wait --selector'
            echo ''
        case ' wait -l'
            echo ''
        case ' wait --field-selector'
            echo ''
        case ' wait --timeout'
            echo ''
        case ' wait --server'
            echo ''
        case ' wait --context'
            echo '@context'
        case ' wait --output'
            echo 'table wide json yaml name'
        case ' wait -o'
            echo 'table wide json yaml name'
        case ' logs --tail'
            echo ''
        case ' logs --since'
            echo ''
        case ' logs --server'
            echo ''
        case ' logs --context'
            echo '@context'
        case ' logs --output'
            echo 'table wide json yaml name'
        case ' logs -o'
            echo 'table wide json yaml name'
        case ' logs --timeout'
            echo ''
        case ' set --server'
            echo ''
        case ' set --context'
            echo '@context'
        case ' set --output'
            echo 'table wide json yaml name'
        case ' set -o'
            echo 'table wide json yaml name'
        case ' set --timeout'
            echo ''
        case ' set limits --requests-per-minute'
            echo ''
        case ' set limits --tokens-per-minute'
            echo ''
        case ' set limits --max-concurrency'
            echo ''
        case ' set limits --budget'
            echo ''
        case ' set limits --budget-period'
            echo 'day week month total'
        case ' set limits --server'
            echo ''
        case ' set limits --context'
            echo '@context'
        case ' set limits --output'
            echo 'table wide json yaml name'
        case ' set limits -o'
            echo 'table wide json yaml name'
        case ' set limits --timeout'
            echo ''
        case ' explain --server'
            echo ''
        case ' explain --context'
            echo '@context'
        case ' explain --output'
            echo 'table wide json yaml name'
        case ' explain -o'
            echo 'table wide json yaml name'
        case ' explain --timeout'
            echo ''
        case ' explain route --server'
            echo ''
        case ' explain route --context'
            echo '@context'
        case ' explain route --output'
            echo 'table wide json yaml name'
        case ' explain route -o'
            echo 'table wide json yaml name'
        case ' explain route --timeout'
            echo ''
        case ' top --server'
            echo ''
        case ' top --context'
            echo '@context'
        case ' top --output'
            echo 'table wide json yaml name'
        case ' top -o'
            echo 'table wide json yaml name'
        case ' top --timeout'
            echo ''
        case ' top llm --interval'
            echo ''
        case ' top llm --server'
            echo ''
        case ' top llm --context'
            echo '@context'
        case ' top llm --output'
            echo 'table wide json yaml name'
        case ' top llm -o'
            echo 'table wide json yaml name'
        case ' top llm --timeout'
            echo ''
        case ' console --server'
            echo ''
        case ' console --context'
            echo '@context'
        case ' console --output'
            echo 'table wide json yaml name'
        case ' console -o'
            echo 'table wide json yaml name'
        case ' console --timeout'
            echo ''
        case ' jobs --server'
            echo ''
        case ' jobs --context'
            echo '@context'
        case ' jobs --output'
            echo 'table wide json yaml name'
        case ' jobs -o'
            echo 'table wide json yaml name'
        case ' jobs --timeout'
            echo ''
        case ' jobs submit --filename'
            echo '@file'
        case ' jobs submit -f'
            echo '@file'
        case ' jobs submit --batch'
            echo ''
        case ' jobs submit --idempotency-prefix'
            echo ''
        case ' jobs submit --timeout'
            echo ''
        case ' jobs submit --server'
            echo ''
        case ' jobs submit --context'
            echo '@context'
        case ' jobs submit --output'
            echo 'table wide json yaml name'
        case ' jobs submit -o'
            echo 'table wide json yaml name'
        case ' jobs watch --server'
            echo ''
        case ' jobs watch --context'
            echo '@context'
        case ' jobs watch --output'
            echo 'table wide json yaml name'
        case ' jobs watch -o'
            echo 'table wide json yaml name'
        case ' jobs watch --timeout'
            echo ''
        case ' jobs wait --timeout'
            echo ''
        case ' jobs wait --server'
            echo ''
        case ' jobs wait --context'
            echo '@context'
        case ' jobs wait --output'
            echo 'table wide json yaml name'
        case ' jobs wait -o'
            echo 'table wide json yaml name'
        case ' jobs logs --server'
            echo ''
        case ' jobs logs --context'
            echo '@context'
        case ' jobs logs --output'
            echo 'table wide json yaml name'
        case ' jobs logs -o'
            echo 'table wide json yaml name'
        case ' jobs logs --timeout'
            echo ''
        case ' jobs cancel --server'
            echo ''
        case ' jobs cancel --context'
            echo '@context'
        case ' jobs cancel --output'
            echo 'table wide json yaml name'
        case ' jobs cancel -o'
            echo 'table wide json yaml name'
        case ' jobs cancel --timeout'
            echo ''
        case ' jobs retry --server'
            echo ''
        case ' jobs retry --context'
            echo '@context'
        case ' jobs retry --output'
            echo 'table wide json yaml name'
        case ' jobs retry -o'
            echo 'table wide json yaml name'
        case ' jobs retry --timeout'
            echo ''
        case ' jobs top --interval'
            echo ''
        case ' jobs top --server'
            echo ''
        case ' jobs top --context'
            echo '@context'
        case ' jobs top --output'
            echo 'table wide json yaml name'
        case ' jobs top -o'
            echo 'table wide json yaml name'
        case ' jobs top --timeout'
            echo ''
        case ' api-resources --server'
            echo ''
        case ' api-resources --context'
            echo '@context'
        case ' api-resources --output'
            echo 'table wide json yaml name'
        case ' api-resources -o'
            echo 'table wide json yaml name'
        case ' api-resources --timeout'
            echo ''
        case ' chat-llm --message'
            echo ''
        case ' chat-llm -m'
            echo ''
        case ' chat-llm --system'
            echo ''
        case ' chat-llm --temperature'
            echo ''
        case ' chat-llm --max-tokens'
            echo ''
        case ' chat-llm --server'
            echo ''
        case ' chat-llm --context'
            echo '@context'
        case ' chat-llm --output'
            echo 'table wide json yaml name'
        case ' chat-llm -o'
            echo 'table wide json yaml name'
        case ' chat-llm --timeout'
            echo ''
        case ' worker --kinds'
            echo ''
        case ' worker --exec'
            echo ''
        case ' worker --name'
            echo ''
        case ' worker --tag'
            echo ''
        case ' worker --concurrency'
            echo ''
        case ' worker --lease'
            echo ''
        case ' worker --timeout'
            echo ''
        case ' worker --grace'
            echo ''
        case ' worker --server'
            echo ''
        case ' worker --context'
            echo '@context'
        case ' worker --output'
            echo 'table wide json yaml name'
        case ' worker -o'
            echo 'table wide json yaml name'
        case ' local --server'
            echo ''
        case ' local --context'
            echo '@context'
        case ' local --output'
            echo 'table wide json yaml name'
        case ' local -o'
            echo 'table wide json yaml name'
        case ' local --timeout'
            echo ''
        case ' local status --server'
            echo ''
        case ' local status --context'
            echo '@context'
        case ' local status --output'
            echo 'table wide json yaml name'
        case ' local status -o'
            echo 'table wide json yaml name'
        case ' local status --timeout'
            echo ''
        case ' local publish --server'
            echo ''
        case ' local publish --context'
            echo '@context'
        case ' local publish --output'
            echo 'table wide json yaml name'
        case ' local publish -o'
            echo 'table wide json yaml name'
        case ' local publish --timeout'
            echo ''
        case ' local unpublish --server'
            echo ''
        case ' local unpublish --context'
            echo '@context'
        case ' local unpublish --output'
            echo 'table wide json yaml name'
        case ' local unpublish -o'
            echo 'table wide json yaml name'
        case ' local unpublish --timeout'
            echo ''
        case ' local reload --server'
            echo ''
        case ' local reload --context'
            echo '@context'
        case ' local reload --output'
            echo 'table wide json yaml name'
        case ' local reload -o'
            echo 'table wide json yaml name'
        case ' local reload --timeout'
            echo ''
        case ' local logs --tail'
            echo ''
        case ' local logs --server'
            echo ''
        case ' local logs --context'
            echo '@context'
        case ' local logs --output'
            echo 'table wide json yaml name'
        case ' local logs -o'
            echo 'table wide json yaml name'
        case ' local logs --timeout'
            echo ''
        case ' local install --server'
            echo ''
        case ' local install --context'
            echo '@context'
        case ' local install --output'
            echo 'table wide json yaml name'
        case ' local install -o'
            echo 'table wide json yaml name'
        case ' local install --timeout'
            echo ''
        case ' local uninstall --server'
            echo ''
        case ' local uninstall --context'
            echo '@context'
        case ' local uninstall --output'
            echo 'table wide json yaml name'
        case ' local uninstall -o'
            echo 'table wide json yaml name'
        case ' local uninstall --timeout'
            echo ''
        case ' local run --server'
            echo ''
        case ' local run --context'
            echo '@context'
        case ' local run --output'
            echo 'table wide json yaml name'
        case ' local run -o'
            echo 'table wide json yaml name'
        case ' local run --timeout'
            echo ''
        case ' doctor --server'
            echo ''
        case ' doctor --context'
            echo '@context'
        case ' doctor --output'
            echo 'table wide json yaml name'
        case ' doctor -o'
            echo 'table wide json yaml name'
        case ' doctor --timeout'
            echo ''
        case ' completions --server'
            echo ''
        case ' completions --context'
            echo '@context'
        case ' completions --output'
            echo 'table wide json yaml name'
        case ' completions -o'
            echo 'table wide json yaml name'
        case ' completions --timeout'
            echo ''
        case ' man --dir'
            echo ''
        case ' man --server'
            echo ''
        case ' man --context'
            echo '@context'
        case ' man --output'
            echo 'table wide json yaml name'
        case ' man -o'
            echo 'table wide json yaml name'
        case ' man --timeout'
            echo ''
        case ' version --server'
            echo ''
        case ' version --context'
            echo '@context'
        case ' version --output'
            echo 'table wide json yaml name'
        case ' version -o'
            echo 'table wide json yaml name'
        case ' version --timeout'
            echo ''
        case ' help --server'
            echo ''
        case ' help --context'
            echo '@context'
        case ' help --output'
            echo 'table wide json yaml name'
        case ' help -o'
            echo 'table wide json yaml name'
        case ' help --timeout'
            echo ''
        case '*'
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
