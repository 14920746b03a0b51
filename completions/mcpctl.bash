# bash completion for mcpctl; made by `mcpctl completions bash`

_mcpctl_table() {
    subs='' flags='' slot='' many=0
    case "$1" in
    '')
        subs='init login logout whoami context get describe create apply diff edit delete wait logs set explain top console jobs api-resources chat-llm worker local doctor completions man version help'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h --version -V'
        slot='' many=0
        ;;
    ' init')
        subs=''
        flags='--publish --provider --server --context --output -o --timeout --yes -y --token-stdin --insecure-storage --no-service --dry-run --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' login')
        subs=''
        flags='--server --context --output -o --timeout --with-token --insecure-storage --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' logout')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' whoami')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' context')
        subs='list use show delete'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' context list')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' context use')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@context' many=0
        ;;
    ' context show')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@context' many=0
        ;;
    ' context delete')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@context' many=0
        ;;
    ' get')
        subs=''
        flags='--selector -l --field-selector --sort-by --by --since --until --llm --principal --limit --period --status --kind --server --context --output -o --timeout --watch -w --no-headers --show-labels --verbose -v --quiet -q --no-color --help -h'
        slot='@what-get' many=1
        ;;
    ' describe')
        subs=''
        flags='--selector -l --field-selector --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@what' many=1
        ;;
    ' create')
        subs='llm alias price secret token job'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create llm')
        subs=''
        flags='--type --model --url --key --tier --max-concurrency --max-queue --breaker-failures --breaker-open-for --server --context --output -o --timeout --no-stream-usage --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create alias')
        subs=''
        flags='--model --llm --policy --fallback --on-unavailable --timeout --first-byte-timeout --cache-ttl --server --context --output -o --cache-always --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create price')
        subs=''
        flags='--input --output --cached-input -o --server --context --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create secret')
        subs=''
        flags='--from-stdin --from-file --from-env --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create token')
        subs=''
        flags='--role --principal --expires --requests-per-minute --tokens-per-minute --max-concurrency --budget --budget-period --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' create job')
        subs=''
        flags='--kind --llm --prompt --system --payload --priority --max-attempts --deadline --run-at --unique-key --label --idempotency-key --timeout --server --context --output -o --wait -w --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' apply')
        subs=''
        flags='--filename -f --dry-run --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' diff')
        subs=''
        flags='--filename -f --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' edit')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@what' many=1
        ;;
    ' delete')
        subs=''
        flags='--filename -f --selector -l --field-selector --server --context --output -o --timeout --all --ignore-not-found --yes -y --verbose -v --quiet -q --no-color --help -h'
        slot='@what' many=1
        ;;
    ' wait')
        subs=''
        flags='--for --selector -l --field-selector --timeout --server --context --output -o --all --verbose -v --quiet -q --no-color --help -h'
        slot='@what' many=1
        ;;
    ' logs')
        subs=''
        flags='--tail --since --server --context --output -o --timeout --follow -f --verbose -v --quiet -q --no-color --help -h'
        slot='@what' many=1
        ;;
    ' set')
        subs='limits'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' set limits')
        subs=''
        flags='--requests-per-minute --tokens-per-minute --max-concurrency --budget --budget-period --server --context --output -o --timeout --clear --verbose -v --quiet -q --no-color --help -h'
        slot='@limits' many=0
        ;;
    ' explain')
        subs='route'
        flags='--server --context --output -o --timeout --recursive --verbose -v --quiet -q --no-color --help -h'
        slot='llm alias price secret token job' many=0
        ;;
    ' explain route')
        subs=''
        flags='--server --context --output -o --timeout --no-headers --verbose -v --quiet -q --no-color --help -h'
        slot='@route' many=0
        ;;
    ' top')
        subs='llm'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' top llm')
        subs=''
        flags='--interval --server --context --output -o --timeout --once --no-headers --verbose -v --quiet -q --no-color --help -h'
        slot='@llm' many=1
        ;;
    ' console')
        subs=''
        flags='--server --context --output -o --timeout --read-only --verbose -v --quiet -q --no-color --help -h'
        slot='llm publishers jobs usage requests alias price secret token' many=0
        ;;
    ' jobs')
        subs='submit watch wait logs cancel retry top'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' jobs submit')
        subs=''
        flags='--filename -f --batch --idempotency-prefix --timeout --server --context --output -o --wait -w --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' jobs watch')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@job' many=1
        ;;
    ' jobs wait')
        subs=''
        flags='--timeout --server --context --output -o --verbose -v --quiet -q --no-color --help -h'
        slot='@job' many=1
        ;;
    ' jobs logs')
        subs=''
        flags='--server --context --output -o --timeout --follow -f --verbose -v --quiet -q --no-color --help -h'
        slot='@job' many=0
        ;;
    ' jobs cancel')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@job' many=1
        ;;
    ' jobs retry')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@job' many=1
        ;;
    ' jobs top')
        subs=''
        flags='--interval --server --context --output -o --timeout --once --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' api-resources')
        subs=''
        flags='--server --context --output -o --timeout --no-headers --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' chat-llm')
        subs=''
        flags='--message -m --system --temperature --max-tokens --server --context --output -o --timeout --no-stream --continue --raw --hide-thinking --verbose -v --quiet -q --no-color --help -h'
        slot='@route' many=0
        ;;
    ' worker')
        subs=''
        flags='--kinds --exec --name --tag --concurrency --lease --timeout --grace --server --context --output -o --once --drain --verbose -v --quiet -q --no-color --help -h'
        slot='' many=1
        ;;
    ' local')
        subs='status publish unpublish reload logs install uninstall run'
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' local status')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' local publish')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@provider' many=0
        ;;
    ' local unpublish')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='@provider' many=0
        ;;
    ' local reload')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' local logs')
        subs=''
        flags='--tail --server --context --output -o --timeout --follow -f --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' local install')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=1
        ;;
    ' local uninstall')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=1
        ;;
    ' local run')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=1
        ;;
    ' doctor')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='server version auth keyring config daemon channel provider clock proxy' many=1
        ;;
    ' completions')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='bash zsh fish powershell' many=0
        ;;
    ' man')
        subs=''
        flags='--dir --server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='' many=1
        ;;
    ' version')
        subs=''
        flags='--server --context --output -o --timeout --client --verbose -v --quiet -q --no-color --help -h'
        slot='' many=0
        ;;
    ' help')
        subs=''
        flags='--server --context --output -o --timeout --verbose -v --quiet -q --no-color --help -h'
        slot='init login logout whoami context get describe create apply diff edit delete wait logs set explain top console jobs api-resources chat-llm worker local doctor completions man version help exit-codes environment config' many=1
        ;;
    esac
}

