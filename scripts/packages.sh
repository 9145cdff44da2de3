# shellcheck shell=bash
# The Debian packages that are needed, each with a file or command that shows it is there, so
# that the same things installed another way do as well.

readonly PACKAGES_BUILD=(
    gcc:cc
    libc6-dev:/usr/include/stdio.h
    libxml2-dev:/usr/include/libxml2/libxml/parser.h
    make:make
    autoconf:autoreconf
    automake:automake
    pkg-config:pkg-config
    libcurl4-openssl-dev:curl/curl.h
    libfcgi-dev:fcgiapp.h
    libgumbo-dev:gumbo.h
    libjson-c-dev:json-c/json.h
    libpq-dev:postgresql/libpq-fe.h
    libidn2-dev:idn2.h
    libsodium-dev:sodium.h
    libstemmer-dev:libstemmer.h
    libutf8proc-dev:utf8proc.h
    libuv1-dev:uv.h
    libwebsockets-dev:libwebsockets.h
    uuid-dev:uuid/uuid.h
    zlib1g-dev:zlib.h
    nodejs:node
    npm:npm
)

readonly PACKAGES_RUN=(
    nginx-light:nginx
    postgresql-15:/usr/lib/postgresql/*/bin/initdb
    postgresql-client-15:psql
    curl:curl
    poppler-utils:pdftotext
    jq:jq
)

readonly PACKAGES_DEMO=(
    postgresql-doc-15:/usr/share/doc/postgresql-doc-15/html/index.html
)

readonly PACKAGES_TEST=(
    libcmocka-dev:cmocka.h
    clang-format-14:clang-format-14
    clang-14:clang-14
    libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a
    shellcheck:shellcheck
    git:git
    xz-utils:xz
    openssl:openssl
    python3-pytest:/usr/lib/python3/dist-packages/pytest/__init__.py
    python3-pytest-xdist:/usr/lib/python3/dist-packages/xdist/__init__.py
    python3-jsonschema:/usr/lib/python3/dist-packages/jsonschema/__init__.py
    python3-requests:/usr/lib/python3/dist-packages/requests/__init__.py
    python3-websocket:/usr/lib/python3/dist-packages/websocket/__init__.py
    chromium:chromium
    python3-venv:/usr/lib/python3*/ensurepip/__init__.py
)

# provided PROBE: a path or pattern, a header, or a command
provided()
{
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *.h) compgen -G "/usr/include/$1" >/dev/null || compgen -G "/usr/include/*-linux-gnu/$1" >/dev/null ||
        [[ -e /usr/local/include/$1 ]] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# missing_packages PACKAGE:PROBE...
missing_packages()
{
    local row

    for row; do
        provided "${row#*:}" || printf '%s\n' "${row%%:*}"
    done
}

# install_packages PACKAGE:PROBE...
install_packages()
{
    local missing as_root=()

    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || { note "all there"; return; }
    command -v apt-get >/dev/null ||
        fail "these are missing, and there is no apt-get to install them: ${missing[*]}" \
            "install what these Debian packages hold, then run this again"
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "these packages are missing: ${missing[*]}" \
                "as root: apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
        sudo -n true 2>/dev/null || { printf '\nto install %s:\n' "${missing[*]}"; sudo -v; }
    fi
    run "see what apt says above; without network, install by hand: ${missing[*]}" \
        "${as_root[@]}" "$TOP/scripts/install-packages" "${missing[@]}"
    note "installed ${missing[*]}"
}
