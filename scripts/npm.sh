# shellcheck shell=bash
# What checks and drives the web client, from npm, in the cache: as nginx/package-lock.json says.

# npm_tools: `tools` is its node_modules; false when it cannot be installed
npm_tools()
{
    local cache folder made

    cache=${OFFSTAGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/offstage}
    folder=$cache/client-$(cat "$TOP/nginx/package.json" "$TOP/nginx/package-lock.json" | sha256sum | cut -c1-16)
    tools=$folder/node_modules
    [[ ! -d $tools ]] || return 0
    mkdir -p "$cache"
    made=$(mktemp -d "$cache/.client-XXXXXX")
    cp "$TOP/nginx/package.json" "$TOP/nginx/package-lock.json" "$made"
    if npm ci --prefix "$made" --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
        chmod 755 "$made"
        mv -T "$made" "$folder" 2>/dev/null || rm -rf -- "$made"
        return 0
    fi
    rm -rf -- "$made"
    return 1
}
