# shellcheck shell=bash
# Asks an agent something, cuts the connection in mid-answer, comes back to the whole of it.

readonly QUESTION_README='What happens to an answer when the connection is cut?'
readonly QUESTION_MODEL='Explain in about five sentences why the sky is blue.'
readonly CUT_AFTER=60 # characters of the answer

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

make_readme_agent()
{
    local name='README.md, extractive' sum job
    sum=$(cksum <"$TOP/README.md")

    find_agent "$name" "${sum% *}" && return
    ask POST /api/agents "$(jq -n --arg n "$name" --arg d "${sum% *}" '{name: $n, description: $d, kind: "extractive"}')"
    agent=$(jq -r .id <<<"$answer")
    ask POST "/api/agents/$agent/sources" \
        "$(jq -Rs '{type: "text", title: "README.md", content: .}' <"$TOP/README.md")"
    job=$(jq -r .job_id <<<"$answer")
    wait_until 30 job_is_done "$job" || fail "README.md was not indexed" "see ./dev logs worker"
}

job_is_done()
{
    local state

    state=$(request GET "/api/jobs/$1" | jq -r .state)
    [[ $state != discarded && $state != cancelled ]] || fail "the job ended as $state" "see ./dev logs worker"
    [[ $state == completed ]]
}

make_model_agent()
{
    local name="$OFFSTAGE_MODEL, demo" key=${OFFSTAGE_MODEL_KEY-} was
    [[ -z ${OFFSTAGE_MODEL_KEY_FILE-} ]] || key=$(<"$OFFSTAGE_MODEL_KEY_FILE")

    find_agent "$name" "$OFFSTAGE_MODEL_URL" && was=$agent || was=
    body=$(jq -n --arg n "$name" --arg u "$OFFSTAGE_MODEL_URL" --arg m "$OFFSTAGE_MODEL" --arg k "$key" \
        '{name: $n, description: $u, endpoint_url: $u, model: $m} + if $k == "" then {} else {credential: $k} end')
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

show_demo()
{
    local answer agent body request question=$QUESTION_README last='' text='' ended=''

    say "Demo: ask, leave, come back to the whole answer"
    say
    if [[ -n ${OFFSTAGE_MODEL_URL-} ]]; then
        [[ -n ${OFFSTAGE_MODEL-} ]] || fail "OFFSTAGE_MODEL is not set" "name a model of $OFFSTAGE_MODEL_URL"
        question=$QUESTION_MODEL
        say "1. An agent that asks $OFFSTAGE_MODEL at $OFFSTAGE_MODEL_URL"
        make_model_agent
    else
        say "1. The built-in extractive agent, over README.md (no model is set)"
        make_readme_agent
    fi

    say
    say "2. Ask it: $question"
    ask POST /api/invoke_endpoint \
        "$(jq -n --arg a "$agent" --arg m "$question" '{agent_id: $a, message: $m}')"
    request=$(jq -r .request_id <<<"$answer")
    say "  accepted as request $request"

    say
    say "3. Watch it answer: GET /api/requests/$request/stream"
    watch "/api/requests/$request/stream" "$CUT_AFTER"
    if [[ $ended == response.output_text.delta ]]; then
        say "  -- connection cut after event $last --"
        say
        say "4. Come back: the same, with Last-Event-ID: $last"
        watch "/api/requests/$request/stream" 0
    fi

    say
    say "5. The whole answer, as it is stored: GET /api/requests/$request"
    answer=$(request GET "/api/requests/$request?wait=25") || fail "the request cannot be read" "see ./dev logs"
    [[ $(jq -r .status <<<"$answer") == completed ]] ||
        fail "the request ended as $(jq -r '.status + ": " + ((.error.message? // .error // "no reason") | tostring)' <<<"$answer")" \
            "see ./dev logs worker"
    jq -r .final_response <<<"$answer" | fold -s -w 96 | sed 's/^/  | /'
    # A dot keeps line ends at the end of the text.
    [[ $(jq -j '.final_response + "."' <<<"$answer") == "$text." ]] ||
        fail "what was streamed differs from what is stored" "please report this"
    say "  ${#text} characters, the same that were streamed."
}
