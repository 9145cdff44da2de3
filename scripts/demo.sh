# shellcheck shell=bash
# Has an agent read a website, asks it something, cuts the connection in mid-answer, comes back to
# the whole of it, and asks on.

readonly QUESTIONS=(
    'Why should I run ANALYZE?'
    'What does EXPLAIN show?'
    'How do I create a partial index?'
)
readonly CUT_AFTER=60 # characters of the answer
readonly BAR=40       # characters of a whole progress bar

# Programs refuse URLs set by users that lead into private networks; the operator's own model
# server is an exception that the operator makes.
allow_model()
{
    [[ -n ${OFFSTAGE_MODEL_URL-} ]] || return 0
    [[ $OFFSTAGE_MODEL_URL =~ ^(https?)://([^/@:]+|\[[0-9A-Fa-f:.]+\])(:([0-9]+))?(/|$) ]] ||
        fail "OFFSTAGE_MODEL_URL is not a URL: $OFFSTAGE_MODEL_URL" "it looks like http://127.0.0.1:8000/v1"
    local port=${BASH_REMATCH[4]:-80} host=${BASH_REMATCH[2]}
    [[ -n ${BASH_REMATCH[4]} || ${BASH_REMATCH[1]} == http ]] || port=443
    export OFFSTAGE_ALLOW_PRIVATE=${OFFSTAGE_ALLOW_PRIVATE:+$OFFSTAGE_ALLOW_PRIVATE,}$host:$port
}

# ask METHOD PATH [JSON]: show the call and how long it took, keep the answer in $answer
ask()
{
    local took status=0

    answer=$(request "$1" "$2" "${3-}" -w '\n%{http_code} in %{time_total} s') || status=$?
    took=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    say "  $1 $2 -> $took"
    ((status == 0)) || fail "it was refused: $(jq -r '.detail // .' <<<"$answer" 2>/dev/null)" "see ./dev logs"
}

# The agent of an earlier run, if it was made from the same things.
find_agent()
{
    ask GET '/api/agents?limit=100'
    agent=$(jq -r --arg n "$1" --arg d "$2" \
        'first(.data[] | select(.name == $n and .description == $d) | .id) // empty' <<<"$answer")
    [[ -n $agent ]]
}

# The agent's knowledge: the site, crawled anew or, on a later run, looked at for what changed.
crawl_site()
{
    local source

    ask GET "/api/agents/$agent/sources"
    source=$(jq -r --arg u "$SITE_URL" 'first(.data[] | select(.url == $u) | .id) // empty' <<<"$answer")
    if [[ -n $source ]]; then
        ask POST "/api/sources/$source/crawl" '{}'
    else
        ask POST "/api/agents/$agent/sources" \
            "$(jq -n --arg u "$SITE_URL" '{type: "url", url: $u, max_pages: 2000, use_sitemap: false}')"
        source=$(jq -r .id <<<"$answer")
    fi
    say "  GET /api/crawl/$source/stream"
    watch_crawl "$source"
    answer=$(request GET "/api/crawl/$source") || fail "the crawl cannot be read" "see ./dev logs"
    [[ $(jq -r .status <<<"$answer") == completed ]] ||
        fail "the crawl ended as $(jq -r '.status + ": " + (.error // "no reason")' <<<"$answer")" "see ./dev logs worker"
    say "  $(jq -r '.pages | "\(.fetched) fetched, \(.indexed) indexed, \(.unchanged) as before, \(.skipped) skipped, \(.failed) failed"' <<<"$answer")"
}

# The progress bar: on a terminal it grows, elsewhere it is a line for every tenth.
watch_crawl()
{
    local percent message shown=-10 bar

    while IFS=$'\t' read -r percent message; do
        printf -v bar '%*s' "$((percent * BAR / 100))" ''
        printf -v bar '[%-*s] %3d %%  %s' "$BAR" "${bar// /#}" "$percent" "$message"
        if [[ -t 1 ]]; then
            printf '\r  %s\e[K' "$bar"
        elif ((percent / 10 > shown / 10)); then
            say "  $bar"
            shown=$percent
        fi
    done < <(request GET "/api/crawl/$1/stream" '' -N -m 600 2>>"$LOG" | sed -un 's/^data: *//p' |
        jq --unbuffered -r '[.progress, .message] | @tsv')
    [[ ! -t 1 ]] || printf '\n'
}

make_agent()
{
    local name='PostgreSQL manual, extractive'

    find_agent "$name" "$SITE_URL" && return
    ask POST /api/agents "$(jq -n --arg n "$name" --arg d "$SITE_URL" '{name: $n, description: $d, kind: "extractive"}')"
    agent=$(jq -r .id <<<"$answer")
}

make_model_agent()
{
    local name="PostgreSQL manual, $OFFSTAGE_MODEL" key=${OFFSTAGE_MODEL_KEY-} was
    [[ -z ${OFFSTAGE_MODEL_KEY_FILE-} ]] || key=$(<"$OFFSTAGE_MODEL_KEY_FILE")

    find_agent "$name" "$SITE_URL" && was=$agent || was=
    body=$(jq -n --arg n "$name" --arg d "$SITE_URL" --arg u "$OFFSTAGE_MODEL_URL" --arg m "$OFFSTAGE_MODEL" --arg k "$key" \
        '{name: $n, description: $d, endpoint_url: $u, model: $m} + if $k == "" then {} else {credential: $k} end')
    if [[ -n $was ]]; then
        ask PATCH "/api/agents/$was" "$body"
    else
        ask POST /api/agents "$(jq '.kind = "chat_completions"' <<<"$body")"
        agent=$(jq -r .id <<<"$answer")
    fi
}

# watch PATH CHARACTERS: show the answer's text as it comes, and hang up after so many
# characters (0: stay to the end). Goes on after event $last; keeps the text of the message in
# $text and the last event's type in $ended.
watch()
{
    local path=$1 most=$2 from=() shown=0 number type delta curl
    local fifo=$RUN/demo

    [[ -z $last ]] || from=(-H "Last-Event-ID: $last")
    rm -f "$fifo"
    mkfifo -m 600 "$fifo"
    request GET "$path" '' -N -m 300 "${from[@]}" >"$fifo" 2>>"$LOG" &
    curl=$!
    while IFS=$'\t' read -r number type delta; do
        last=$number
        ended=$type
        case $type in
        response.output_item.added) text= ;;
        response.output_text.delta)
            printf -v delta '%b' "$delta"
            text+=$delta
            printf '%s' "$delta"
            shown=$((shown + ${#delta}))
            ((most == 0 || shown < most)) || { kill "$curl" 2>/dev/null || :; break; } ;;
        response.completed | response.failed | response.incomplete) break ;;
        esac
    done < <(sed -un 's/^data: *//p' <"$fifo" |
        jq --unbuffered -r '[.sequence_number, .type, .delta // ""] | @tsv')
    wait "$curl" 2>/dev/null || :
    rm -f "$fifo"
    printf '\n'
}

# show_text TEXT: as what an agent said
show_text()
{
    fold -s -w 96 <<<"$1" | sed 's/^/  | /'
}

# show_sources JSON: what an answer is taken from
show_sources()
{
    jq -r '.[] | "  [\(.n)] \([.heading, .title] | map(select(. != null and . != "")) | first // "")",
        "      \(.url)\(if (.anchor // "") == "" then "" else "#" + .anchor end)"' <<<"$1"
}

# Ask, be cut off, come back, and compare with what is stored.
ask_and_leave()
{
    local question=$1 last='' text='' ended='' request stored

    ask POST /api/invoke_endpoint \
        "$(jq -n --arg a "$agent" --arg m "$question" '{agent_id: $a, message: $m}')"
    request=$(jq -r .request_id <<<"$answer")
    say "  accepted as request $request"

    say
    say "4. Watch it answer: GET /api/requests/$request/stream"
    watch "/api/requests/$request/stream" "$CUT_AFTER"
    if [[ $ended == response.output_text.delta ]]; then
        say "  -- connection cut after event $last --"
        say
        say "5. Come back: the same, with Last-Event-ID: $last"
        watch "/api/requests/$request/stream" 0
    fi

    say
    say "6. The whole answer, as it is stored: GET /api/requests/$request"
    answer=$(request GET "/api/requests/$request?wait=25") || fail "the request cannot be read" "see ./dev logs"
    [[ $(jq -r .status <<<"$answer") == completed ]] ||
        fail "the request ended as $(jq -r '.status + ": " + ((.error.message? // .error // "no reason") | tostring)' <<<"$answer")" \
            "see ./dev logs worker"
    # A dot keeps line ends at the end of the text.
    stored=$(jq -j '.final_response + "."' <<<"$answer")
    [[ $stored == "$text." ]] || fail "what was streamed differs from what is stored" "please report this"
    show_text "$text"
    show_sources "$(jq .sources <<<"$answer")"
    say "  ${#text} characters, the same that were streamed."
}

# Ask and wait for the answer, in a conversation that the agent remembers.
ask_and_wait()
{
    local body

    say "  $1"
    body=$(jq -n --arg m "$1" --arg s "demo-$$" '{message: $m, session_id: $s}')
    ask POST "/api/agents/$agent/chat" "$body"
    while [[ $(jq -r .status <<<"$answer") == processing ]]; do
        ask POST "/api/agents/$agent/chat" "$(jq --arg s "demo-$$" '{request_id, session_id: $s}' <<<"$answer")"
    done
    [[ $(jq -r .status <<<"$answer") == completed ]] ||
        fail "the request ended as $(jq -r '.status' <<<"$answer")" "see ./dev logs worker"
    show_text "$(jq -r .response <<<"$answer")"
    show_sources "$(jq .sources <<<"$answer")"
}

show_demo()
{
    local answer agent body SITE_URL=http://$SITE_ADDRESS:${URL##*:}/

    say "Demo: an agent reads a website; ask it, leave, come back to the whole answer"
    say
    if [[ -n ${OFFSTAGE_MODEL_URL-} ]]; then
        [[ -n ${OFFSTAGE_MODEL-} ]] || fail "OFFSTAGE_MODEL is not set" "name a model of $OFFSTAGE_MODEL_URL"
        say "1. An agent that asks $OFFSTAGE_MODEL at $OFFSTAGE_MODEL_URL"
        make_model_agent
    else
        say "1. The built-in extractive agent (no model is set)"
        make_agent
    fi

    say
    say "2. It reads PostgreSQL's manual at $SITE_URL"
    crawl_site

    say
    say "3. Ask it: ${QUESTIONS[0]}"
    ask_and_leave "${QUESTIONS[0]}"

    say
    say "7. Ask on, and wait for the answers"
    ask_and_wait "${QUESTIONS[1]}"
    say
    ask_and_wait "${QUESTIONS[2]}"
}
