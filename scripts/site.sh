# shellcheck shell=bash
# The website that the demo reads: PostgreSQL's manual, out of a Debian package, served by the
# instance's own nginx. It has the port of the instance, on a loopback address of its own, so
# that leave to crawl it is no leave to crawl the instance.

readonly SITE_FILES=usr/share/doc/postgresql-doc-15/html
readonly SITE_ADDRESS=127.0.0.2

find_site()
{
    local folder

    for folder in "/$SITE_FILES" "$VAR/site/$SITE_FILES"; do
        [[ -r $folder/index.html ]] || continue
        SITE_FOLDER=$folder
        return
    done
    return 1
}

unpack_site()
{
    rm -rf -- "$VAR/site"
    mkdir -p "$VAR/site"
    (cd "$VAR/site" && apt-get -q download postgresql-doc-15 && dpkg-deb -x postgresql-doc-15_*.deb . &&
        rm -f -- *.deb) && find_site
}

# Container images often leave documentation out of what is installed, and not everybody may
# install: then the package is unpacked in the instance's folder.
install_site()
{
    find_site && return
    if ((EUID == 0)) || command -v sudo >/dev/null; then
        install_packages "${PACKAGES_DEMO[@]}"
    fi
    find_site || run "install postgresql-doc-15, or leave the demo out: --no-demo" unpack_site
    find_site
}

# The setting by which URLs that users give may lead there.
allow_site()
{
    [[ -z $SITE_FOLDER ]] || printf 'export OFFSTAGE_ALLOW_PRIVATE=%q\n' \
        "${OFFSTAGE_ALLOW_PRIVATE:+$OFFSTAGE_ALLOW_PRIVATE,}$SITE_ADDRESS:$PORT"
}

write_site()
{
    [[ -z $SITE_FOLDER ]] || cat <<END
server {
    listen $SITE_ADDRESS:$PORT;
    root $SITE_FOLDER;
    charset utf-8;
    access_log off;
}
END
}