# What follows a flag; fails where nothing does.
_mcpctl_value() {
    case "$1 $2" in
    ' --server') value='' ;;
    ' --context') value='@context' ;;
    ' --output') value='table wide json yaml name' ;;
    ' -o') value='table wide json yaml name' ;;
    ' --timeout') value='' ;;
    ' init --publish') value='' ;;
    ' init --provider') value='@provider' ;;
    ' init --server') value='' ;;
    ' init --context') value='@context' ;;
    ' init --output') value='table wide json yaml name' ;;
    ' init -o') value='table wide json yaml name' ;;
    ' init --timeout') value='' ;;
    ' login --server') value='' ;;
    ' login --context') value='@context' ;;
    ' login --output') value='table wide json yaml name' ;;
    ' login -o') value='table wide json yaml name' ;;
    ' login --timeout') value='' ;;
    ' logout --server') value='' ;;
    ' logout --context') value='@context' ;;
    ' logout --output') value='table wide json yaml name' ;;
    ' logout -o') value='table wide json yaml name' ;;
    ' logout --timeout') value='' ;;
    ' whoami --server') value='' ;;
    ' whoami --context') value='@context' ;;
    ' whoami --output') value='table wide json yaml name' ;;
    ' whoami -o') value='table wide json yaml name' ;;
    ' whoami --timeout') value='' ;;
    ' context --server') value='' ;;
    ' context --context') value='@context' ;;
    ' context --output') value='table wide json yaml name' ;;
    ' context -o') value='table wide json yaml name' ;;
    ' context --timeout') value='' ;;
    ' context list --server') value='' ;;
    ' context list --context') value='@context' ;;
    ' context list --output') value='table wide json yaml name' ;;
    ' context list -o') value='table wide json yaml name' ;;
    ' context list --timeout') value='' ;;
    ' context use --server') value='' ;;
    ' context use --context') value='@context' ;;
    ' context use --output') value='table wide json yaml name' ;;
    ' context use -o') value='table wide json yaml name' ;;
    ' context use --timeout') value='' ;;
    ' context show --server') value='' ;;
    ' context show --context') value='@context' ;;
    ' context show --output') value='table wide json yaml name' ;;
    ' context show -o') value='table wide json yaml name' ;;
    ' context show --timeout') value='' ;;
    ' context delete --server') value='' ;;
    ' context delete --context') value='@context' ;;
    ' context delete --output') value='table wide json yaml name' ;;
    ' context delete -o') value='table wide json yaml name' ;;
    ' context delete --timeout') value='' ;;
    ' get --selector') value='' ;;
    ' get -l') value='' ;;
    ' get --field-selector') value='' ;;
    ' get --sort-by') value='' ;;
    ' get --by') value='llm principal token provider day hour' ;;
    ' get --since') value='' ;;
    ' get --until') value='' ;;
    ' get --llm') value='@llm' ;;
    ' get --principal') value='' ;;
    ' get --limit') value='' ;;
    ' get --period') value='day week month' ;;
    ' get --status') value='queued running done error canceled expired' ;;
    ' get --kind') value='echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat' ;;
    ' get --server') value='' ;;
    ' get --context') value='@context' ;;
    ' get --output') value='table wide json yaml name' ;;
    ' get -o') value='table wide json yaml name' ;;
    ' get --timeout') value='' ;;
    ' describe --selector') value='' ;;
    ' describe -l') value='' ;;
    ' describe --field-selector') value='' ;;
    ' describe --server') value='' ;;
    ' describe --context') value='@context' ;;
    ' describe --output') value='table wide json yaml name' ;;
    ' describe -o') value='table wide json yaml name' ;;
    ' describe --timeout') value='' ;;
    ' create --server') value='' ;;
    ' create --context') value='@context' ;;
    ' create --output') value='table wide json yaml name' ;;
    ' create -o') value='table wide json yaml name' ;;
    ' create --timeout') value='' ;;
    ' create llm --type') value='openai ollama anthropic gemini openrouter demo' ;;
    ' create llm --model') value='' ;;
    ' create llm --url') value='' ;;
    ' create llm --key') value='' ;;
    ' create llm --tier') value='' ;;
    ' create llm --max-concurrency') value='' ;;
    ' create llm --max-queue') value='' ;;
    ' create llm --breaker-failures') value='' ;;
    ' create llm --breaker-open-for') value='' ;;
    ' create llm --server') value='' ;;
    ' create llm --context') value='@context' ;;
    ' create llm --output') value='table wide json yaml name' ;;
    ' create llm -o') value='table wide json yaml name' ;;
    ' create llm --timeout') value='' ;;
    ' create alias --model') value='' ;;
    ' create alias --llm') value='@llm' ;;
    ' create alias --policy') value='cost latency least-busy prefer-local round-robin' ;;
    ' create alias --fallback') value='@route' ;;
    ' create alias --on-unavailable') value='fail wait queue' ;;
    ' create alias --timeout') value='' ;;
    ' create alias --first-byte-timeout') value='' ;;
    ' create alias --cache-ttl') value='' ;;
    ' create alias --server') value='' ;;
    ' create alias --context') value='@context' ;;
    ' create alias --output') value='table wide json yaml name' ;;
    ' create alias -o') value='table wide json yaml name' ;;
    ' create price --input') value='' ;;
    ' create price --output') value='' ;;
    ' create price --cached-input') value='' ;;
    ' create price -o') value='table wide json yaml name' ;;
    ' create price --server') value='' ;;
    ' create price --context') value='@context' ;;
    ' create price --timeout') value='' ;;
    ' create secret --from-stdin') value='' ;;
    ' create secret --from-file') value='' ;;
    ' create secret --from-env') value='' ;;
    ' create secret --server') value='' ;;
    ' create secret --context') value='@context' ;;
    ' create secret --output') value='table wide json yaml name' ;;
    ' create secret -o') value='table wide json yaml name' ;;
    ' create secret --timeout') value='' ;;
    ' create token --role') value='admin user publisher worker' ;;
    ' create token --principal') value='' ;;
    ' create token --expires') value='' ;;
    ' create token --requests-per-minute') value='' ;;
    ' create token --tokens-per-minute') value='' ;;
    ' create token --max-concurrency') value='' ;;
    ' create token --budget') value='' ;;
    ' create token --budget-period') value='day week month total' ;;
    ' create token --server') value='' ;;
    ' create token --context') value='@context' ;;
    ' create token --output') value='table wide json yaml name' ;;
    ' create token -o') value='table wide json yaml name' ;;
    ' create token --timeout') value='' ;;
    ' create job --kind') value='echo llm.chat llm.embed ollama.embed ollama.generate openai.chat openrouter.chat' ;;
    ' create job --llm') value='@llm' ;;
    ' create job --prompt') value='' ;;
    ' create job --system') value='' ;;
    ' create job --payload') value='' ;;
    ' create job --priority') value='' ;;
    ' create job --max-attempts') value='' ;;
    ' create job --deadline') value='' ;;
    ' create job --run-at') value='' ;;
    ' create job --unique-key') value='' ;;
    ' create job --label') value='' ;;
    ' create job --idempotency-key') value='' ;;
    ' create job --timeout') value='' ;;
    ' create job --server') value='' ;;
    ' create job --context') value='@context' ;;
    ' create job --output') value='table wide json yaml name' ;;
    ' create job -o') value='table wide json yaml name' ;;
    ' apply --filename') value='@file' ;;
    ' apply -f') value='@file' ;;
    ' apply --dry-run') value='none client server' ;;
    ' apply --server') value='' ;;
    ' apply --context') value='@context' ;;
    ' apply --output') value='table wide json yaml name' ;;
    ' apply -o') value='table wide json yaml name' ;;
    ' apply --timeout') value='' ;;
    ' diff --filename') value='@file' ;;
    ' diff -f') value='@file' ;;
    ' diff --server') value='' ;;
    ' diff --context') value='@context' ;;
    ' diff --output') value='table wide json yaml name' ;;
    ' diff -o') value='table wide json yaml name' ;;
    ' diff --timeout') value='' ;;
    ' edit --server') value='' ;;
    ' edit --context') value='@context' ;;
    ' edit --output') value='table wide json yaml name' ;;
    ' edit -o') value='table wide json yaml name' ;;
    ' edit --timeout') value='' ;;
    ' delete --filename') value='@file' ;;
    ' delete -f') value='@file' ;;
    ' delete --selector') value='' ;;
    ' delete -l') value='' ;;
    ' delete --field-selector') value='' ;;
    ' delete --server') value='' ;;
    ' delete --context') value='@context' ;;
    ' delete --output') value='table wide json yaml name' ;;
    ' delete -o') value='table wide json yaml name' ;;
    ' delete --timeout') value='' ;;
    ' wait --for') value='' ;;
    ' wait --selector') value='' ;;
    ' wait -l') value='' ;;
    ' wait --field-selector') value='' ;;
    ' wait --timeout') value='' ;;
    ' wait --server') value='' ;;
    ' wait --context') value='@context' ;;
    ' wait --output') value='table wide json yaml name' ;;
    ' wait -o') value='table wide json yaml name' ;;
    ' logs --tail') value='' ;;
    ' logs --since') value='' ;;
    ' logs --server') value='' ;;
    ' logs --context') value='@context' ;;
    ' logs --output') value='table wide json yaml name' ;;
    ' logs -o') value='table wide json yaml name' ;;
    ' logs --timeout') value='' ;;
    ' set --server') value='' ;;
    ' set --context') value='@context' ;;
    ' set --output') value='table wide json yaml name' ;;
    ' set -o') value='table wide json yaml name' ;;
    ' set --timeout') value='' ;;
    ' set limits --requests-per-minute') value='' ;;
    ' set limits --tokens-per-minute') value='' ;;
    ' set limits --max-concurrency') value='' ;;
    ' set limits --budget') value='' ;;
    ' set limits --budget-period') value='day week month total' ;;
    ' set limits --server') value='' ;;
    ' set limits --context') value='@context' ;;
    ' set limits --output') value='table wide json yaml name' ;;
    ' set limits -o') value='table wide json yaml name' ;;
    ' set limits --timeout') value='' ;;
    ' explain --server') value='' ;;
    ' explain --context') value='@context' ;;
    ' explain --output') value='table wide json yaml name' ;;
    ' explain -o') value='table wide json yaml name' ;;
    ' explain --timeout') value='' ;;
    ' explain route --server') value='' ;;
    ' explain route --context') value='@context' ;;
    ' explain route --output') value='table wide json yaml name' ;;
    ' explain route -o') value='table wide json yaml name' ;;
    ' explain route --timeout') value='' ;;
    ' top --server') value='' ;;
    ' top --context') value='@context' ;;
    ' top --output') value='table wide json yaml name' ;;
    ' top -o') value='table wide json yaml name' ;;
    ' top --timeout') value='' ;;
    ' top llm --interval') value='' ;;
    ' top llm --server') value='' ;;
    ' top llm --context') value='@context' ;;
    ' top llm --output') value='table wide json yaml name' ;;
    ' top llm -o') value='table wide json yaml name' ;;
    ' top llm --timeout') value='' ;;
    ' console --server') value='' ;;
    ' console --context') value='@context' ;;
    ' console --output') value='table wide json yaml name' ;;
    ' console -o') value='table wide json yaml name' ;;
    ' console --timeout') value='' ;;
    ' jobs --server') value='' ;;
    ' jobs --context') value='@context' ;;
    ' jobs --output') value='table wide json yaml name' ;;
    ' jobs -o') value='table wide json yaml name' ;;
    ' jobs --timeout') value='' ;;
    ' jobs submit --filename') value='@file' ;;
    ' jobs submit -f') value='@file' ;;
    ' jobs submit --batch') value='' ;;
    ' jobs submit --idempotency-prefix') value='' ;;
    ' jobs submit --timeout') value='' ;;
    ' jobs submit --server') value='' ;;
    ' jobs submit --context') value='@context' ;;
    ' jobs submit --output') value='table wide json yaml name' ;;
    ' jobs submit -o') value='table wide json yaml name' ;;
    ' jobs watch --server') value='' ;;
    ' jobs watch --context') value='@context' ;;
    ' jobs watch --output') value='table wide json yaml name' ;;
    ' jobs watch -o') value='table wide json yaml name' ;;
    ' jobs watch --timeout') value='' ;;
    ' jobs wait --timeout') value='' ;;
    ' jobs wait --server') value='' ;;
    ' jobs wait --context') value='@context' ;;
    ' jobs wait --output') value='table wide json yaml name' ;;
    ' jobs wait -o') value='table wide json yaml name' ;;
    ' jobs logs --server') value='' ;;
    ' jobs logs --context') value='@context' ;;
    ' jobs logs --output') value='table wide json yaml name' ;;
    ' jobs logs -o') value='table wide json yaml name' ;;
    ' jobs logs --timeout') value='' ;;
    ' jobs cancel --server') value='' ;;
    ' jobs cancel --context') value='@context' ;;
    ' jobs cancel --output') value='table wide json yaml name' ;;
    ' jobs cancel -o') value='table wide json yaml name' ;;
    ' jobs cancel --timeout') value='' ;;
    ' jobs retry --server') value='' ;;
    ' jobs retry --context') value='@context' ;;
    ' jobs retry --output') value='table wide json yaml name' ;;
    ' jobs retry -o') value='table wide json yaml name' ;;
    ' jobs retry --timeout') value='' ;;
    ' jobs top --interval') value='' ;;
    ' jobs top --server') value='' ;;
    ' jobs top --context') value='@context' ;;
    ' jobs top --output') value='table wide json yaml name' ;;
    ' jobs top -o') value='table wide json yaml name' ;;
    ' jobs top --timeout') value='' ;;
    ' api-resources --server') value='' ;;
    ' api-resources --context') value='@context' ;;
    ' api-resources --output') value='table wide json yaml name' ;;
    ' api-resources -o') value='table wide json yaml name' ;;
    ' api-resources --timeout') value='' ;;
    ' chat-llm --message') value='' ;;
    ' chat-llm -m') value='' ;;
    ' chat-llm --system') value='' ;;
    ' chat-llm --temperature') value='' ;;
    ' chat-llm --max-tokens') value='' ;;
    ' chat-llm --server') value='' ;;
    ' chat-llm --context') value='@context' ;;
    ' chat-llm --output') value='table wide json yaml name' ;;
    ' chat-llm -o') value='table wide json yaml name' ;;
    ' chat-llm --timeout') value='' ;;
    ' worker --kinds') value='' ;;
    ' worker --exec') value='' ;;
    ' worker --name') value='' ;;
    ' worker --tag') value='' ;;
    ' worker --concurrency') value='' ;;
    ' worker --lease') value='' ;;
    ' worker --timeout') value='' ;;
    ' worker --grace') value='' ;;
    ' worker --server') value='' ;;
    ' worker --context') value='@context' ;;
    ' worker --output') value='table wide json yaml name' ;;
    ' worker -o') value='table wide json yaml name' ;;
    ' local --server') value='' ;;
    ' local --context') value='@context' ;;
    ' local --output') value='table wide json yaml name' ;;
    ' local -o') value='table wide json yaml name' ;;
    ' local --timeout') value='' ;;
    ' local status --server') value='' ;;
    ' local status --context') value='@context' ;;
    ' local status --output') value='table wide json yaml name' ;;
    ' local status -o') value='table wide json yaml name' ;;
    ' local status --timeout') value='' ;;
    ' local publish --server') value='' ;;
    ' local publish --context') value='@context' ;;
    ' local publish --output') value='table wide json yaml name' ;;
    ' local publish -o') value='table wide json yaml name' ;;
    ' local publish --timeout') value='' ;;
    ' local unpublish --server') value='' ;;
    ' local unpublish --context') value='@context' ;;
    ' local unpublish --output') value='table wide json yaml name' ;;
    ' local unpublish -o') value='table wide json yaml name' ;;
    ' local unpublish --timeout') value='' ;;
    ' local reload --server') value='' ;;
    ' local reload --context') value='@context' ;;
    ' local reload --output') value='table wide json yaml name' ;;
    ' local reload -o') value='table wide json yaml name' ;;
    ' local reload --timeout') value='' ;;
    ' local logs --tail') value='' ;;
    ' local logs --server') value='' ;;
    ' local logs --context') value='@context' ;;
    ' local logs --output') value='table wide json yaml name' ;;
    ' local logs -o') value='table wide json yaml name' ;;
    ' local logs --timeout') value='' ;;
    ' local install --server') value='' ;;
    ' local install --context') value='@context' ;;
    ' local install --output') value='table wide json yaml name' ;;
    ' local install -o') value='table wide json yaml name' ;;
    ' local install --timeout') value='' ;;
    ' local uninstall --server') value='' ;;
    ' local uninstall --context') value='@context' ;;
    ' local uninstall --output') value='table wide json yaml name' ;;
    ' local uninstall -o') value='table wide json yaml name' ;;
    ' local uninstall --timeout') value='' ;;
    ' local run --server') value='' ;;
    ' local run --context') value='@context' ;;
    ' local run --output') value='table wide json yaml name' ;;
    ' local run -o') value='table wide json yaml name' ;;
    ' local run --timeout') value='' ;;
    ' doctor --server') value='' ;;
    ' doctor --context') value='@context' ;;
    ' doctor --output') value='table wide json yaml name' ;;
    ' doctor -o') value='table wide json yaml name' ;;
    ' doctor --timeout') value='' ;;
    ' completions --server') value='' ;;
    ' completions --context') value='@context' ;;
    ' completions --output') value='table wide json yaml name' ;;
    ' completions -o') value='table wide json yaml name' ;;
    ' completions --timeout') value='' ;;
    ' man --dir') value='' ;;
    ' man --server') value='' ;;
    ' man --context') value='@context' ;;
    ' man --output') value='table wide json yaml name' ;;
    ' man -o') value='table wide json yaml name' ;;
    ' man --timeout') value='' ;;
    ' version --server') value='' ;;
    ' version --context') value='@context' ;;
    ' version --output') value='table wide json yaml name' ;;
    ' version -o') value='table wide json yaml name' ;;
    ' version --timeout') value='' ;;
    ' help --server') value='' ;;
    ' help --context') value='@context' ;;
    ' help --output') value='table wide json yaml name' ;;
    ' help -o') value='table wide json yaml name' ;;
    ' help --timeout') value='' ;;
    *) return 1 ;;
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
